"""`weighbridge sensitivity`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from weighbridge.cli.outputs import check_outputs, console, write_whole
from weighbridge.cli.overrides import override_options

if TYPE_CHECKING:
    from weighbridge.variants import Sensitivity

EXIT_CODES = {"survives": 0, "alone": 0, "open": 3, "changes": 4}


@click.command()
@click.argument("file", default="weighbridge.yaml")
@click.option("--json", "json", metavar="FILE", help="Write the finding as JSON; - for standard output.")
@click.option("--html", "html", metavar="FILE", help="Write the finding as one self-contained HTML file.")
@click.option(
    "--variant", "variants", multiple=True, metavar="NAME", help="A prompt to try; all where none is named."
)
@click.option(
    "--candidate", "names", multiple=True, metavar="NAME", help="A candidate to try them on; all by default."
)
@click.option("--items", type=click.IntRange(min=4), help="Items that everyone answers under every prompt.")
@click.option("--tune", type=click.IntRange(min=2), help="Of these, items to choose each one's best prompt on.")
@click.option("--quiet", "-q", is_flag=True, help="Show the finding alone, no progress.")
@override_options()
def sensitivity(
    file: str,
    json: str | None,
    html: str | None,
    variants: tuple[str, ...],
    names: tuple[str, ...],
    items: int | None,
    tune: int | None,
    quiet: bool,
    **said: object,
) -> int:
    """Say how much hangs on the prompt, and whether the verdict survives every prompt.

    FILE is the project file [default: weighbridge.yaml]; the prompts are those under 'prompts:', and 'sensitivity:'
    says which, on whom and on how many items. One candidate alone will do: then the spread is told. Answers are kept
    in the store as ever. Exit code 0: the verdict is the same under every prompt; 3: left open; 4: it changes.
    """
    from weighbridge.api.prompts import sensitivity as weigh_prompts
    from weighbridge.cli.run import watching

    check_outputs(json, html)
    with watching(quiet) as progress:
        found = weigh_prompts(
            file,
            variants=variants,
            candidates=names,
            items=items,
            tune=tune,
            progress=progress,
            told=None if quiet else lambda line: click.echo(line, err=True),
            speaker="option {flag}",
            **said,
        )
    return _give(found, json, html)


def _give(found: Sensitivity, json: str | None, html: str | None) -> int:
    from weighbridge.report.sensitivity import render

    render(found, console(err=json == "-"))
    if json:
        import msgspec

        text = msgspec.json.format(found.to_json(), indent=2) + b"\n"
        if json == "-":
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()
        else:
            write_whole(json, text)
    if html:
        from weighbridge.report.html.sensitivity import render_sensitivity

        write_whole(html, render_sensitivity(found).encode("utf-8", errors="replace"))
    for name, what in ((json, "JSON"), (html, "report")):
        if name and name != "-":
            click.echo(f"{what}: {name}", err=json == "-")
    return EXIT_CODES[found.survival]
