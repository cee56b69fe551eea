"""`weighbridge drift`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from weighbridge.cli.outputs import check_outputs, console, write_whole
from weighbridge.cli.overrides import override_options

if TYPE_CHECKING:
    from weighbridge.drifting import Drift
    from weighbridge.drifting.coming import Coming
    from weighbridge.weighing.progress import Event

NONE_SHOWN, UNFINISHED, CHANGED, FAILED = 0, 3, 4, 5
EVERY_SECONDS = 10.0


@click.command()
@click.argument("file", default="weighbridge.yaml")
@click.option("--anchor", "anchors", type=click.IntRange(min=4), help="Items that are asked again [default: 50].")
@click.option(
    "--candidate", "names", multiple=True, metavar="NAME", help="Whom to look at; all that are served by others."
)
@click.option("--renew", is_flag=True, help="Keep new answers as those to compare with, and count looks anew.")
@click.option("--no-calls", is_flag=True, help="Make no call: tell what is known, and what a look would cost.")
@click.option("--json", "json", metavar="FILE", help="Write the finding as JSON; - for standard output.")
@click.option("--quiet", "-q", is_flag=True, help="Show the finding alone, no progress.")
@override_options()
def drift(
    file: str,
    anchors: int | None,
    names: tuple[str, ...],
    renew: bool,
    no_calls: bool,
    json: str | None,
    quiet: bool,
    **said: object,
) -> int:
    """Say whether a vendor has changed the model since its answers were kept.

    FILE is the project file [default: weighbridge.yaml]. The first call keeps answers to a few items, the anchors
    (those of a run, where there are any); each further one asks them again, twice. It may be called as often as one
    likes: the promised error holds over all looks together. Exit code 0: no change is shown; 3: the look is not
    finished (the same command goes on with it); 4: a model has changed; 5: a model does not answer.
    """
    from weighbridge.api.drift import drift as look

    check_outputs(json, None)
    found = look(
        file,
        candidates=names,
        anchors=anchors,
        renew=renew,
        ask=not no_calls,
        progress=None if quiet else _Lines(),
        told=None if quiet else _tell,
        speaker="option {flag}",
        **said,
    )
    return _give(found, json)


def exit_code(found: Drift) -> int:
    """A change tells before all else, then a model that does not answer."""
    states = {one.state for one in found.candidates}
    if "changed" in states:
        return CHANGED
    if "down" in states:
        return FAILED
    return UNFINISHED if "unfinished" in states else NONE_SHOWN


def _give(found: Drift, json: str | None) -> int:
    from weighbridge.report.drift import render

    render(found, console(err=json == "-"))
    if json:
        import msgspec

        text = msgspec.json.format(found.to_json(), indent=2) + b"\n"
        if json == "-":
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()
        else:
            write_whole(json, text)
            click.echo(f"JSON: {json}")
    return exit_code(found)


def _tell(coming: Coming, currency: str) -> None:
    """What is about to be asked, before anything is spent."""
    from weighbridge.report.figures import amount, plural

    who = ", ".join(
        f"{name} ({f'look {look}' if look else 'answers are kept'})"
        for name, look in zip(coming.names, coming.looks, strict=True)
    )
    click.echo(who, err=True)
    if not coming.calls:
        click.echo("every answer is there: nothing is asked", err=True)
        return
    money = "cost unknown" if coming.money is None else f"about {amount(coming.money, currency)}"
    most = "" if coming.at_most is None else f", {amount(coming.at_most, currency)} at most"
    click.echo(f"{plural(coming.calls, 'call')}, {money}{most} ({coming.stored:,} answers are there)", err=True)


class _Lines:
    """A line now and then, and one at once when a candidate goes down."""

    def __init__(self) -> None:
        self._answers = 0
        self._told = time.monotonic()

    def __call__(self, event: Event, /) -> None:
        from weighbridge.report.clean import clean_line
        from weighbridge.weighing.progress import Answered, Down, Retried

        now = time.monotonic()
        if isinstance(event, Answered):
            self._answers += 1
            if now - self._told >= EVERY_SECONDS:
                self._told = now
                click.echo(f"{self._answers:,} answers", err=True)
        elif isinstance(event, Down):
            click.echo(clean_line(f"a model does not answer: {event.why}", 400), err=True)
        elif isinstance(event, Retried) and now - self._told >= EVERY_SECONDS:
            self._told = now
            click.echo(clean_line(f"asking again: {event.what}", 400), err=True)
