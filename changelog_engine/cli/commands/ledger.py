"""`changelog history` and `changelog tag`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from changelog_engine.cli.options import Call, common_options
from changelog_engine.cli.values import parse_head

if TYPE_CHECKING:
    from changelog_engine.results import TagStatus


@click.command()
@click.option("--verify", is_flag=True, help="Recompute the hash chain; exits 6 where it is broken.")
@click.option(
    "--expect-head",
    callback=parse_head,
    metavar="SEQ:HASH",
    help="Verify, and that the ledger still holds this row, kept from an earlier --verify: shows a cut-off ledger.",
)
@common_options
def history(call: Call, verify: bool, expect_head: tuple[int, str] | None) -> None:
    """Show the ledger's events, oldest first. Writes nothing.

    \b
    Examples:
      changelog history
      changelog history --verify
      changelog history --expect-head 12:1:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    """
    from changelog_engine.ledger.entries import Head

    engine = call.engine()
    head = Head(*expect_head) if expect_head is not None else None
    result = engine.verify_history(head) if verify or head is not None else engine.history()
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_output import show_history

        show_history(call.streams, result)


@click.command()
@click.argument("name", required=False)
@click.option("--list", "is_list", is_flag=True, help="Show the tags there are.")
@click.option("--delete", is_flag=True, help="Delete the tag; nothing is rolled back.")
@click.option("--force", is_flag=True, help="Move a tag that is set already to the present state.")
@common_options
def tag(call: Call, name: str | None, is_list: bool, delete: bool, force: bool) -> None:
    """Mark the present state with a name, to which `changelog rollback --tag NAME` goes back.

    \b
    Examples:
      changelog tag before-migration
      changelog tag --list
      changelog tag before-migration --delete
    """
    from changelog_engine.errors import UsageError

    if (name is None) != is_list or (delete and (force or is_list)) or (is_list and force):
        raise UsageError(
            "tag needs a name or `--list`, and one thing to do",
            hint="such as `changelog tag NAME`, `changelog tag NAME --delete`, `changelog tag --list`",
        )
    engine = call.engine()
    if name is None:
        _show_all(call, engine.tags())
        return
    result = engine.delete_tag(name) if delete else engine.tag(name, force=force)
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_output import show_tag

        show_tag(call.streams, result, is_deleted=delete)


def _show_all(call: Call, tags: tuple[TagStatus, ...]) -> None:
    if call.streams.is_json:
        from changelog_engine.cli.json_output import dump, tags_object

        call.streams.out(dump(tags_object(tags)))
    else:
        from changelog_engine.cli.text_output import show_tags

        show_tags(call.streams, tags)
