"""`weighbridge rate`."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from weighbridge.rate.session import Session


@click.command()
@click.argument("answers", nargs=-1, required=True)
@click.option("--models", metavar="A,B", help="Models to compare; every two where absent.")
@click.option("--out", metavar="FILE", default="preferences.csv", show_default=True, help="Table of preferences.")
@click.option("--votes", metavar="FILE", help="Where votes are appended. [default: OUT with .votes.jsonl]")
@click.option("--most", type=click.IntRange(1), metavar="N", help="Show at most this many, chosen at random.")
@click.option("--references", is_flag=True, help="Let the rater open the reference answer.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of order and sides.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on this machine; a free one where absent."
)
@click.option("--open", "open_", is_flag=True, help="Open the page in the browser.")
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="A column whose name is not its role.")
@click.option("--encoding", metavar="NAME", help="Text encoding of the table.")
def rate(
    answers: tuple[str, ...],
    models: str | None,
    out: str,
    votes: str | None,
    most: int | None,
    references: bool,
    seed: int,
    port: int,
    open_: bool,
    columns: tuple[str, ...],
    encoding: str | None,
) -> int:
    """Compare answers by eye, two at a time and without names.

    ANSWERS is a table (item_id, model, answer, question), logs of other tools, or a project file whose answers are
    in its store. A page on this machine shows two answers in random order; keys vote. Votes are kept as they are
    given: run the same command to go on. The preferences are a table for weighbridge compare, and human labels for
    weighbridge judge.
    """
    from weighbridge.cli.given_answers import column_names, given_answers
    from weighbridge.rate.ballots import ballots, equals
    from weighbridge.rate.session import Session
    from weighbridge.rate.votes import VoteFile

    chosen = [name.strip() for name in models.split(",") if name.strip()] if models else None
    kept = Path(votes) if votes else Path(out).with_suffix(".votes.jsonl")
    for option, path in (("--out", Path(out)), ("--votes", kept)):
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(
                f"{option} cannot be written there", where=str(path), fix="name a file in a folder that exists"
            )
    if Path(out).exists() and (not kept.exists() or out in answers):
        raise UsageError(
            "there is a file of that name that these votes did not make",
            where=out,
            fix="name another --out, or remove it; with votes of an earlier session, name them: --votes FILE",
        )
    given = given_answers(answers, column_names(columns), encoding)
    shown = ballots(given, chosen, seed, most)
    same = [] if most else equals(given, chosen)
    session = Session(given, shown, VoteFile(kept), Path(out), same, references)
    session.write()
    before = session.done
    click.echo(f"{len(shown):,} comparisons, {before:,} of them done; {len(same):,} equal answers count as ties")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_served(session, port, open_))
    _told(session, out, kept)
    return 0


async def _served(session: Session, port: int, open_: bool) -> None:
    from weighbridge.rate.server import Server

    def ready(url: str) -> None:
        click.echo(f"open {url}\n(this machine only; Ctrl-C ends it, and votes are kept)")
        if open_:
            import webbrowser

            webbrowser.open(url)

    await Server(session, port).run(ready)


def _told(session: Session, out: str, kept: Path) -> None:
    """What was voted, now that names may be told."""
    from weighbridge.rate.votes import VOTES
    from weighbridge.report.clean import clean_line

    votes = session.votes.votes
    tally: dict[str, list[int]] = {}
    counts = dict.fromkeys(VOTES, 0)
    for ballot in session.shown:
        vote = votes.get(ballot.id)
        if vote is None:
            continue
        counts[vote] += 1
        for model, wins in ((ballot.left, vote == "left"), (ballot.right, vote == "right")):
            of = tally.setdefault(model, [0, 0])
            of[0] += wins
            of[1] += 1
    click.echo(
        f"\n{session.done:,} of {len(session.shown):,} compared; "
        f"left was better {counts['left']:,} times, right {counts['right']:,}"
    )
    for model, (won, seen) in sorted(tally.items(), key=lambda one: -one[1][0] / max(1, one[1][1])):
        click.echo(f"  {clean_line(model, 60)}: preferred {won:,} of {seen:,} times")
    if counts["bad"]:
        click.echo(f"  both bad: {counts['bad']:,}")
    click.echo(f"votes: {kept}\npreferences: {out}")
    if tally:
        click.echo(f"next: weighbridge compare {out}")
