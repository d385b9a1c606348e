from __future__ import annotations

import pytest

from changelog_engine.changelog.parameters import Values, resolve_parameters
from changelog_engine.errors import ConfigurationError, UsageError
from changelog_engine.model import Location, Parameter

HERE = Location("main.yaml", 1, 1)
REGION = Parameter("region", HERE, default="default", env="REGION", contexts={"prod": "context", "eu": "other"})
PASSWORD = Parameter("password", HERE, env="PASSWORD", secret=True)
DECLARED = {"region": REGION, "password": PASSWORD}


def resolve(
    given: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
    configured: dict[str, str] | None = None,
    contexts: tuple[str, ...] = (),
) -> Values:
    return resolve_parameters(DECLARED, given or {}, environ or {}, configured or {}, contexts)


def test_the_strongest_source_wins() -> None:
    given, environ, configured = {"region": "given"}, {"REGION": "env"}, {"region": "configured"}
    assert resolve(given, environ, configured, ("prod",)).get("region") == "given"
    assert resolve({}, environ, configured, ("prod",)).get("region") == "env"
    assert resolve({}, {}, configured, ("PROD",)).get("region") == "context"
    assert resolve({}, {}, configured).get("region") == "configured"
    assert resolve().get("region") == "default"


def test_an_empty_value_is_a_value() -> None:
    assert resolve({}, {"REGION": ""}).get("region") == ""


def test_a_parameter_without_a_value_is_left_out() -> None:
    assert resolve().get("password") is None
    assert resolve().secrets == {}


def test_undeclared_parameters_are_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        resolve({"regoin": "x"})
    assert caught.value.hint == "did you mean `region`?"
    with pytest.raises(ConfigurationError):
        resolve({}, {}, {"regoin": "x"})


def test_two_contexts_that_disagree_are_refused_unless_a_stronger_source_decides() -> None:
    with pytest.raises(UsageError, match="`prod` and `eu`"):
        resolve(contexts=("prod", "eu"))
    assert resolve({"region": "x"}, contexts=("prod", "eu")).get("region") == "x"


def test_the_digest_tells_values_apart_and_says_nothing_of_secrets() -> None:
    plain, secret = resolve({"region": "a"}), resolve({"region": "a"}, {"PASSWORD": "x"})
    assert plain.digest != resolve({"region": "b"}).digest
    assert plain.digest != secret.digest
    assert secret.digest == resolve({"region": "a"}, {"PASSWORD": "y"}).digest


def test_no_value_shows_in_a_representation() -> None:
    assert "hunter2" not in repr(resolve({}, {"PASSWORD": "hunter2"}))
