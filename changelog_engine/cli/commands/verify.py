"""`changelog verify`: what the changelog claims, tried out on scratch databases."""

from __future__ import annotations

import time

import click

from changelog_engine.cli.options import Call, common_options_with, filter_options, scratch_option
from changelog_engine.cli.progress import RunLines
from changelog_engine.cli.values import write_file

FOUND = 1


@click.command()
@click.option(
    "--orders",
    type=click.IntRange(min=0),
    default=8,
    metavar="N",
    help="How many legal orders to try besides the engine's own (8 by default).",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Try the random orders of an earlier run again.")
@click.option("--record", metavar="FILE", help="Where nothing is found, keep the proof for `update --require-proof`.")
@scratch_option
@filter_options
@common_options_with(("text", "json", "junit"), "For people, one JSON object for programs, or JUnit's XML for CI.")
def verify(call: Call, orders: int, seed: int | None, record: str | None, scratch_url: str | None) -> None:
    """Prove on scratch databases that every rollback undoes its changeset, that every legal order comes to the same
    end, and that there is a way from each tag to the end and back. The database itself is not touched.

    What is compared is the catalog, object by object. Where an order goes wrong, the two changesets are named between
    which an edge is missing, with the YAML to add. Exits 1 with findings.

    \b
    Examples:
      changelog verify --context prod
      changelog verify --all-contexts --orders 50 --record proof.json
      changelog verify --context prod --format junit > verify.xml
    """
    from changelog_engine.cli.text_verify import render_junit, show_verified

    began = time.monotonic()
    with RunLines(call.streams) as lines:
        result, proof = call.engine(lines).verify(call.filters(), scratch_url=scratch_url, orders=orders, seed=seed)
    if record is not None and not result.findings:
        write_file(record, "--record", proof)
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    elif call.given["format"] == "junit":
        call.streams.out(render_junit(result))
    else:
        show_verified(call.streams, result, time.monotonic() - began, record)
    if result.findings:
        raise click.exceptions.Exit(FOUND)
