"""What `docker-compose.yaml` promises.

No container engine is needed: the file is checked against the Compose specification's own JSON schema (the copy that
the `check-jsonschema` package carries), and each promise is read from it. That the container starts is not tested here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

COMPOSE = Path(__file__).parents[1] / "docker-compose.yaml"


def check_against_schema(file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, text=True, capture_output=True)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def server(compose: dict[str, Any]) -> dict[str, Any]:
    service: dict[str, Any] = compose["services"]["postgres"]
    return service


def test_it_follows_the_compose_specification() -> None:
    result = check_against_schema(COMPOSE)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_schema_would_notice_a_wrong_key(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yaml"
    wrong.write_text(COMPOSE.read_text(encoding="utf-8").replace("    image:", "    picture:"), encoding="utf-8")
    result = check_against_schema(wrong)
    assert result.returncode == 1
    assert "picture" in result.stdout + result.stderr


def test_it_runs_postgresql_18(server: dict[str, Any]) -> None:
    assert server["image"] == "postgres:18"


def test_it_is_published_on_port_5531_of_this_machine_only(server: dict[str, Any]) -> None:
    assert server["ports"] == ["127.0.0.1:5531:5432"]
    assert "network_mode" not in server


@pytest.mark.parametrize("variable", ["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"])
def test_user_password_and_database_are_hostman_unless_the_environment_says_otherwise(
    server: dict[str, Any], variable: str
) -> None:
    assert server["environment"][variable] == f"${{{variable}:-hostman}}"


def test_the_data_is_in_a_named_volume_where_the_image_of_version_18_keeps_it(
    compose: dict[str, Any], server: dict[str, Any]
) -> None:
    (mount,) = server["volumes"]
    name, target = mount.split(":")
    assert target == "/var/lib/postgresql"
    assert name in compose["volumes"]
    assert "PGDATA" not in server["environment"]


def test_it_does_not_run_as_root(server: dict[str, Any]) -> None:
    assert server["user"] == "postgres"
    assert "no-new-privileges:true" in server["security_opt"]
    assert not server.get("privileged")


def test_its_health_is_asked_of_the_server_itself_and_as_the_user_it_was_given(server: dict[str, Any]) -> None:
    kind, command = server["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    assert command.startswith("pg_isready ")
    assert "--host 127.0.0.1" in command
    # `$$` reaches the container's shell as `$`; a single one would be filled in on the outside
    assert set(re.findall(r"\$+\w+", command)) == {"$$POSTGRES_USER", "$$POSTGRES_DB"}


def test_the_readme_shows_the_very_address_and_account() -> None:
    readme = (COMPOSE.parent / "README.md").read_text(encoding="utf-8")
    assert "postgresql://hostman:hostman@127.0.0.1:5531/hostman" in readme
