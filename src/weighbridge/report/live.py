"""A run seen while it runs: a table that redraws itself in a terminal, a line now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from weighbridge.report import figures
from weighbridge.report.board import Board, Lane
from weighbridge.report.clean import clean_line, encodable
from weighbridge.report.columns import Heading, Line, Row, laid_out
from weighbridge.weighing.progress import Batched, Down, Ended, Event, LookDone, Retried, Slowed, Started

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

EVERY_SECONDS = 10.0
EVERY_SHARE = 0.10
FRAMES = 4
"""Redraws of the table in a second."""

HEADINGS = (
    Heading("score", 9),
    Heading("interval", 8),
    Heading("per 1k", 6),
    Heading("latency", 5),
)


class Watching(Protocol):
    """A progress listener to be used in a ``with`` block, so that the terminal is left tidy whatever happens."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __call__(self, event: Event, /) -> None: ...


def watch(console: Console, currency: str = "USD") -> Watching:
    """A listener that draws a live table on a terminal and plain lines elsewhere.

    with watch(Console(stderr=True)) as progress:
        run = weigh(..., progress=progress)
    """
    able = console.is_terminal and not console.is_dumb_terminal
    watching = TableWatch(console) if able else LineWatch(console)
    watching.board.currency = currency
    return watching


def _state(board: Board, lane: Lane) -> tuple[str, ...]:
    notes = []
    if lane.why is not None:
        after = f" after {figures.plural(lane.items, board.unit)}" if lane.items else ""
        notes.append(f"out{after}: {lane.why}")
    elif lane.left_after is not None:
        notes.append(f"out after {figures.plural(lane.left_after, board.unit)}: can no longer change the verdict")
    if lane.failed:
        notes.append(f"{figures.plural(lane.failed, 'answer')} failed")
    if lane.simulated:
        notes.append("simulated")
    return tuple(clean_line(note, 300) for note in notes)


def _row(board: Board, place: int, lane: Lane) -> Row:
    low, high = lane.interval or (None, None)
    leads = place == board.leader and lane.mean is not None
    return Row(
        name=clean_line(lane.name),
        cells=(
            figures.count(lane.items),
            "-" if lane.mean is None else figures.percent(lane.mean),
            "-" if low is None else figures.span(low, high),
            figures.amount(lane.cost_per_1000, board.currency),
            "-" if lane.seconds is None else figures.seconds(lane.seconds),
        ),
        notes=_state(board, lane),
        style="bold" if leads else ("" if lane.alive else "dim"),
        mark=">" if leads else " ",
    )


def _of(used: str, limit: str | None) -> str:
    return used if limit is None else f"{used} of {limit}"


def standing(board: Board) -> str:
    """The run in one line: items, calls, money, time, what is under way."""
    budget = board.budget
    money = figures.amount(board.money, board.currency) if board.money_known else "money unknown"
    minutes = figures.seconds(60 * budget.minutes) if budget.minutes is not None else None
    calls = f"{board.answers:,} answers"
    if board.from_store:
        calls += f" ({board.from_store:,} stored)"
    parts = [
        f"{board.drawn:,} of {figures.plural(board.units, board.unit)}",
        _of(calls, f"{budget.calls:,} calls" if budget.calls is not None else None),
        _of(money, figures.amount(budget.money, board.currency) if budget.money is not None else None),
        _of(figures.seconds(board.seconds), minutes),
    ]
    parts += [f"{board.in_flight} in flight"] if board.in_flight else []
    parts += [f"{board.retries:,} retried"] if board.retries else []
    return ", ".join(parts)


def board_lines(board: Board, width: int) -> list[Line]:
    """The live table, at most `width` columns wide."""
    rows = [_row(board, place, lane) for place, lane in enumerate(board.lanes)]
    headings = (Heading(f"{board.unit}s", 7), *HEADINGS)
    lines = [Line(f"  {standing(board)}", "dim", 2), *laid_out("candidate", headings, rows, width)]
    if board.trouble and board.ended is None:
        lines.append(Line(f"  {clean_line(board.trouble, 300)}", "yellow", 2))
    return lines


class _Quiet:
    """The ``with`` block of a listener that has nothing to tidy up."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace


class TableWatch(_Quiet):
    """Redraws the table a few times a second; it goes when the run ends, for the report follows."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self.board = Board(clock)
        self._live: Live | None = None

    def _drawing(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        width = self.console.width
        # More lines than the screen has cannot be redrawn in place: those that do not fit are left out.
        room = max(4, self.console.height - 2)
        lines = board_lines(self.board, width)
        if len(lines) > room:
            lines = [line for line in lines if not line.text.startswith("      ")][:room]
        encoding = self.console.encoding
        return Group(
            *(
                Text(encodable(line.text, encoding), style=line.style, no_wrap=True, overflow="ellipsis")
                for line in lines
            )
        )

    def __call__(self, event: Event, /) -> None:
        """Take in one event; drawing happens beside the run."""
        self.board(event)
        if isinstance(event, Started) and self._live is None:
            from rich.live import Live

            self._live = Live(
                get_renderable=self._drawing, console=self.console, refresh_per_second=FRAMES, transient=True
            )
            self._live.start()
        elif isinstance(event, Ended):
            self._stop()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._stop()


class LineWatch(_Quiet):
    """Prints a line every ten seconds or ten per cent, and at once when a candidate goes down."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self.board = Board(clock)
        self._printed = 0.0
        self._share = 0.0
        self._troubled = float("-inf")

    def _print(self, words: str) -> None:
        line = encodable(clean_line(words, 2000), self.console.encoding)
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _scores(self) -> str:
        board = self.board
        parts = []
        for place, lane in enumerate(board.lanes):
            if lane.mean is None:
                continue
            state = " leads" if place == board.leader else ("" if lane.alive else " (out)")
            parts.append(f"{lane.name} {figures.percent(lane.mean)}{state}")
        return "; ".join(parts)

    def __call__(self, event: Event, /) -> None:
        """Take in one event and print it if it is time."""
        board = self.board
        gone = {place for place, lane in enumerate(board.lanes) if lane.left_after is not None}
        board(event)
        now = board.clock()
        match event:
            case Started():
                many = figures.plural(len(board.lanes), "candidate")
                self._print(f"weighing {many} on {figures.plural(event.items, 'item')}, seed {board.seed}")
                self._printed = now
            case Down():
                self._print(f"{board.lanes[event.candidate].name} is out: {event.why}")
            case Retried() | Slowed() | Batched():
                if now - self._troubled >= EVERY_SECONDS:
                    self._print(board.trouble or "")
                    self._troubled = now
            case Ended():
                self._print(f"{board.ended}: {standing(board)}")
            case LookDone():
                for place, lane in enumerate(board.lanes):
                    if lane.left_after is not None and place not in gone:
                        after = figures.plural(lane.left_after, board.unit)
                        self._print(f"{lane.name} is out after {after}: {figures.percent(lane.mean)}")
        stepped = board.share >= self._share + EVERY_SHARE and now - self._printed >= 1.0
        if board.ended is None and (stepped or now - self._printed >= EVERY_SECONDS):
            self._print("; ".join(part for part in (standing(board), self._scores()) if part))
            self._printed, self._share = now, board.share
