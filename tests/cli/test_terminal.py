"""Colours and bars on a terminal and nowhere else; pipes that close and signals that come."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import SHOP
from tests.fixtures.processes import environment, start_changelog

SLOW = """
changesets:
  - id: first
    sql: CREATE TABLE first (id int)
    rollback: DROP TABLE first
  - id: slow
    depends_on: [first]
    sql: {sql}
    rollback: SELECT 1
    checks: [{name: by itself, sql: SELECT 1, expect: 1}]
  - id: last
    depends_on: [slow]
    sql: CREATE TABLE last (id int)
    rollback: DROP TABLE last
"""
SLEEP = "SELECT pg_sleep({seconds})"


def write(folder: Path, text: str) -> Path:
    (folder / "changelogs").mkdir(exist_ok=True)
    (folder / "changelogs/main.yaml").write_text(text)
    return folder


def on_a_terminal(folder: Path, *arguments: str, **extra: str) -> str:
    """What a command prints on a terminal, both streams."""
    env = {**environment(), "TERM": "xterm-256color", **extra}
    if "NO_COLOR" not in extra:
        env.pop("NO_COLOR", None)
    main, other = pty.openpty()
    command = [sys.executable, "-m", "changelog_engine", *arguments]
    process = subprocess.Popen(command, cwd=folder, env=env, stdin=other, stdout=other, stderr=other)
    os.close(other)
    written = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(main)
    process.wait()
    return written.decode()


class TestColor:
    def test_a_terminal_gets_colours_and_aligned_columns(self, tmp_path: Path) -> None:
        out = on_a_terminal(write(tmp_path, SHOP), "status", "--no-context", COLUMNS="120")
        assert "\x1b[33mpending" in out
        assert "create-customers" in out

    @pytest.mark.parametrize(
        ("arguments", "extra"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})]
    )
    def test_that_can_be_turned_off(self, tmp_path: Path, arguments: list[str], extra: dict[str, str]) -> None:
        write(tmp_path, SHOP)
        assert "\x1b[3" not in on_a_terminal(tmp_path, "status", "--no-context", *arguments, **extra)
        assert "\x1b[3" not in on_a_terminal(tmp_path, "rollback", *arguments, **extra)

    def test_json_on_a_terminal_has_none(self, tmp_path: Path) -> None:
        out = on_a_terminal(write(tmp_path, SHOP), "update", "--no-context", "--format", "json")
        assert json.loads(out)["applied"] == ["create-customers", "create-orders"]

    def test_a_narrow_terminal_loses_nothing(self, tmp_path: Path) -> None:
        out = on_a_terminal(write(tmp_path, SHOP), "status", "--no-context", NO_COLOR="1", COLUMNS="40")
        assert "create-customers" in out


class TestBar:
    def test_appears_on_a_terminal_where_a_run_takes_over_a_second(self, tmp_path: Path, postgresql_url: str) -> None:
        write(tmp_path, SLOW.replace("{sql}", SLEEP.format(seconds=2.5)))
        out = on_a_terminal(tmp_path, "update", "--url", postgresql_url, COLUMNS="100")
        assert "apply slow" in out
        assert "1/3" in out
        assert "3 changesets applied" in out

    def test_does_not_for_a_short_run_nor_with_quiet(self, tmp_path: Path, postgresql_url: str) -> None:
        write(tmp_path, SLOW.replace("{sql}", "SELECT 1"))
        assert "1/3" not in on_a_terminal(tmp_path, "update", "--url", postgresql_url)
        write(tmp_path, SLOW.replace("{sql}", f"{SLEEP.format(seconds=1.5)}\n    run: on_change"))
        assert on_a_terminal(tmp_path, "redo", "slow", "--cascade", "--quiet", "--url", postgresql_url) == ""


class TestPipes:
    def test_a_reader_that_went_away_ends_no_run(self, tmp_path: Path) -> None:
        write(tmp_path, SHOP)
        process = start_changelog("update", "--no-context", cwd=tmp_path)
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait() == 0
        assert errors == ""
        process.stderr.close()
        states = json.loads(start_changelog("status", "--no-context", "--format=json", cwd=tmp_path).communicate()[0])
        assert states["counts"]["applied"] == 2

    def test_an_encoding_without_our_characters_is_no_error(self, tmp_path: Path) -> None:
        write(tmp_path, SHOP.replace("author: mira", "author: mira\n    description: Kundinnen für Übersee"))
        env = {"PYTHONIOENCODING": "ascii"}
        for arguments in (
            ["status", "--no-context"],
            ["graph"],
            ["schema"],
            ["plan", "--no-context", "--format", "json"],
        ):
            process = start_changelog(*arguments, cwd=tmp_path, env=env)
            out, err = process.communicate()
            assert process.returncode == 0, err
            assert out.isascii()


class TestSignals:
    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_the_step_in_hand_is_ended_and_what_was_done_stays(
        self, tmp_path: Path, postgresql_url: str, number: signal.Signals, code: int
    ) -> None:
        write(tmp_path, SLOW.replace("{sql}", SLEEP.format(seconds=2)))
        process = start_changelog("update", "--url", postgresql_url, cwd=tmp_path)
        self.wait_for("applied first", process)
        process.send_signal(number)
        out, err = process.communicate()
        assert process.returncode == code, err
        assert "stopping after what is in hand" in err
        assert "error: interrupted" in err
        assert "`first`" in err
        assert "hint: " in err
        assert "applied last" not in out

    def test_a_second_one_cancels_the_step(self, tmp_path: Path, postgresql_url: str) -> None:
        write(tmp_path, SLOW.replace("{sql}", SLEEP.format(seconds=60)))
        process = start_changelog("update", "--url", postgresql_url, cwd=tmp_path)
        self.wait_for("applied first", process)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        assert process.returncode == 130, err
        assert time.monotonic() - began < 30
        assert "cancelling what is in hand" in err

    def test_as_json_it_is_the_object_as_far_as_it_came(self, tmp_path: Path, postgresql_url: str) -> None:
        write(tmp_path, SLOW.replace("{sql}", SLEEP.format(seconds=3)))
        process = start_changelog("update", "--format=json", "--url", postgresql_url, cwd=tmp_path)
        time.sleep(2.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        assert process.returncode == 130, err
        value = json.loads(out)
        assert value["error"]["code"] == "interrupted"
        assert "last" not in value["applied"]

    @staticmethod
    def wait_for(line: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for found in process.stdout:
            if line in found:
                # The next step is under way, not only about to be.
                time.sleep(0.7)
                return
        pytest.fail(f"it ended without `{line}`: {process.communicate()[1]}")
