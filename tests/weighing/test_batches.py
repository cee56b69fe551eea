"""Whole runs with candidates that answer in batches, alone, together, and beside live ones."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from batch_vendors import BatchVendors
from weighbridge.cli.main import cli
from weighbridge.evidence import Budget, Question
from weighbridge.models.protocol import Request
from weighbridge.models.remote.batch.lots import Patience
from weighbridge.store import open_store
from weighbridge.tasks.item import Message
from weighbridge.weighing.ahead import round_end, rounds
from weighbridge.weighing.bill import Bill
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.lot_log import LotLog
from weighbridge.weighing.measure import measure
from weighbridge.weighing.plan import plan
from weighbridge.weighing.progress import Batched
from weighbridge.weighing.weigh import weigh
from weighing.lots import LIVE, OPENED, SPECS, batched
from weighing.parts import LocalModel, candidate, heard, pair, task_of

HARD = Question(claim="pool", epsilon=0.0)
QUICK = Limits(backoff=0.01, backoff_most=0.02, grace=30.0)


@pytest.fixture(autouse=True)
async def _models(monkeypatch: pytest.MonkeyPatch):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(name, "sk-planted-0123456789")
    yield
    while OPENED:
        await OPENED.pop().close()


@pytest.fixture
def server():
    with BatchVendors(answer=lambda vendor, prompt: "yes") as running:
        yield running


def test_rounds_double_and_end_with_the_items():
    assert [round_end(p, 64, 500) for p in (0, 63, 64, 127, 128, 300, 499)] == [64, 64, 128, 128, 256, 500, 500]
    assert [rounds(n, 64, 500) for n in (0, 1, 64, 65, 500)] == [0, 1, 1, 2, 4]


@given(st.integers(0, 10**6), st.integers(1, 10**4), st.integers(1, 10**6))
def test_a_round_holds_the_draw_and_is_at_most_twice_what_is_needed(position, first, total):
    position %= total
    end = round_end(position, first, total)
    assert position < end <= total
    assert end <= max(first, 2 * position)
    assert round_end(end - 1, first, total) == end


@pytest.mark.parametrize("vendor", list(SPECS))
async def test_every_item_is_asked_once_and_billed_at_the_batch_price(store, server, vendor):
    one = batched(vendor, server, first=8)
    run = await measure(task_of(40), [one], store=store, limits=QUICK)
    assert run.complete
    assert len(server.asked()) == len(set(server.asked())) == 40
    assert run.evidence.cost[0].tolist() == pytest.approx([LIVE / 2] * 40)
    answers = list(store.answers())
    assert all(answer.completion.usage.batched for answer in answers)
    assert all(answer.completion.usage.duration is None for answer in answers)
    assert {answer.completion.model for answer in answers} != {None}
    assert LotLog(store).open() == []
    before = len(server.calls)
    again = await measure(task_of(40), [batched(vendor, server, first=8)], store=store, limits=QUICK)
    assert again.from_store == 40
    assert len(server.calls) == before


async def test_a_batch_candidate_beside_a_live_one_leaves_the_looks_and_the_live_calls_as_they_are(store, server):
    live = pair(0.5)
    one = batched("openai", server)
    events: list = []
    run = await weigh(task_of(400), [one, *live], HARD, store=store, seed=3, limits=QUICK, progress=events.append)
    assert run.outcome.kind == "best"
    drawn = run.looks[-1].drawn
    # The live one was asked for what the race needed, the other for whole rounds: at most twice as many.
    asked = live[0].model.asked
    assert len(asked) == int(run.looks[-1].counts[1])
    assert len(server.asked()) == round_end(drawn - 1, 16, 400)
    assert len(server.asked()) <= 2 * drawn
    assert len(server.lots) == rounds(drawn, 16, 400)
    assert len(run.looks) > len(server.lots)
    early = len(server.asked()) - int(run.looks[-1].counts[0])
    assert any(f"{early:,} answers were asked ahead" in note for note in run.notes)
    # All that came is kept and paid; the evidence holds what the race drew.
    assert run.evidence.asked[0].sum() == run.looks[-1].counts[0]
    assert run.calls_from_store == 0
    assert run.spent_now == pytest.approx(len(server.asked()) * LIVE / 2 + len(asked) * 0.01)
    assert heard(events, Batched)


async def test_the_verdict_is_that_of_a_live_run(store, server, tmp_path):
    server.answer = lambda vendor, prompt: "yes" if int(prompt.split("-")[1]) % 5 else "no"
    run = await weigh(task_of(200), [batched("openai", server), *pair(0.5)], HARD, store=store, seed=3, limits=QUICK)
    with open_store(tmp_path / "live.db") as other:
        one = batched("openai", server)
        one.model.lots = None
        live = await weigh(task_of(200), [one, *pair(0.5)], HARD, store=other, seed=3, limits=QUICK)
        assert server.live
    assert (run.outcome.kind, run.outcome.winners, len(run.looks)) == (
        live.outcome.kind,
        live.outcome.winners,
        len(live.looks),
    )


async def test_three_vendors_wait_side_by_side(store, server):
    candidates = [batched(vendor, server, first=32) for vendor in SPECS]
    run = await weigh(task_of(32), candidates, HARD, store=store, limits=QUICK)
    assert {lot.vendor for lot in server.lots} == set(SPECS)
    assert run.evidence.asked.all()


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
async def test_what_expired_is_asked_again_and_what_was_refused_is_not(store, server, vendor):
    seen: dict[str, int] = {}

    def answer(_: str, prompt: str):
        seen[prompt] = seen.get(prompt, 0) + 1
        if prompt == "item-3":
            return {"type": "invalid_request_error", "message": "too long", "status": 400}
        return "yes"

    server.answer = answer
    server.fate = lambda lot: "expired" if len(server.lots) == 0 else "ended"
    run = await measure(task_of(12), [batched(vendor, server)], store=store, limits=QUICK)
    assert run.complete
    assert len(server.lots) == 2
    assert sorted(run.evidence.score[0].tolist()) == [0.0] + [1.0] * 11
    assert len(list(store.answers())) == 11
    assert LotLog(store).open() == []


async def test_a_whole_batch_of_gemini_that_expired_is_asked_again(store, server):
    server.fate = lambda lot: "expired" if len(server.lots) == 0 else "ended"
    run = await measure(task_of(12), [batched("google", server)], store=store, limits=QUICK)
    assert run.complete
    assert len(server.lots) == 2
    assert run.evidence.cost[0].sum() == pytest.approx(12 * LIVE / 2)


async def test_what_keeps_expiring_is_given_up_after_the_attempts(store, server):
    server.fate = lambda lot: "expired"
    limits = Limits(backoff=0.01, backoff_most=0.02, attempts=3)
    run = await weigh(task_of(12), [batched("openai", server), *pair(0.5, 0.6)], HARD, store=store, limits=limits)
    assert len(server.lots) == 3
    assert "openai" in run.dead


@pytest.mark.parametrize("vendor", list(SPECS))
async def test_a_batch_that_the_vendor_refuses_whole_takes_the_candidate_down_with_its_words(store, server, vendor):
    server.fate = lambda lot: "failed" if vendor != "anthropic" else "ended"
    if vendor == "anthropic":
        told = {"type": "error", "error": {"type": "invalid_request_error", "message": "bad line"}}
        server.before = lambda method, path: (400, told, {}) if method == "POST" else None
    run = await weigh(task_of(12), [batched(vendor, server), *pair(0.5, 0.6)], HARD, store=store, limits=QUICK)
    assert "bad line" in run.dead[vendor]
    assert len(server.lots) <= 1


async def test_a_wrong_key_takes_the_candidate_down_and_sends_nothing(store, server):
    server.before = lambda method, path: (401, {"error": {"message": "bad key"}}, {})
    run = await weigh(task_of(12), [batched("openai", server), *pair(0.5, 0.6)], HARD, store=store, limits=QUICK)
    assert "bad key" in run.dead["openai"]
    assert "OPENAI_API_KEY" in run.dead["openai"]
    assert server.lots == []


@pytest.mark.parametrize("vendor", list(SPECS))
async def test_a_batch_whose_receipt_was_lost_is_found_and_not_sent_twice(store, server, vendor):
    server.after = lambda method, path: (
        method == "POST" and path.endswith(("/batches", "GenerateContent")) and len(server.lots) == 1
    )
    run = await measure(task_of(12), [batched(vendor, server)], store=store, limits=QUICK)
    assert run.complete
    assert len(server.lots) == 1


@pytest.mark.parametrize("vendor", list(SPECS))
async def test_looks_that_fail_are_made_again(store, server, vendor):
    fails = iter([503, 503, 500])

    def before(method: str, path: str):
        if method == "GET" and "batch" in path and "?" not in path and server.lots:
            status = next(fails, None)
            return None if status is None else (status, {"error": {"message": "busy"}}, {})
        return None

    server.before = before
    run = await measure(task_of(12), [batched(vendor, server)], store=store, limits=QUICK)
    assert run.complete
    assert len(server.lots) == 1


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
@pytest.mark.parametrize("cut", [1, 2, 40, 900])
async def test_results_that_end_too_soon_are_read_again_and_nothing_of_the_broken_line_is_kept(
    store, server, vendor, cut
):
    server.cut = cut
    run = await measure(task_of(12), [batched(vendor, server)], store=store, limits=QUICK)
    assert run.complete
    assert {answer.completion.text for answer in store.answers()} == {"yes"}
    assert len(server.asked()) == len(set(server.asked())) or cut > 300


async def test_an_interrupted_run_cancels_its_batch_and_keeps_what_was_done(store, server):
    server.looks = 10**9
    halt = Halt()

    def progress(event: object) -> None:
        if isinstance(event, Batched):
            halt.call("interrupted")

    run = await weigh(
        task_of(12),
        [batched("openai", server), *pair(0.5)],
        HARD,
        store=store,
        limits=QUICK,
        progress=progress,
        halt=halt,
    )
    assert run.stopped == "interrupted"
    assert server.lots[0].cancelled
    assert any("was cancelled" in note for note in run.notes)
    kept = [answer for answer in store.answers() if answer.source.candidate == "openai"]
    assert len(kept) == 6
    server.looks = 1
    again = await weigh(task_of(12), [batched("openai", server), *pair(0.5)], HARD, store=store, limits=QUICK)
    assert again.stopped in ("decided", "pool exhausted")
    # Only what the first batch left undone went out again.
    assert [len(lot.requests) for lot in server.lots] == [12, 6]


async def test_a_spent_budget_leaves_the_batch_at_the_vendor_for_the_next_run(store, server):
    server.looks = 10**9
    halt = Halt()

    def progress(event: object) -> None:
        if isinstance(event, Batched):
            halt.call("budget")

    one = [batched("openai", server), *pair(0.5)]
    run = await weigh(task_of(12), one, HARD, store=store, limits=QUICK, progress=progress, halt=halt)
    assert run.stopped == "budget"
    assert not server.lots[0].cancelled
    assert any("still at the vendor" in note for note in run.notes)
    server.looks = 0
    again = await weigh(task_of(12), [batched("openai", server), *pair(0.5)], HARD, store=store, limits=QUICK)
    assert len(server.lots) == 1
    assert again.evidence.asked[0].sum()
    # The batch was paid by the run before: this one pays for nothing but live calls.
    assert again.spent_now is not None
    assert (again.spent_now / 0.01) % 1 == pytest.approx(0.0, abs=1e-6)


async def test_money_holds_back_what_it_cannot_pay_for(store, server):
    one = batched("openai", server, first=64)
    bill, asked = Bill(one, 60.0), Request((Message("user", "item-10"),), one.sampling)
    worst = bill.at_most(asked, batched=True)
    assert worst == pytest.approx(bill.at_most(asked) / 2)
    run = await measure(task_of(64), [one], store=store, limits=QUICK, budget=Budget(money=worst * 10))
    assert not run.complete
    paid = len(server.asked()) * LIVE / 2
    assert 10 <= len(server.asked()) < 64
    assert paid <= worst * 10
    assert len(server.asked()) == len(set(server.asked())) == len(list(store.answers()))


async def test_a_vendor_without_room_is_asked_again_and_no_attempt_is_counted(store, server):
    def fate(lot) -> str:
        return "full" if len(server.lots) < 8 else "ended"

    server.fate = fate
    one = batched("openai", server)
    one.model.lots.patience = Patience(first=0.01, most=0.02)
    run = await measure(task_of(12), [one], store=store, limits=Limits(attempts=2, backoff=0.01))
    assert run.complete
    assert len(server.lots) == 9


async def test_a_budget_of_calls_is_shared_between_candidates(store, server):
    live = pair(0.5)
    one = batched("openai", server, first=64)
    await weigh(task_of(100), [one, *live], HARD, store=store, limits=QUICK, budget=Budget(calls=40))
    assert len(server.asked()) + len(live[0].model.asked) <= 40
    assert abs(len(server.asked()) - len(live[0].model.asked)) <= 6


async def test_a_server_without_a_list_of_batches_still_takes_them(store, server):
    server.before = lambda method, path: (404, {"error": "no"}, {}) if path.startswith("/v1/batches?") else None
    assert (await measure(task_of(12), [batched("openai", server)], store=store, limits=QUICK)).complete


async def test_a_lost_receipt_without_a_list_is_never_sent_again(store, server):
    server.before = lambda method, path: (404, {"error": "no"}, {}) if path.startswith("/v1/batches?") else None
    server.after = lambda method, path: method == "POST" and path.endswith("/batches")
    for _ in range(2):
        run = await weigh(task_of(12), [batched("openai", server), *pair(0.5, 0.6)], HARD, store=store, limits=QUICK)
        assert "openai" in run.dead
    assert len(server.lots) == 1
    server.before = lambda method, path: None
    assert (await measure(task_of(12), [batched("openai", server)], store=store, limits=QUICK)).complete
    assert len(server.lots) == 1


async def test_two_runs_at_once_over_one_store_send_each_request_once(tmp_path, server):
    server.looks = 20
    with open_store(tmp_path / "answers.db") as one, open_store(tmp_path / "answers.db") as two:
        runs = await asyncio.gather(
            *(measure(task_of(24), [batched("openai", server)], store=store, limits=QUICK) for store in (one, two))
        )
    assert all(run.complete for run in runs)
    assert len(server.asked()) == len(set(server.asked())) == 24


async def test_a_plan_asks_its_pilot_live_and_reckons_with_the_batch_price(store, server):
    one = batched("openai", server, first=16)
    found = await plan(task_of(200), [one, *pair(0.5)], HARD, store=store, pilot=4, limits=QUICK)
    assert len(server.live) == 4
    assert server.lots == []
    row = found.rows[0]
    assert row.worst.money == pytest.approx(200 * LIVE / 2)
    assert row.worst.minutes is None
    assert row.likely.calls == round_end(row.likely.calls - 1, 16, 200)
    assert found.pilot.money == pytest.approx(4 * LIVE + 4 * 0.01)
    [note] = [note for note in found.notes if "in batches" in note]
    assert "at 0.5 of the live price" in note
    assert "24 hours" in note
    assert "at most 5" in note


async def test_a_plan_without_calls_reckons_with_the_batch_price(store, server):
    one = batched("openai", server)
    dear = await plan(task_of(50), [one, *pair(0.5)], HARD, store=store, ask=False, limits=QUICK)
    one.model.lots = None
    live = await plan(task_of(50), [one, *pair(0.5)], HARD, store=store, ask=False, limits=QUICK)
    assert dear.rows[0].worst.money == pytest.approx(live.rows[0].worst.money / 2)
    assert server.calls == []


async def test_no_secret_is_in_the_store_of_a_run_in_batches(store, server, tmp_path):
    await measure(task_of(12), [batched("anthropic", server)], store=store, limits=QUICK)
    store.close()
    for path in tmp_path.iterdir():
        assert b"sk-planted" not in path.read_bytes()


async def test_what_is_still_at_a_vendor_is_listed(tmp_path, server):
    server.looks = 10**9
    halt = Halt()

    def progress(event: object) -> None:
        if isinstance(event, Batched):
            halt.call("budget")

    path = tmp_path / "answers.db"
    command = ["store", "batches", "--store", str(path)]
    with open_store(path) as store:
        await measure(
            task_of(1), [batched("openai", server)], store=store, limits=QUICK, progress=progress, halt=halt
        )
    text = CliRunner().invoke(cli, command)
    assert text.exit_code == 0
    assert "batch_0000, 1 request, " in text.output
    assert "openai (openai:gpt-4o-mini)" in text.output
    assert all(len(line) <= 80 for line in text.output.splitlines())
    [row] = json.loads(CliRunner().invoke(cli, [*command, "--json"]).output)
    assert (row["id"], row["candidate"], row["requests"], row["step"]) == ("batch_0000", "openai", 1, "known")
    server.looks = 0
    with open_store(path) as store:
        await measure(task_of(1), [batched("openai", server)], store=store, limits=QUICK)
    assert CliRunner().invoke(cli, command).output == "no batch is out\n"


class _Moving(LocalModel):
    """Another version of the model answers from the third call on."""

    async def complete(self, request: Request):
        version = f"v{1 + (len(self.asked) >= 2)}"
        return msgspec.structs.replace(await super().complete(request), model=version)


async def test_a_model_that_changes_stops_the_run_and_cancels_the_batch_that_is_out(store, server):
    server.looks = 10**9
    live = candidate(_Moving("v", place="here://v", wait=lambda number: 0.3))
    run = await weigh(task_of(12), [batched("openai", server), live], HARD, store=store, limits=QUICK)
    assert run.stopped == "version changed"
    assert all(lot.cancelled for lot in server.lots)
    assert len(server.asked()) == len(set(server.asked()))
