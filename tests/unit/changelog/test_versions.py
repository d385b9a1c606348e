from __future__ import annotations

import pytest

from changelog_engine.changelog.versions import VersionError, is_met


@pytest.mark.parametrize(
    ("requirement", "version", "met"),
    [
        (">=0.1", "0.1.0", True),
        (">=0.1, <2", "2.0", False),
        ("<2", "1.99.3", True),
        ("==1.0", "1.0.0", True),
        ("!=1.0", "1.0", False),
        ("~=1.2", "1.9", True),
        ("~=1.2", "2.0", False),
        ("~=1.2.3", "1.3", False),
        ("0.1", "0.2.0", True),
        (">0.1", "0.1.0", False),
        (">=0.10", "0.9", False),
        (">=0.1", "0.1.0.dev3", True),
    ],
)
def test_a_requirement_is_met_or_not(requirement: str, version: str, met: bool) -> None:
    assert is_met(requirement, version) is met


@pytest.mark.parametrize("requirement", ["latest", ">=", ">=1,,<2", "^1.2", "1.x"])
def test_what_is_no_requirement_is_refused(requirement: str) -> None:
    with pytest.raises(VersionError):
        is_met(requirement, "1.0")
