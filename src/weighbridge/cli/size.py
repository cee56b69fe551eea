"""`weighbridge size`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from weighbridge.cli.outputs import check_outputs, console, write_whole

Command = TypeVar("Command", bound=Callable[..., Any])


def _options(rows: list[tuple[str, dict[str, Any]]]) -> Callable[[Command], Command]:
    def put(command: Command) -> Command:
        for name, about in reversed(rows):
            command = click.option(name, **about)(command)
        return command

    return put


@click.command()
@click.argument("model")
@_options(
    [
        ("--on", {"metavar": "HARDWARE[xN]", "help": "Accelerators of one machine, such as H100x4 or L40S."}),
        ("--precision", {"metavar": "NAME", "help": "How weights are kept: bf16, fp8, int4, q4_k_m, stored, ..."}),
        ("--context", {"type": int, "metavar": "N", "help": "Tokens of a sequence, prompt and answer together."}),
        ("--batch", {"type": int, "metavar": "N", "default": 1, "help": "Sequences at once, for the memory."}),
        (
            "--load",
            {"metavar": "KEY=N,...", "help": "The load in one word: requests_per_day=20000,input_tokens=1000,..."},
        ),
        ("--requests-per-day", {"type": float, "metavar": "N", "help": "The load, over the days of a month."}),
        ("--peak-to-mean", {"type": float, "metavar": "X", "help": "Busiest hour over the mean hour (default: 3)."}),
        ("--input-tokens", {"type": float, "metavar": "N", "help": "Of a request, on average (default: 1000)."}),
        ("--output-tokens", {"type": float, "metavar": "N", "help": "Of an answer, on average (default: 300)."}),
        (
            "--stream-at-least",
            {
                "type": float,
                "metavar": "X",
                "default": 5.0,
                "show_default": True,
                "help": "Tokens a second that each reader gets; 0 fills the machine.",
            },
        ),
        ("--price-per-hour", {"type": float, "metavar": "USD", "help": "Of one accelerator; else the catalogue's."}),
        ("--spare", {"type": int, "metavar": "N", "default": 1, "help": "Machines beside those the load takes."}),
        ("--engineer-hours", {"type": float, "metavar": "N", "help": "Of people who run it, a month."}),
        ("--engineer-rate", {"type": float, "metavar": "USD", "help": "What an hour of theirs costs."}),
        (
            "--electricity",
            {"type": float, "metavar": "USD", "help": "Of a kWh, on top of the hours (for machines one owns)."},
        ),
        ("--carbon", {"type": float, "metavar": "GRAMS", "help": "CO2 of a kWh of your grid."}),
        ("--against", {"metavar": "VENDOR:MODEL", "help": "Hold hosting against this price: break-even."}),
        ("--cached", {"type": float, "metavar": "SHARE", "help": "Of the input, read from the vendor's cache."}),
        ("--batched", {"type": float, "metavar": "SHARE", "help": "Of the requests, that can wait for hours."}),
        (
            "--measured",
            {"type": float, "metavar": "TOKENS_PER_S", "help": "Your own rate of writing, one machine under load."},
        ),
        ("--measured-in", {"metavar": "RUN", "help": "Take the rate from a run: a project, a decision, scores."}),
        ("--candidate", {"metavar": "NAME", "help": "Whose rate, where the run has several."}),
        ("--train", {"metavar": "TOKENS", "help": "Cost of training it from nothing on so many: 2T, 300B."}),
        ("--tune", {"metavar": "TOKENS", "help": "Cost of fine-tuning it on so many: 50M."}),
        (
            "--tune-method",
            {"type": click.Choice(["qlora", "lora", "full"]), "default": "qlora", "help": "How it is fine-tuned."},
        ),
    ]
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("--html", metavar="FILE", help="Write them as one self-contained HTML file, too.")
def size(model: str, as_json: bool, html: str | None, **given: Any) -> int:  # noqa: ANN401 - click's values
    """Say what a model takes to run, how fast it is, and what a load costs on machines of one's own.

    MODEL is a name of the catalogue, a model folder, a config.json, a hub's listing, or a GGUF file. Rates, hours and
    money are predictions with bounds; a rate of your own (--measured) replaces them. Money is USD.
    """
    from weighbridge.cli.size_asked import asked, price_against, shape_named
    from weighbridge.sizing.account import account

    check_outputs(None, html)
    shape = shape_named(model)
    if given["measured_in"]:
        from weighbridge.cli.size_asked import filled

        given = filled(given)
    ask = asked(given, shape)
    named, quoted = "", ""
    if given["against"]:
        named, quoted, ask = price_against(given, ask)
    found = account(shape, ask)
    if html:
        from weighbridge.report.html.size import render_size

        write_whole(html, render_size(found, named, quoted).encode("utf-8", errors="replace"))
    if as_json:
        import msgspec

        from weighbridge.report.size_json import size_tree

        click.echo(msgspec.json.format(msgspec.json.encode(size_tree(found, named, quoted)), indent=2))
        return 0
    from weighbridge.report.size import size_lines
    from weighbridge.report.terminal import write

    out = console()
    write(size_lines(found, out.width, named, quoted), out)
    if html:
        click.echo(f"report: {html}")
    return 0
