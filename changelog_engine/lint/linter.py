"""All the rules over a changelog: the findings that it does not switch off, in the order of their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from changelog_engine.changelog.lint_rules import RULES
from changelog_engine.findings import LintFinding, LintResult
from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.lint.losses import drop_without_backup, lossy_update_without_backup
from changelog_engine.lint.opaque import opaque_sql
from changelog_engine.lint.order import conflict, contradicted_dependency, redundant_dependency, undeclared_dependency
from changelog_engine.lint.rollbacks import rollback_does_not_undo
from changelog_engine.lint.squawk import Squawk
from changelog_engine.lint.subject import Hit, Subject
from changelog_engine.lint.transactions import transaction_false_missing, transaction_false_superfluous
from changelog_engine.model import Changelog

Check = Callable[[Subject], Iterator[Hit]]

CHECKS: dict[str, Check] = {
    "undeclared-dependency": undeclared_dependency,
    "contradicted-dependency": contradicted_dependency,
    "redundant-dependency": redundant_dependency,
    "conflict": conflict,
    "rollback-does-not-undo": rollback_does_not_undo,
    "drop-without-backup": drop_without_backup,
    "lossy-update-without-backup": lossy_update_without_backup,
    "transaction-false-missing": transaction_false_missing,
    "transaction-false-superfluous": transaction_false_superfluous,
    "opaque-sql": opaque_sql,
}
"""The rules that need no other program."""


def lint(changelog: Changelog, graph: ChangesetGraph, dbms: str) -> LintResult:
    """What the rules find in the changesets that are for a kind of database."""
    subject = Subject(changelog, graph, dbms)
    squawk = Squawk(subject)
    found: list[LintFinding] = []
    ignored = 0
    for rule, check in (CHECKS | {"locking-ddl": squawk.locking_ddl}).items():
        for hit in check(subject):
            if rule in hit.changeset.lint_ignored:
                ignored += 1
            else:
                found.append(_finding(rule, hit))
    found.sort(key=lambda finding: (finding.file, finding.line, finding.column, finding.rule, finding.message))
    notes = (squawk.note,) if squawk.note else ()
    return LintResult(tuple(dict.fromkeys(found)), len(subject.changesets), ignored, notes)


def _finding(rule: str, hit: Hit) -> LintFinding:
    severity, _, remedy = RULES[rule]
    place = hit.location
    return LintFinding(
        rule, severity, hit.message, hit.changeset.id, place.file, place.line, place.column, hit.remedy or remedy
    )
