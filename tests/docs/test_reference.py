"""Pages say what the program says: its help, its key tables, its modules, the rules of lint.

Their parts between `<!-- generated: NAME -->` and `<!-- end -->` are made by this module. After a change there:

    python -m tests.docs.test_reference --update
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from changelog_engine.changelog.keys import CHANGELOG
from changelog_engine.changelog.lint_rules import RULES
from changelog_engine.changes.shapes import Choice, Record
from changelog_engine.cli.main import COMMANDS, changelog
from changelog_engine.settings_file import KEYS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "changelog_engine"
REFERENCE = ROOT / "docs" / "reference.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
LINT = ROOT / "docs" / "lint.md"
GENERATED = re.compile(r"(<!-- generated: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)

SHARED = {
    "where": ("--changelog", "--url", "--config", "--env"),
    "filters": ("--context", "--all-contexts", "--no-context", "--param", "--label", "--select"),
    "output": ("--format", "--quiet", "--verbose", "--no-color"),
}
TITLES = {"where": "Where to work", "filters": "Filters", "output": "Output"}


# ------------------------------------------------------------------------------------------------- generating


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def one_line(text: str) -> str:
    return " ".join(text.split())


def option_name(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    if option.is_flag:
        return names
    value = option.metavar or option.type.name
    if isinstance(option.type, click.Choice):
        value = "|".join(option.type.choices)
    return f"{names[:-1]} {value}`"


def options_of(command: click.Command) -> dict[str, click.Option]:
    return {option.opts[-1]: option for option in command.params if isinstance(option, click.Option)}


def option_table(options: Sequence[click.Option]) -> str:
    return table(("option", "meaning"), [(option_name(option), one_line(option.help or "")) for option in options])


def commands() -> Iterator[tuple[str, click.Command]]:
    """All commands, with those below them, as one types them."""
    context = click.Context(changelog)
    for name in COMMANDS:
        command = changelog.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", below) for inner, below in command.commands.items())


def description(command: click.Command) -> str:
    """The help text as Markdown: paragraphs, and the examples that are not to be wrapped as they are."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    parts = []
    for paragraph in paragraphs:
        if paragraph.startswith("\b\n"):
            first, *lines = paragraph.removeprefix("\b\n").splitlines()
            parts.append(f"{first}\n\n```\n" + "\n".join(line.removeprefix("  ") for line in lines) + "\n```")
        else:
            parts.append(one_line(paragraph))
    return "\n\n".join(part for part in parts if part)


def render_command(name: str, command: click.Command) -> str:
    usage = " ".join(["changelog", name, *command.collect_usage_pieces(click.Context(command))])
    options = options_of(command)
    options.pop("--help", None)
    text = f"### `changelog {name}`\n\n```\n{usage}\n```\n\n{description(command)}\n"
    groups = []
    for group, names in SHARED.items():
        shared = [option for option in names if option in options]
        # An option that says something of its own here is not the shared one.
        if len(shared) > 1:
            whole = f"[{TITLES[group].lower()}](#{TITLES[group].lower().replace(' ', '-')})"
            left_out = [f"`{option}`" for option in names if option not in shared]
            groups.append(whole + (f" without {', '.join(left_out)}" if left_out else ""))
            for option in shared:
                if options[option].help == shared_options()[option].help:
                    del options[option]
    if options:
        text += "\n" + option_table(list(options.values()))
    return text + (f"\nAnd the options of {'; '.join(groups)}.\n" if groups else "")


def shared_options() -> dict[str, click.Option]:
    return options_of(dict(commands())["update"])


def render_shared() -> str:
    options = shared_options()
    return "\n".join(
        f"### {TITLES[group]}\n\n{option_table([options[name] for name in names])}" for group, names in SHARED.items()
    )


def render_commands() -> str:
    listed = table(("command", "does"), [(f"[`{n}`](#changelog-{n})", text) for n, (_, text) in COMMANDS.items()])
    return listed + "\n" + "\n".join(render_command(name, command) for name, command in commands())


