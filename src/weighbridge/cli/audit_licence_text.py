"""`weighbridge audit licence-text`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weighbridge.cli.outputs import console

if TYPE_CHECKING:
    from weighbridge.audit.licence.detect import Candidate, Identified, Passage

SHOWN = 12
"""Sentences that are printed; --all prints every one."""
SIGN = {"inserted": "+", "changed": "~", "outside": "+"}
SAYS = {
    "inserted": "not the licence's",
    "changed": "reads otherwise",
    "outside": "terms beside the licence",
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

    here = file == "-"
    text = decoded(sys.stdin.buffer.read(LIMIT + 1), "standard input") if here else read_text(Path(file))
    found = identify(text, index(texts))
    if as_json:
        _print_json(found)
        return 0 if found.intact else 4
    name = "standard input" if here else file
    for number, one in enumerate((found, *found.also)):
        _print(one, "and in it" if number else name, len(one.passages) if everything else SHOWN)
    click.echo("\nNot legal advice: read the text. Its terms are known only where it is complete\nand unchanged.")
    return 0 if found.intact else 4


def _print_json(found: Identified) -> None:
    from dataclasses import asdict

    import msgspec

    whole = {"statement": found.statement, "intact": found.intact, **asdict(found)}
    click.echo(msgspec.json.format(msgspec.json.encode(whole), indent=2))


def _print(found: Identified, name: str, most: int) -> None:
    out = console()

    def say(line: str) -> None:
        out.print(line, markup=False, highlight=False)

    say(f"{name}: {found.statement}")
    if found.licence:
        lines = f"lines {found.line} to {found.last_line}" if found.line != found.last_line else f"line {found.line}"
        say(f"  {found.licence}, text {found.key}, {lines}, {found.share:.1%} of its words")
    for one in _near(found):
        say(f"  near: {one.name} ({one.key}), {one.share:.1%} of its words")
    for passage in found.passages[:most]:
        _print_passage(passage, say)
    if len(found.passages) > most:
        say(f"\n  and {len(found.passages) - most} more: --all shows them")
    if found.missing:
        say("\n  missing at an end: " + "; ".join(f"{one.clause} ({one.words} words)" for one in found.missing[:12]))
        if len(found.missing) > 12:
            say(f"    and {len(found.missing) - 12} more parts")
    for note in found.notes:
        say(f"  note: {note}")


def _near(found: Identified) -> list[Candidate]:
    if found.status == "complete":
        return []
    if found.status == "unknown":
        return list(found.candidates[:3])
    return [one for one in found.candidates[1:4] if one.share >= 0.9 * found.share]


def _print_passage(one: Passage, say: Callable[[str], None]) -> None:
    lines = f"line {one.line}" if one.line == one.last_line else f"lines {one.line} to {one.last_line}"
    clause = f", {one.clause}" if one.clause else ""
    touches = "" if one.weight == "wording" else f" [{one.weight}]"
    if one.kind == "deleted":
        say(f"\n  - after line {one.line}: {one.removed} words of the licence are missing{clause}{touches}")
        return
    say(f"\n  {SIGN[one.kind]} {lines}: {SAYS[one.kind]}{clause}{touches}")
    say(f"    {_around(one)}")
    if one.kind == "changed":
        added = f"here: {' '.join(one.added[:12])}" if one.added else "nothing added"
        say(f"    {added}; words of the licence that are not here: {one.removed}")


def _around(one: Passage, most: int = 360) -> str:
    """The sentence, or of a long one the part where its first other word is."""
    if len(one.text) <= most:
        return one.text
    at = one.text.lower().find(one.added[0]) if one.added and one.kind == "changed" else 0
    begin = max(at - most // 2, 0)
    end = "..." if begin + most < len(one.text) else ""
    return ("..." if begin else "") + one.text[begin : begin + most].strip() + end
