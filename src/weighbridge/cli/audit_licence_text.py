"""`weighbridge audit licence-text`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weighbridge.cli.outputs import console

if TYPE_CHECKING:
    from weighbridge.audit.licence.detect import Identified

SHOWN = 12
"""Sentences that are printed of each kind; --all prints every one."""
FIRST = {"inserted": "+", "deleted": "-", "changed": "~", "outside": "+"}
SAYS = {
    "inserted": "is not the licence's",
    "deleted": "is missing",
    "changed": "reads otherwise",
    "outside": "sets terms beside the licence",
}


@click.command("licence-text")
@click.argument("file")
@click.option(
    "--texts", metavar="PATH", help="Folder, .jsonl file or index of licence texts of your own to know too."
)
@click.option("--all", "everything", is_flag=True, help=f"Print every sentence that differs, not the first {SHOWN}.")
@click.option("--json", "as_json", is_flag=True, help="Print the finding as JSON.")
def licence_text(file: str, texts: str | None, everything: bool, as_json: bool) -> int:
    """Say which licence a text is, and which of its sentences are not that licence's.

    FILE is a licence file, or a README with a licence in it; - reads standard input. Exit codes: 0 the text is a
    licence, complete and unchanged; 4 it is incomplete, modified or none that is known.
    """
    from weighbridge.audit.licence.detect import identify, index, read_text
    from weighbridge.audit.licence.detect.reading import LIMIT, decoded

    if file == "-":
        text = decoded(sys.stdin.buffer.read(LIMIT + 1), "standard input")
    else:
        text = read_text(Path(file))
    found = identify(text, index(texts))
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode({**_plain(found), "intact": found.intact}), indent=2))
    else:
        name = "standard input" if file == "-" else file
        for number, one in enumerate((found, *found.also)):
            _print(one, "and in it" if number else name, len(one.passages) if everything else SHOWN)
        click.echo(
            "\nNot legal advice: read the text. Terms are known only of a text that is complete and unchanged."
        )
    return 0 if found.intact else 4


def _plain(found: Identified) -> dict[str, object]:
    from dataclasses import asdict

    return {"statement": found.statement, **asdict(found)}


def _print(found: Identified, name: str, most: int) -> None:
    out = console()

    def say(line: str) -> None:
        out.print(line, markup=False, highlight=False)

    say(f"{name}: {found.statement}")
    if found.licence:
        lines = f"lines {found.line} to {found.last_line}" if found.line != found.last_line else f"line {found.line}"
        say(f"  {found.licence}, text {found.key}, {lines}, {found.share:.1%} of its words")
    for one in found.candidates[1:4] if found.status != "unknown" else found.candidates:
        say(f"  nearest: {one.name} ({one.key}), {one.share:.1%} of its words")
    for passage in found.passages[:most]:
        where = (
            f"line {passage.line}"
            if passage.line == passage.last_line
            else f"lines {passage.line} to {passage.last_line}"
        )
        clause = f", {passage.clause}" if passage.clause else ""
        touches = "" if passage.weight == "wording" else f" [{passage.weight}]"
        if passage.kind == "deleted":
            say(
                f"\n  - after line {passage.line}: {passage.removed} words of the licence are missing{clause}{touches}"
            )
            continue
        say(f"\n  {FIRST[passage.kind]} {where} {SAYS[passage.kind]}{clause}{touches}")
        say(f"    {_short(passage.text)}")
        if passage.kind == "changed":
            added = f"here: {' '.join(passage.added[:12])}" if passage.added else "nothing added"
            say(f"    {added}; {passage.removed} words of the licence are not here")
    if len(found.passages) > most:
        say(f"\n  and {len(found.passages) - most} more: --all shows them")
    if found.missing:
        say("\n  missing at an end: " + "; ".join(f"{one.clause} ({one.words} words)" for one in found.missing[:12]))
        if len(found.missing) > 12:
            say(f"    and {len(found.missing) - 12} more parts")
    for note in found.notes:
        say(f"  note: {note}")


def _short(text: str, most: int = 400) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
