"""`weighbridge audit openness`."""

from __future__ import annotations

import click

from weighbridge.cli.outputs import check_outputs, console, write_whole


@click.command()
@click.argument("target")
@click.option("--json", "as_json", is_flag=True, help="Print the evidence and the verdicts as JSON.")
@click.option("--html", metavar="FILE", help="Write them as one self-contained HTML file, too.")
def openness(target: str, as_json: bool, html: str | None) -> int:
    """Say how open a model is, component by component.

    TARGET is a name of the catalogue, a model folder, or a hub-style listing of one in a .json file. Repositories,
    datasets and base models that the card names are read where they lie in folders beside it. Nothing is run, and
    nothing is fetched.
    """
    from weighbridge.audit.openness import audit_openness
    from weighbridge.audit.target import find_target

    check_outputs(None, html)
    found = audit_openness(find_target(target))
    if html:
        from weighbridge.report.html.openness import render_openness

        write_whole(html, render_openness(found).encode("utf-8", errors="replace"))
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return 0
    from weighbridge.report.openness import openness_lines
    from weighbridge.report.terminal import write

    out = console()
    write(openness_lines(found, out.width), out)
    if html:
        click.echo(f"report: {html}")
    return 0
