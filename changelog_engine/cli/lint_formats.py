"""Findings of `changelog lint` for programs: JSON, SARIF 2.1.0, and the annotations of GitHub's workflows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from changelog_engine import __version__
from changelog_engine.changelog.lint_rules import RULES, Severity
from changelog_engine.cli.json_output import dump
from changelog_engine.findings import LintFinding, LintResult

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render_findings(result: LintResult, form: str, root: Path) -> str:
    """The findings as ``json``, ``sarif`` or ``github``; ``root`` is the folder that their files are relative to."""
    return _FORMS[form](result, root)


def _json(result: LintResult, _root: Path) -> str:
    return dump(
        {
            "findings": [_finding(finding) for finding in result.findings],
            "changesets": result.changesets,
            "ignored": result.ignored,
            "notes": list(result.notes),
        }
    )


def _finding(finding: LintFinding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "changeset": finding.changeset,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "remedy": finding.remedy,
    }


def _file(finding: LintFinding, root: Path) -> str:
    """The file as seen from here, which is the top of the repository where a workflow runs; with ``/``."""
    path = root / finding.file
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:
        # Another drive of Windows.
        return path.as_posix()


# ------------------------------------------------------------------------------------------------------- SARIF


def _sarif(result: LintResult, root: Path) -> str:
    places = {name: index for index, name in enumerate(RULES)}
    driver = {
        "name": "changelog",
        "version": __version__,
        "rules": [
            {
                "id": name,
                "shortDescription": {"text": rule.meaning},
                "help": {"text": f"Remedy: {rule.remedy}"},
                "defaultConfiguration": {"level": rule.severity.value},
            }
            for name, rule in RULES.items()
        ],
    }
    results = [_sarif_result(finding, places[finding.rule], root) for finding in result.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return dump({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _sarif_result(finding: LintFinding, index: int, root: Path) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity.value,
        "message": {"text": f"{finding.message}\nRemedy: {finding.remedy}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(_file(finding, root))},
                    "region": {"startLine": finding.line, "startColumn": finding.column},
                },
                "logicalLocations": [{"name": finding.changeset, "kind": "member"}],
            }
        ],
    }


# ------------------------------------------------------------------------------------------------------ GitHub


def _github(result: LintResult, root: Path) -> str:
    return "\n".join(_annotation(finding, root) for finding in result.findings)


def _annotation(finding: LintFinding, root: Path) -> str:
    properties = {
        "file": _file(finding, root),
        "line": str(finding.line),
        "col": str(finding.column),
        "title": f"changelog lint: {finding.rule}",
    }
    joined = ",".join(f"{name}={_escaped(value, _IN_PROPERTY)}" for name, value in properties.items())
    message = _escaped(f"{finding.message}\nremedy: {finding.remedy}", _IN_MESSAGE)
    return f"::{_COMMANDS[finding.severity]} {joined}::{message}"


_IN_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = _IN_MESSAGE | {":": "%3A", ",": "%2C"}


def _escaped(text: str, signs: Mapping[str, str]) -> str:
    return "".join(signs.get(sign, sign) for sign in text)


_FORMS: Mapping[str, Callable[[LintResult, Path], str]] = {"json": _json, "sarif": _sarif, "github": _github}
