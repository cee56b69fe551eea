"""Runs against a real server that answers slowly, out of order, or wrongly."""

from __future__ import annotations

import hashlib

import pytest

from faults import Call, FaultServer, Reply, cut, drop, empty, error_event, malformed, ok, status
from weighbridge.evidence import Budget, Price, Question, Status
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Sampling
from weighbridge.models.specs import open_model
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.weigh import weigh
from weighing.parts import Plain, task_of

HARD = Question(claim="population", epsilon=0.0)
QUICK = Limits(backoff=0.002, backoff_most=0.01)
FAILED = list(Status).index(Status.FAILED)


def text_for(call: Call) -> str:
    digest = hashlib.sha256(f"{call.model} {call.prompt}".encode()).digest()
    return "yes" if digest[0] < 128 else "no"


def candidates(url: str, *, price: Price, max_tokens: int = 8, concurrency: int = 64) -> list[Candidate]:
    return [
        Candidate(
            name,
            open_model(f"{url}#{name}", ModelOptions(concurrency=concurrency)),
            Plain(),
            Sampling(max_tokens=max_tokens),
            price,
        )
        for name in ("a", "b")
    ]


async def closed(ours: list[Candidate]) -> None:
    for one in ours:
        await one.model.close()


@pytest.mark.parametrize("calls", [10, 150])
async def test_a_cap_on_calls_holds_against_a_slow_server(store, calls):
    async with FaultServer(script=lambda call: ok(text_for(call)), jitter=(0.0, 0.05), reverse=16) as server:
        ours = candidates(server.url, price=Price(per_request=0.01))
        run = await weigh(task_of(400), ours, HARD, store=store, budget=Budget(calls=calls))
        assert len(server.calls) == calls
        assert run.stopped == "budget"
        assert run.outcome.kind == "undecided"
        await closed(ours)


@pytest.mark.parametrize("money", [0.12, 0.4])
async def test_a_cap_on_money_holds_against_a_slow_server(store, money):
    """The server bills by the tokens it reports; the bill is reckoned there, not here."""
    price = Price(input_per_million=1000.0, output_per_million=2000.0)
    async with FaultServer(script=lambda call: ok(text_for(call)), jitter=(0.0, 0.02), reverse=4) as server:
        ours = candidates(server.url, price=price)
        run = await weigh(task_of(400), ours, HARD, store=store, budget=Budget(money=money))
        billed = len(server.calls) * (1 * 1000 + 1 * 2000) / 1e6
        assert run.stopped == "budget"
        assert 0 < billed <= money
        assert run.spent_now == pytest.approx(billed)
        await closed(ours)


FAULTS: dict[str, Reply] = {
    "cut": cut(),
    "drop": drop(after=1),
    "refused": drop(),
    "500": status(500),
    "503": status(503, retry_after="0.01"),
    "429": status(429, retry_after="0.01"),
    "malformed": malformed(),
    "empty": empty(),
    "error in the stream": error_event(),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_that_passes_is_never_scored(store, fault):
    def script(call: Call) -> Reply:
        return FAULTS[fault] if call.seen == 0 and call.model == "a" else ok(text_for(call))

    async with FaultServer(script=script) as server:
        ours = candidates(server.url, price=Price(), concurrency=4)
        # Prompts are counted per server, so that only the first candidate to ask meets the fault.
        run = await weigh(task_of(12), ours, HARD, store=store, limits=QUICK)
        assert not (run.evidence.status == FAILED).any()
        for row, name in enumerate("ab"):
            for item in range(12):
                want = text_for(Call(0, f"item-{item}", 0, name, {}, {}))
                assert run.evidence.answers[row][item] in (want, None)
        assert run.retries > 0
        await closed(ours)


async def test_a_budget_below_one_call_is_said_so(store):
    async with FaultServer() as server:
        ours = candidates(server.url, price=Price(output_per_million=1e6))
        run = await weigh(task_of(9), ours, HARD, store=store, budget=Budget(money=0.5))
        assert not server.calls
        assert any("the next call may cost 8" in note for note in run.notes)
        await closed(ours)


async def test_a_hanging_server_is_given_up_at_the_deadline(store):
    from faults import hang

    async with FaultServer(
        script=lambda call: hang() if call.prompt == "item-3" and call.model == "a" else ok(text_for(call))
    ) as server:
        ours = candidates(server.url, price=Price(), concurrency=4)
        run = await weigh(task_of(8), ours, HARD, store=store, limits=Limits(deadline=0.3, backoff=0.002))
        assert run.evidence.status[0, 3] == FAILED
        assert int((run.evidence.status == FAILED).sum()) == 1
        await closed(ours)


async def test_a_wrong_key_is_told_with_its_fix(store):
    async with FaultServer(
        script=lambda call: status(401, message="bad key") if call.model == "b" else ok(text_for(call))
    ) as server:
        ours = candidates(server.url, price=Price())
        with pytest.raises(Exception, match="nothing is left to compare") as caught:
            await weigh(task_of(20), ours, HARD, store=store, limits=QUICK)
        assert "'b'" in str(caught.value)
        assert len([call for call in server.calls if call.model == "b"]) <= 8
        await closed(ours)


async def test_a_rate_limited_server_gets_every_answer_out(store):
    async with FaultServer(script=lambda call: ok(text_for(call), delay=0.01), limit=5) as server:
        ours = candidates(server.url, price=Price(), concurrency=32)
        run = await weigh(task_of(120), ours, HARD, store=store, limits=Limits(retries=5000, backoff=0.01))
        assert not (run.evidence.status == FAILED).any()
        assert sum(server.answered.values()) == run.calls_made
        await closed(ours)


async def test_a_server_that_dies_takes_down_its_candidate_only(store):
    async with FaultServer(script=lambda call: ok("yes" if call.model == "a" else text_for(call))) as steady:
        doomed = FaultServer(script=lambda call: ok("yes") if call.number < 12 else drop())
        async with doomed:
            urls = {"a": steady.url, "b": steady.url, "c": doomed.url}
            ours = [
                Candidate(name, open_model(f"{url}#{name}"), Plain(), Sampling(max_tokens=8), Price())
                for name, url in urls.items()
            ]
            run = await weigh(task_of(300), ours, HARD, store=store, limits=QUICK)
        assert list(run.dead) == ["c"]
        assert "stopped answering after 12 answers" in run.dead["c"]
        assert run.outcome.kind == "best"
        assert run.outcome.winners == (0,)
        await closed(ours)
