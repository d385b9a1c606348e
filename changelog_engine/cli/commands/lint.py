"""`changelog lint`: what a changelog says that is likely to go wrong."""

from __future__ import annotations

import click

from changelog_engine.cli.options import Call, common_options_with


@click.command()
@common_options_with(("text", "json", "sarif", "github"), "For people, or for programs that show findings.")
def lint(call: Call) -> int:
    """Show what is likely to go wrong: rollbacks that do not undo, data that are lost, long locks, missing order.

    Needs no database: which kind it is for says the URL. A changelog switches rules off by `lint: {ignore: [RULE]}`,
    at its top or on a changeset. Exits 1 where there is a finding of severity error.

    \b
    Examples:
      changelog lint
      changelog lint --format github
      changelog lint --format sarif > findings.sarif
    """
    result = call.engine().lint()
    form = call.given["format"]
    if form == "text":
        from changelog_engine.cli.text_lint import show_findings

        show_findings(call.streams, result)
    else:
        from changelog_engine.cli.lint_formats import render_findings

        call.streams.out(render_findings(result, form, call.settings().root))
    return 1 if result.has_errors else 0
