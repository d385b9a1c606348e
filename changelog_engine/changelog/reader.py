"""The first stage: the files of a changelog to one frozen value, with everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from changelog_engine import collector
from changelog_engine.changelog.consistency import check_ids, check_tags, warn_of_unknown_names
from changelog_engine.changelog.file_log import Findings
from changelog_engine.changelog.includes import Loader
from changelog_engine.changelog.keeping import Keeper, KeptFiles
from changelog_engine.changelog.parser import Parser
from changelog_engine.changelog.paths import PathError, Root
from changelog_engine.changelog.source import read_source
from changelog_engine.changelog.texts import Texts
from changelog_engine.errors import UsageError
from changelog_engine.model import Changelog, Location, Problem


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, and what is wrong with it, both sorted by place.

    ``complete`` is False where a part could not be read at all, so that ids may be missing.
    """

    changelog: Changelog
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    complete: bool


def read_changelog(
    path: Path, root: Path, *, values: Mapping[str, str] | None = None, keeper: Keeper | None = None
) -> Reading:
    """Read the changelog at ``path`` and all that it includes; ``root`` is the folder that no path leaves.

    ``values`` are values of parameters for file names (``--param`` and the configuration's); SQL keeps its ``${name}``.
    ``keeper`` keeps what files were read to, and gives it back as long as they are the same.
    Faults are problems, never exceptions; ``UsageError`` is raised where there is no file at ``path``.
    """
    from changelog_engine import __version__

    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UsageError(
            f"the changelog `{path.as_posix()}` {what}",
            hint="`changelog init` writes a first one; `--changelog FILE` names another",
        )
    findings = Findings()
    texts = Texts(Root(root), findings, values or {})
    parser = Parser(texts)
    kept = KeptFiles(keeper, texts, parser)
    loader = Loader(texts, parser, __version__, kept)
    with collector.paused():
        _read_files(path, texts, loader)
    kept.flush()
    texts.report_unknown_parameters()
    check_ids(parser.changesets, texts)
    check_tags(parser.tags, texts)
    warn_of_unknown_names(parser.changesets, texts)
    changelog = Changelog(
        name=loader.name,
        root=root.as_posix(),
        changesets=tuple(parser.changesets),
        tags=tuple(parser.tags),
        parameters=texts.parameters,
        contexts=loader.contexts,
        infers=loader.infers,
        inventory=texts.inventory(),
    )
    return Reading(changelog, _sorted(findings.problems), _sorted(findings.warnings), findings.complete)


def _read_files(path: Path, texts: Texts, loader: Loader) -> None:
    findings = texts.findings
    name = texts.root.name(path)
    try:
        absolute = Path(path.absolute())
        texts.root.check(absolute, name)
        source = read_source(absolute, name)
    except PathError as error:
        findings.problems.append(Problem(error.message, Location(name, 1, 1), error.hint))
        findings.complete = False
        return
    except OSError as error:
        raise UsageError(
            f"the changelog `{path.as_posix()}` cannot be read: {(error.strerror or '').lower()}"
        ) from error
    if isinstance(source, Problem):
        findings.problems.append(source)
        findings.complete = False
        return
    texts.sources[name] = source
    loader.load_root(source)


def _sorted(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.location))
