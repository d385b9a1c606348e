"""Commands around the files of a project: `init`, `new` and `schema`."""

from __future__ import annotations

from pathlib import Path

import click

from changelog_engine.cli.options import Call, common_options, output_options


@click.command()
@output_options
def init(call: Call) -> None:
    """Make a commented changelog.toml and a first changelog in this folder. Nothing that is there is overwritten.

    \b
    Example:
      mkdir shop && cd shop && changelog init && changelog update --context dev
    """
    from changelog_engine.changelog.edit import write_project

    written = [path.relative_to(Path.cwd()).as_posix() for path in write_project(Path.cwd())]
    if call.streams.is_json:
        from changelog_engine.cli.json_output import dump

        call.streams.out(dump({"files": written}))
        return
    for path in written:
        call.streams.say(f"wrote {path}")
    call.streams.say("next: look into them, then `changelog plan` shows what `changelog update` would do")


@click.command()
@click.argument("changeset", metavar="ID")
@click.option("--author", metavar="NAME", help="Who writes it.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option("--depends-on", metavar="ID", multiple=True, help="A changeset that it requires; repeatable.")
@common_options
def new(call: Call, changeset: str, author: str | None, description: str | None, depends_on: tuple[str, ...]) -> None:
    """Add the skeleton of a changeset to a changelog, keeping the file's comments and layout.

    \b
    Examples:
      changelog new create-invoices --depends-on create-orders
      changelog new index-orders --changelog changelogs/orders/changelog.yaml
    """
    from changelog_engine.changelog.edit import add_changeset

    path = call.settings().changelog
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    line = add_changeset(path, changeset, author=author, description=description, depends_on=depends_on)
    place = {"changeset": changeset, "file": shown.as_posix(), "line": line}
    if call.streams.is_json:
        from changelog_engine.cli.json_output import dump

        call.streams.out(dump(place))
    else:
        call.streams.say(f"added `{changeset}` at {shown}:{line}")
        call.streams.say("next: write its sql and its rollback, then `changelog validate`")


@click.command()
@click.option("-o", "--output", "file", metavar="FILE", help="Write it to a file, such as changelog.schema.json.")
@output_options
def schema(call: Call, file: str | None) -> None:
    """Print the JSON Schema of the changelog format, with which editors complete and check as you type.

    A changelog names it in its first line: `# yaml-language-server: $schema=changelog.schema.json`.

    \b
    Examples:
      changelog schema > changelog.schema.json
      changelog schema -o changelogs/changelog.schema.json
    """
    from changelog_engine.changelog.schema import json_schema
    from changelog_engine.cli.json_output import dump

    text = dump(json_schema())
    if file is None:
        call.streams.out(text)
        return
    from changelog_engine.cli.values import write_file

    write_file(file, "-o", text)
    call.streams.out(dump({"file": file})) if call.streams.is_json else call.streams.say(f"the schema is in {file}")
