"""Vendors' faults through a whole run: retried, or the candidate is out with a clear line; never scored."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dialects import dialect
from dialects.opening import AWS_SECRET, KEY, give_keys, open_at
from dialects.refusals import WORDS
from dialects.said import Said
from weighbridge.evidence import Price, Question, Status
from weighbridge.models.protocol import Sampling
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.store import open_store
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.run import Run
from weighbridge.weighing.weigh import weigh
from weighing.parts import Plain, task_of
from wire_server import JSON, Asked, Reply, WireServer

OWN = [name for name in ("openai", "azure", "anthropic", "google", "cohere", "bedrock", "ollama") if name in VENDORS]
HARD = Question(claim="population", epsilon=0.0)
QUICK = Limits(backoff=0.002, backoff_most=0.01)
ITEMS = 10
STATUSES = list(Status)
Faulty = Callable[[int], Reply | None]
"""(how often this prompt was asked before) -> what goes wrong, or None for an answer"""


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    give_keys(monkeypatch)


async def run_of(server: WireServer, name: str, faulty: Faulty, store: Path, sound: int = 0) -> Run:
    """Two candidates of one vendor, `out` and `well`; the first meets the fault, after `sound` good answers."""
    model_of = {"out": VENDORS[name].example, "well": f"{VENDORS[name].example}-well"}
    ours = [
        Candidate(
            label,
            open_at(server.url, name, model=model, concurrency=2),
            Plain(),
            Sampling(max_tokens=32),
            Price(per_request=0.01),
        )
        for label, model in model_of.items()
    ]
    module = dialect(ours[0].model.wire.name)
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def reply(asked: Asked) -> Reply:
        text = asked.data.decode() + asked.path
        item = next(f"item-{number}" for number in reversed(range(ITEMS)) if f"item-{number}" in text)
        bad = model_of["well"] not in text
        with lock:
            before = seen[item] if bad else 0
            answered = sum(count > 0 for count in seen.values())
            if bad:
                seen[item] += 1
        if bad and answered >= sound and (fault := faulty(before)) is not None:
            return fault
        return Reply(module.stream(Said("yes" if bad or hash(item) % 2 else "no")), module.STREAM)

    server.reply = reply
    with open_store(store / "answers.db") as opened:
        try:
            return await weigh(task_of(ITEMS), ours, HARD, store=opened, limits=QUICK)
        finally:
            for one in ours:
                await one.model.close()


def passing(name: str, fault: str) -> Reply:
    module = dialect(open_at("http://127.0.0.1:9", name).wire.name)
    words = WORDS[open_at("http://127.0.0.1:9", name).wire.name]
    whole = module.stream(Said("yes but not quite", pieces=6))
    return {
        "429": words.reply(429, "slow down"),
        "429 with a wait": words.reply(429, "slow down", retry_after="0.01"),
        "529": words.reply(529, "overloaded"),
        "500": words.reply(500),
        "cut": Reply(whole[: len(whole) // 2], module.STREAM),
        "torn": Reply(whole[: len(whole) // 2], module.STREAM, broken=True),
        "dropped": Reply(b"", broken=True),
        "malformed": Reply(b'{"id": [', JSON),
    }[fault]


@pytest.mark.parametrize("fault", ["429", "429 with a wait", "529", "500", "cut", "torn", "dropped", "malformed"])
@pytest.mark.parametrize("name", OWN)
async def test_a_fault_that_passes_is_retried_and_never_scored(
    server: WireServer, tmp_path: Path, name: str, fault: str
) -> None:
    wrong = passing(name, fault)
    run = await run_of(server, name, lambda before: wrong if before == 0 else None, tmp_path)
    assert run.retries >= ITEMS // 2
    assert not run.dead
    assert not (run.evidence.status == STATUSES.index(Status.FAILED)).any()
    assert {text for text in run.evidence.answers[0] if text is not None} == {"yes"}


FATAL = {"an expired key": 401, "no credit": 0, "no such model": 404}


@pytest.mark.parametrize("fault", FATAL)
@pytest.mark.parametrize("name", OWN)
async def test_a_fault_that_stays_takes_the_candidate_out(
    server: WireServer, tmp_path: Path, name: str, fault: str
) -> None:
    words = WORDS[open_at(server.url, name).wire.name]
    secret = AWS_SECRET if name == "bedrock" else KEY
    if FATAL[fault]:
        wrong = words.reply(FATAL[fault], f"it repeats {secret}" if VENDORS[name].key_envs else "no")
    elif words.quota is None:
        pytest.skip("the vendor has no such refusal")
    else:
        wrong = Reply(words.quota[1], JSON, words.quota[0])
    before = len(server.asked)
    try:
        run = await run_of(server, name, lambda _: wrong, tmp_path)
    except Exception as error:  # whatever ends the run, its words are what the user reads
        line = str(error)
    else:
        assert list(run.dead) == ["out"]
        line = run.dead["out"]
        failed = run.evidence.status[0] == STATUSES.index(Status.FAILED)
        assert not [text for text, bad in zip(run.evidence.answers[0], failed, strict=True) if text and not bad]
    assert "out" in line or name in line
    assert secret not in line
    asked = [
        one for one in server.asked[before:] if f"{VENDORS[name].example}-well" not in one.data.decode() + one.path
    ]
    assert len(asked) <= 4, "nobody asks again what can only be refused again"
    assert secret.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
