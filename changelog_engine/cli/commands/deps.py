"""`changelog deps`: what comes after what, and why."""

from __future__ import annotations

import click

from changelog_engine.cli.options import Call, common_options, select_option


@click.command()
@click.option(
    "--write", is_flag=True, help="Add what the SQL requires to the `depends_on` of the changesets in their files."
)
@select_option
@common_options
def deps(call: Call, write: bool) -> None:
    """Show what each changeset comes after and why: what it declares, and what its SQL says.

    Needs no database: which kind it is for says the URL. What cannot be read out of the SQL is listed last. With
    `--write`, comments and layout stay as they are, and the order stays what it was; what only keeps the present order
    of two changesets that do not commute is not written, for it may be wrong.

    \b
    Examples:
      changelog deps
      changelog deps --select 'billing/*'
      changelog deps --write
    """
    from changelog_engine.cli.text_deps import show_dependencies

    result = call.engine().deps(call.given["select"], write=write)
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        show_dependencies(call.streams, result, write)
