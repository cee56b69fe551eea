"""A real run, watched: the same events drawn as a table and as lines."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from report.sample import HOSTILE
from weighbridge.evidence import Budget, Question
from weighbridge.models.protocol import ModelError
from weighbridge.report.board import Board
from weighbridge.report.clean import cells
from weighbridge.report.live import LineWatch, TableWatch, board_lines, watch
from weighbridge.stats.rules import Look
from weighbridge.store import open_store
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import (
    Answered,
    Down,
    Ended,
    Event,
    LookDone,
    Retried,
    Slowed,
    Spent,
    Started,
    Tally,
)
from weighbridge.weighing.run import Run
from weighbridge.weighing.weigh import weigh
from weighing.parts import pair, task_of

QUICK = Limits(backoff=0.001, backoff_most=0.002)
BEST = Question(goal="best", claim="pool", epsilon=0.02)


async def weighed(tmp_path: Path, *watchers, items: int = 300, **settings) -> Run:
    candidates = settings.pop("candidates", None) or pair(0.95, 0.5, 0.3)

    def tell(event: Event) -> None:
        for watcher in watchers:
            watcher(event)

    with open_store(tmp_path / "answers.db") as store:
        return await weigh(task_of(items), candidates, BEST, store=store, seed=1, progress=tell, **settings)


async def test_the_board_ends_where_the_run_ends(tmp_path: Path) -> None:
    board = Board()
    run = await weighed(tmp_path, board)
    assert board.ended == run.stopped == "decided"
    assert board.answers == run.calls_made
    assert board.exhaustive == run.calls_exhaustive
    assert board.money == pytest.approx(run.spent)
    assert board.leader == run.outcome.leader
    for k, lane in enumerate(board.lanes):
        asked = run.evidence.asked[k]
        assert lane.items == asked.sum()
        assert lane.mean == pytest.approx(run.evidence.score[k, asked].mean())
        low, high = lane.interval
        assert low <= lane.mean <= high
        assert high - low > 0
        assert lane.cost_per_1000 == pytest.approx(10.0)
    assert board.lanes[2].why == run.outcome.out[2]


async def test_lines_say_who_left_and_how_it_ended(tmp_path: Path) -> None:
    out = io.StringIO()
    run = await weighed(tmp_path, LineWatch(Console(file=out, width=80)))
    lines = out.getvalue().splitlines()
    assert lines[0] == "weighing 3 candidates on 300 items, seed 1"
    names = [column.name for column in run.evidence.columns]
    for k in (1, 2):
        count = int(run.evidence.asked[k].sum())
        assert any(line.startswith(f"{names[k]} is out after {count} items: ") for line in lines)
    assert lines[-1].startswith(f"decided: {run.outcome.out and max(run.evidence.asked.sum(axis=1))} of 300 items")
    assert f"{run.calls_made:,} answers" in lines[-1]
    assert "\x1b" not in out.getvalue()


async def test_the_table_is_drawn_and_taken_away(tmp_path: Path) -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, height=30, force_terminal=True)
    with watch(console) as progress:
        assert isinstance(progress, TableWatch)
        await weighed(tmp_path, progress)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert "candidate" in text
    assert "of 300 items" in text
    assert out.getvalue().rstrip().endswith("\x1b[2K")
    assert "\x1b[?25h" in out.getvalue(), "the cursor must come back"


async def test_the_cursor_comes_back_after_an_error() -> None:
    out = io.StringIO()
    progress = watch(Console(file=out, width=80, force_terminal=True))

    def interrupted() -> None:
        with progress:
            progress(started(2))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert out.getvalue().rfind("\x1b[?25h") > out.getvalue().rfind("\x1b[?25l")


async def test_retries_and_a_candidate_that_goes_down_are_told(tmp_path: Path) -> None:
    out = io.StringIO()
    candidates = pair(0.9, 0.5, 0.6)

    def stumble(text: str, attempt: int) -> str | ModelError:
        return "yes" if attempt else ModelError("too many requests", kind="rate_limit")

    def broken(text: str, attempt: int) -> str | ModelError:
        return ModelError("the key was refused", kind="auth")

    candidates[0].model.speak, candidates[1].model.speak = stumble, broken
    board = Board()
    watcher = LineWatch(Console(file=out, width=80))
    run = await weighed(tmp_path, watcher, board, items=40, candidates=candidates, limits=QUICK)
    assert board.retries == run.retries >= 5
    assert re.search(r"b is out: .*key was refused", out.getvalue())
    assert "too many requests" in out.getvalue() or "asks for patience" in out.getvalue()


def started(count: int, names: tuple[str, ...] | None = None, budget: Budget | None = None) -> Started:
    return Started(
        names=names or tuple(f"candidate {k}" for k in range(count)),
        sides=("open",) * count,
        simulated=(False,) * count,
        repeats=(1,) * count,
        question=Question(),
        budget=budget or Budget(),
        seed=7,
        items=100,
        units=100,
        unit="item",
    )


def looked(count: int, drawn: int, spent: Spent) -> LookDone:
    values = np.full((count, 100), np.nan)
    values[:, :drawn] = np.random.default_rng(1).integers(0, 2, (count, drawn))
    look = Look(
        drawn=drawn,
        means=values[:, :drawn].mean(axis=1),
        counts=np.full(count, drawn, dtype=np.int64),
        alive=np.ones(count, dtype=bool),
        leader=0,
    )
    return LookDone(look, None, (Tally(answers=drawn, cost_mean=None),) * count, spent, values)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_are_rationed() -> None:
    out, clock = io.StringIO(), Clock()
    watcher = LineWatch(Console(file=out, width=80), clock)
    watcher(started(2))
    for n in range(200):
        clock.now += 0.5
        watcher(Answered(candidate=n % 2, item=n // 2, from_store=False, failed=False, seconds=0.1, cost=None))
        watcher(Retried(0, n, 1, "rate", "slow down", 0.1))
        watcher(Slowed("http://127.0.0.1:1", 4, 2.0))
    lines = out.getvalue().splitlines()
    # 100 seconds: a line for every tenth of the answers, and one about trouble every ten seconds.
    assert 20 <= len(lines) <= 23
    assert "200 answers" not in lines[1]
    assert lines[-1] == "0 of 100 items, 200 answers, $0, 100.0 s, 199 retried"


def test_the_budget_and_unknown_money_are_shown() -> None:
    clock = Clock()
    board = Board(clock)
    board(started(2, budget=Budget(money=2.0, calls=500, minutes=10)))
    board(looked(2, 50, Spent(money=0.5, calls=100, seconds=3, in_flight=8)))
    clock.now = 42.0
    text = "\n".join(line.text for line in board_lines(board, 80))
    for part in ("50 of 100 items", "of 500 calls", "$0.50 of $2.00", "42.0 s of 10 min 00 s", "8 in flight"):
        assert part in text
    board(looked(2, 60, Spent(money=None, calls=100, seconds=3, in_flight=8)))
    text = "\n".join(line.text for line in board_lines(board, 80))
    assert "money unknown" in text
    assert "unknown" in text.splitlines()[2]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_with_twenty_candidates_and_hostile_names(width: int) -> None:
    names = tuple(f"{HOSTILE}{k}" if k % 5 == 0 else f"candidate {k}" for k in range(20))
    board = Board()
    board(started(20, names))
    board(looked(20, 30, Spent(money=0.1, calls=600, seconds=3, in_flight=0)))
    board(Down(3, HOSTILE))
    lines = board_lines(board, width)
    assert all(cells(line.text) <= width for line in lines if not line.hang)
    assert not any(set(line.text) & set("\x00\u202e\x1b\n") for line in lines)
    out = io.StringIO()
    watcher = TableWatch(Console(file=out, width=width, height=12, force_terminal=True))
    with watcher:
        watcher(started(20, names))
        watcher(looked(20, 30, Spent(money=0.1, calls=600, seconds=3, in_flight=0)))
        watcher(Ended("decided", 1.0, Spent(0.1, 600, 1.0, 0)))
    assert "candidate 1 " in out.getvalue()
