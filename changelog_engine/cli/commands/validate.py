"""`changelog validate`: everything is read and checked, with no database."""

from __future__ import annotations

import click

from changelog_engine.cli.options import Call, common_options


@click.command()
@common_options
def validate(call: Call) -> None:
    """Read the changelog and all that it includes, and show all the errors at once.

    Needs no database and no secrets, so it suits an editor, a commit hook and a build. Exits 3 where there are errors.

    \b
    Examples:
      changelog validate
      changelog validate --changelog billing/changelog.yaml --format json
    """
    result = call.engine().validate()
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_output import show_validated

        show_validated(call.streams, result)
