"""Times as users feel them, under a stated number of calls at once, with intervals that hold."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import pytest
from rich.console import Console
from tests.decide.tables import evidence_of
from tests.weighing.parts import LocalModel, candidate, coin, task_of

from weighbridge import compare
from weighbridge.decide.timing import per_token, timing
from weighbridge.evidence import Question
from weighbridge.report.terminal import render
from weighbridge.store import open_store
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.measure import measure


@dataclass
class Streams(LocalModel):
    """Waits for its first token, then gives ten more, one after each pause."""

    first: float = 0.004
    pause: float = 0.001

    async def complete(self, request):
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(self.first)
        first = loop.time() - began
        await asyncio.sleep(10 * self.pause)
        answer = await super().complete(request)
        usage = msgspec.structs.replace(
            answer.usage, output_tokens=11, first_token=first, duration=loop.time() - began
        )
        return msgspec.structs.replace(answer, usage=usage)


def streams(name: str, slots: int = 4):
    return candidate(Streams(name, coin(name, 0.5), place=f"here://{name}", slots=slots, fixed=True))


async def test_first_token_and_pace_are_measured_apart(tmp_path):
    with open_store(tmp_path / "a.db") as store:
        found = await measure(task_of(80), [streams("a")], store=store)
        kept = [answer.completion.usage.concurrency for answer in store.answers()]
    times = timing(found.evidence, 0, 0.05)
    assert 0.004 <= times.first_token_p50 < 0.012
    assert 0.001 <= times.per_token_p50 < 0.003
    assert times.latency_p50 == pytest.approx(times.first_token_p50 + 10 * times.per_token_p50, rel=0.2)
    for low, high in (times.latency_p50_interval, times.first_token_p50_interval, times.per_token_p50_interval):
        assert low <= high
    assert max(kept) == times.concurrency_most == 4
    assert times.concurrency_least >= 1


async def test_times_are_stated_under_the_load_that_is_asked_for(tmp_path):
    with open_store(tmp_path / "a.db") as store:
        await measure(task_of(30), [streams("a", 8)], store=store)
        one = streams("a", 8)
        quiet = Limits(latency_concurrency=1)
        found = await measure(task_of(50), [one], store=store, limits=quiet)
        assert one.model.peak == 1
        times = timing(found.evidence, 0, 0.05)
        # Scores of all fifty; times only of the twenty that were taken one by one.
        assert found.evidence.asked[0].all()
        timed = int(np.isfinite(found.evidence.latency[0]).sum())
        assert 20 <= timed < 30
        assert times.concurrency_least == times.concurrency_most == 1


def test_the_decision_and_its_report_say_so(tmp_path):
    decision = compare(
        task=task_of(60),
        candidates=[streams("a"), streams("b", 2)],
        store=tmp_path / "answers.db",
        question=Question(epsilon=0, claim="pool"),
    )
    a, b = decision.candidates
    assert a.first_token_p95 >= a.first_token_p50
    assert a.per_token_p95_interval[0] > 0
    assert (a.concurrency_most, b.concurrency_most) == (4, 2)
    said = msgspec.json.decode(decision.to_json())["candidates"][0]
    assert said["per_token_p50"] == a.per_token_p50
    console = Console(width=100, record=True, file=io.StringIO())
    render(decision, console)
    shown = " ".join(console.export_text().split())
    assert "ms per token" in shown
    assert "to 4 calls at once" in shown or "with 4 calls at once" in shown
    from weighbridge.report.html import render_html

    page = render_html(decision, decision.evidence)
    assert "per token" in page
    assert "calls at once" in page


def test_what_was_not_streamed_has_no_pace():
    evidence = evidence_of(np.ones((2, 5)))
    shape = evidence.latency.shape
    evidence = replace(
        evidence,
        latency=np.full(shape, 2.0),
        first_token=np.array([[1.0, np.nan, 1.0, 1.0, 1.0], [1.0] * 5]),
        tokens_out=np.array([[11.0, 11.0, 1.0, np.nan, 3.0], [2.0] * 5]),
    )
    assert per_token(evidence, 0).tolist() == pytest.approx([0.1, np.nan, np.nan, np.nan, 0.5], nan_ok=True)


def test_intervals_hold_the_true_quantile_as_often_as_they_say():
    random = np.random.default_rng(5)
    held = []
    truth = np.exp(1.0 * 1.6448536269514722)
    base = evidence_of(np.ones((1, 120)))
    for _ in range(400):
        drawn = random.lognormal(0.0, 1.0, (1, 120))
        found = timing(replace(base, latency=drawn), 0, 0.05)
        low, high = found.latency_p95_interval
        held.append(low <= truth and (high is None or truth <= high))
    assert np.mean(held) >= 0.93