def records(shape: object, seen: dict[int, Record]) -> Iterator[Record]:
    """The record of a shape and those below it, each once, from the outside in."""
    if isinstance(shape, Record):
        if id(shape) in seen:
            return
        seen[id(shape)] = shape
        yield shape
        for key in shape.keys.values():
            yield from records(key.shape, seen)
    elif isinstance(shape, tuple):
        for part in shape:
            yield from records(part, seen)
    elif dataclasses.is_dataclass(shape):
        for field in dataclasses.fields(shape):
            yield from records(getattr(shape, field.name), seen)


def key_rows(record: Record) -> list[tuple[str, str, str]]:
    rows = []
    for name, key in record.keys.items():
        meaning = key.doc
        if isinstance(key.shape, Choice):
            meaning += ": " + "; ".join(f"`{value}`, {doc}" for value, doc in key.shape.docs.items())
        words = "true or false" if key.shape.words == "true or false" else key.shape.words
        rows.append((f"`{name}`" + (" (required)" if key.required else ""), words, meaning))
    return rows


def render_keys() -> str:
    parts = []
    for record in records(CHANGELOG, {}):
        title = record.name[0].upper() + record.name[1:]
        parts.append(f"### {title}\n\n{record.doc}\n\n{table(('key', 'takes', 'meaning'), key_rows(record))}")
    return "\n".join(parts)


STAGES = (
    "changelog",
    "changes",
    "sql",
    "operations",
    "sql/postgresql",
    "sql/postgresql/inverse",
    "sql/plain_inverse",
    "sql/glot",
    "graph",
    "lint",
    "plan",
    "execute",
    "ledger",
    "databases",
    "scratch",
    "prove",
    "cli",
    "cli/commands",
)


def render_layout() -> str:
    """Each module with the first sentence of its docstring, the stages in the order in which data goes through them."""
    folders = [PACKAGE / name for name in STAGES]
    lines = ["```"]
    for folder in (PACKAGE, *folders):
        lines.append(f"{folder.relative_to(ROOT).as_posix()}/")
        for file in sorted(folder.glob("*.py")):
            sentence = first_sentence(file)
            if sentence:
                lines.append(f"    {file.name:<24}{sentence}")
    return "\n".join([*lines, "```"]) + "\n"


def first_sentence(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    sentence = re.split(r"(?<=[.])\s", one_line(docstring.split("\n\n")[0]), maxsplit=1)[0]
    return sentence.replace("``", "`").rstrip(".")


def render_rules() -> str:
    rows = [(f"`{name}`", rule.severity.value, rule.meaning, rule.remedy) for name, rule in RULES.items()]
    return table(("rule", "severity", "what is found", "remedy"), rows)


PARTS = {
    "rules": render_rules,
    "commands": render_commands,
    "shared options": render_shared,
    "keys": render_keys,
    "layout": render_layout,
}


def regenerate(text: str) -> str:
    return GENERATED.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n{part[3]}", text)


# ---------------------------------------------------------------------------------------------------- testing


@pytest.mark.parametrize("page", [REFERENCE, ARCHITECTURE, LINT], ids=lambda page: page.name)
def test_a_page_is_what_the_program_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert GENERATED.search(text)
    assert text == regenerate(text), "run: python -m tests.docs.test_reference --update"


def test_every_module_says_in_a_sentence_what_it_is_for() -> None:
    listed = ARCHITECTURE.read_text(encoding="utf-8")
    silent = [file for file in PACKAGE.rglob("*.py") if file.read_text().strip() and first_sentence(file) not in listed]
    assert silent == []
    assert {folder.parent.relative_to(PACKAGE).as_posix() for folder in PACKAGE.rglob("*.py")} == {".", *STAGES}


def test_every_command_and_option_has_a_help_text() -> None:
    bare = [
        f"{name} {option.opts[-1]}"
        for name, command in commands()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    bare += [name for name, command in commands() if not command.help]
    assert not bare


def test_every_key_of_the_configuration_file_is_described() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert [key for key in KEYS if f"| `{key}` |" not in text] == []


if __name__ == "__main__" and sys.argv[1:] == ["--update"]:
    for page in (REFERENCE, ARCHITECTURE, LINT):
        page.write_text(regenerate(page.read_text(encoding="utf-8")), encoding="utf-8")
