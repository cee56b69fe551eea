"""Looks at models in this process: what is kept, what is asked, what a change looks like, and what is refused."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field, replace
from itertools import count

import msgspec
import pytest

from weighbridge.drifting import Drift, watch
from weighbridge.errors import UsageError
from weighbridge.evidence import Budget, Completion, Price, Question
from weighbridge.models.protocol import ModelError, Request
from weighbridge.store import Selection, Store, open_store
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.measure import measure
from weighing.parts import LocalModel, Plain, candidate, task_of

TASK = task_of(120)
LIVES = count()
QUICK = Limits(backoff=0.0, attempts=2, give_up=4)


@dataclass
class Vendor(LocalModel):
    """Right on a share of the items; `noise` of its answers are thrown anew each time. `swap` makes another model."""

    share: float = 0.8
    noise: float = 0.1
    salt: str = "january"
    version: str | None = None
    system: str | None = None
    life: int = field(default_factory=lambda: next(LIVES))

    async def complete(self, request: Request) -> Completion:
        answer = await super().complete(request)
        text = request.messages[-1].content
        digest = hashlib.sha256(f"{self.salt} {text}".encode()).digest()
        # Thrown by what is asked and how often it was: the same whatever comes first.
        throw = random.Random(f"{self.life} {text} {self.asked.count(text)}")
        level = throw.random() if throw.random() < self.noise else int.from_bytes(digest[:4]) / 2**32
        said = "yes" if level < self.share else "no"
        return msgspec.structs.replace(answer, text=said, model=self.version, fingerprint=self.system)


def vendor(name: str = "v", **settings: object) -> Vendor:
    return Vendor(name, place=f"https://{name}.test", slots=16, **settings)


async def look(store: Store, *models: Vendor, **settings) -> Drift:
    candidates = [candidate(model) for model in models]
    settings.setdefault("limits", QUICK)
    return await watch(TASK, candidates, Question(), store=store, **settings)


@pytest.fixture
def store(tmp_path):
    global LIVES
    LIVES = count()
    with open_store(tmp_path / "answers.db") as opened:
        yield opened


async def test_the_first_call_keeps_answers_and_the_next_ones_look(store):
    model = vendor()
    first = await look(store, model)
    (one,) = first.candidates
    assert (one.state, one.anchors, one.looks) == ("begun", 50, ())
    assert len(model.asked) == first.calls == 100, "two answers to each of 50 anchors"
    second = await look(store, model)
    (one,) = second.candidates
    assert second.calls == 100
    assert one.state == "not shown"
    assert [entry.number for entry in one.looks] == [1]
    assert one.looks[0].anchors == 50
    assert one.evidence < 1
    third = await look(store, model)
    assert [entry.number for entry in third.candidates[0].looks] == [1, 2]
    assert third.candidates[0].looks[0] == one.looks[0], "the history stays as it was"
    told = await look(store, model, ask=False)
    assert told.calls == 0
    assert told.stopped == "no calls"
    assert len(model.asked) == 300
    assert told.candidates[0].looks == third.candidates[0].looks
    assert msgspec.json.decode(told.to_json(), type=Drift) == told


async def test_a_runs_answers_are_what_the_first_look_is_held_against(store):
    model = vendor()
    await measure(TASK, [candidate(model)], store=store)
    paid = len(model.asked)
    found = await look(store, model, anchors=40)
    assert len(model.asked) - paid == 80, "the kept answers are the run's own"
    assert found.candidates[0].state == "not shown"
    assert found.candidates[0].looks[0].anchors == 40
    again = await measure(TASK, [candidate(model)], store=store)
    assert again.from_store == again.calls, "looks leave a run's answers alone"


async def test_too_few_stored_answers_are_completed_first(store):
    model = vendor()
    small = replace(TASK, items=TASK.items[:6])
    await measure(small, [candidate(model)], store=store)
    found = await look(store, model)
    assert found.candidates[0].state == "begun"
    found = await look(store, model)
    assert found.candidates[0].state == "not shown"


async def test_a_swapped_model_is_found_and_stays_found(store):
    await look(store, vendor())
    await look(store, vendor())
    swapped = await look(store, vendor(salt="march"))
    (one,) = swapped.candidates
    assert one.state == "changed"
    assert "answers" in one.causes
    assert swapped.changed == ("v",)
    assert one.evidence >= 1
    assert one.error <= 0.05
    assert one.looks[-1].apart > one.looks[-1].own + 0.1
    assert "has changed since" in one.sentence
    (finding,) = swapped.findings
    assert (finding.dimension, finding.met) == ("drift", "not met")
    assert "--renew" in (finding.would_change or "")
    still = await look(store, vendor())
    assert still.candidates[0].state == "changed", "evidence over all looks never falls"


async def test_a_fall_of_the_score_is_found_as_one(store):
    await look(store, vendor(noise=0.3), anchors=100)
    found = await look(store, vendor(noise=0.3, share=0.45), anchors=100)
    (one,) = found.candidates
    assert "score" in one.causes
    assert one.looks[0].change < -0.15
    low, high = one.looks[0].interval
    assert low < one.looks[0].change < high < 0


async def test_renewing_keeps_new_answers_and_counts_anew(store):
    await look(store, vendor())
    assert (await look(store, vendor(salt="march"))).changed
    renewed = await look(store, vendor(salt="march"), renew=True)
    assert renewed.candidates[0].state == "begun"
    assert renewed.calls == 100
    after = await look(store, vendor(salt="march"))
    assert after.candidates[0].state == "not shown"
    assert [entry.number for entry in after.candidates[0].looks] == [1]


async def test_what_the_vendor_says_is_a_fact_of_its_own(store):
    await look(store, vendor(version="v-2026-01", system="fp_1"))
    same = await look(store, vendor(version="v-2026-01", system="fp_2"))
    assert same.candidates[0].state == "not shown", "another system alone is no change"
    assert [finding.dimension for finding in same.findings] == ["drift", "fingerprint"]
    assert same.findings[1].met == "unknown"
    moved = await look(store, vendor(version="v-2026-06", system="fp_2"))
    (one,) = moved.candidates
    assert one.state == "changed"
    assert one.causes == ("version",)
    assert one.new_versions == ("v-2026-06",)
    assert "its answers do not show it" in one.sentence
    finding = next(finding for finding in moved.findings if finding.dimension == "version")
    assert finding.met == "not met"
    assert "'v-2026-06' now" in finding.statement


async def test_a_budget_ends_a_look_and_the_next_call_goes_on(store):
    model = vendor()
    await look(store, model)
    cut = await look(store, model, budget=Budget(money=0.305))
    assert cut.stopped == "budget"
    assert cut.calls == 30
    assert cut.spent is not None
    assert cut.spent <= 0.305
    assert cut.candidates[0].state == "unfinished"
    rest = await look(store, model)
    assert rest.calls == 70, "no answer is paid for twice"
    assert rest.planned_calls == 70
    assert rest.planned == pytest.approx(0.70)
    assert [entry.number for entry in rest.candidates[0].looks] == [1]
    assert rest.candidates[0].looks[0].cost == pytest.approx(1.0)


async def test_what_is_coming_is_told_before_it_is_paid_for(store):
    model = vendor()
    heard = []
    await look(store, model, told=lambda coming: heard.append((coming, len(model.asked))))
    await look(store, model, told=lambda coming: heard.append((coming, len(model.asked))))
    assert [(one.calls, one.looks, asked) for one, asked in heard] == [(100, (0,), 0), (100, (1,), 100)]
    assert heard[1][0].money == pytest.approx(1.0)
    assert heard[1][0].at_most == pytest.approx(1.0)


async def test_alpha_is_shared_among_the_models_that_could_change(store):
    many = [vendor(name) for name in "abcd"]
    rule = LocalModel("rule", local=True, place="rule")
    candidates = [*map(candidate, many), candidate(rule)]
    found = await watch(TASK, candidates, Question(), store=store, limits=QUICK)
    assert found.watched == 4
    assert [one.name for one in found.candidates] == list("abcd")
    assert not rule.asked
    alone = await watch(TASK, candidates, Question(), store=store, limits=QUICK, names=["b"])
    assert alone.watched == 4, "to look at one alone does not make the promise cheaper"
    assert [one.name for one in alone.candidates] == ["b"]


async def test_an_answer_that_never_comes_leaves_its_anchor_out(store):
    await look(store, vendor())
    broken = vendor(speak=lambda text, attempt: ModelError("no", kind="bad_request") if text.endswith("7") else "yes")
    found = await look(store, broken, limits=Limits(backoff=0.0, attempts=2, give_up=40))
    (one,) = found.candidates
    assert one.looks, one.sentence
    assert one.looks[0].left_out > 0
    assert one.looks[0].anchors + one.looks[0].left_out == 50


async def test_a_model_that_is_down_says_so(store):
    await look(store, vendor())
    found = await look(store, vendor(speak=lambda text, attempt: ModelError("wrong key", kind="auth")))
    assert found.candidates[0].state == "down"
    assert "wrong key" in found.candidates[0].sentence
    healed = await look(store, vendor())
    assert [entry.number for entry in healed.candidates[0].looks] == [1]


async def test_pruned_answers_are_kept_anew(store):
    await look(store, vendor())
    await look(store, vendor())
    store.prune(Selection(candidate="v"))
    found = await look(store, vendor())
    assert found.candidates[0].state == "begun"
    assert any("were pruned" in note for note in found.warnings)


async def test_changed_questions_are_refused(store):
    await look(store, vendor())
    other = Candidate(
        "v", vendor(), Plain(), sampling=msgspec.structs.replace(candidate(vendor()).sampling, top_p=0.5)
    )
    with pytest.raises(UsageError, match="asked otherwise") as refused:
        await watch(TASK, [other], Question(), store=store)
    assert "--renew" in (refused.value.fix or "")
    assert refused.value.where == "candidates: v"
    with pytest.raises(UsageError, match="50 anchors, and 20 are asked for"):
        await look(store, vendor(), anchors=20)
    with pytest.raises(UsageError, match="no longer among the items"):
        await watch(replace(TASK, items=TASK.items[:60]), [candidate(vendor())], Question(), store=store)


async def test_who_cannot_be_looked_at(store):
    rule = candidate(LocalModel("rule", local=True, place="rule"))
    with pytest.raises(UsageError, match="no candidate is served"):
        await watch(TASK, [rule], Question(), store=store)
    with pytest.raises(UsageError, match="behind your back"):
        await watch(TASK, [rule, candidate(vendor())], Question(), store=store, names=["rule"])
    with pytest.raises(UsageError, match="no candidate 'w'") as refused:
        await look(store, vendor(), names=["w"])
    assert "v" in (refused.value.fix or "")
    with pytest.raises(UsageError, match="only be kept by asking"):
        await look(store, vendor(), renew=True, ask=False)


async def test_a_free_model_and_one_without_a_price(store):
    priced = candidate(vendor("p"), price=Price(per_request=0))
    unpriced = candidate(vendor("u"), price=Price())
    found = await watch(TASK, [priced, unpriced], Question(), store=store, limits=QUICK)
    assert found.spent is None
    assert found.planned is None
    found = await watch(TASK, [priced, unpriced], Question(), store=store, limits=QUICK, names=["p"])
    assert found.spent == 0
    assert found.planned == 0


async def test_the_same_question_twice_is_one_anchor(store):
    item = TASK.items[0]
    twins = replace(
        TASK, items=tuple(msgspec.structs.replace(item, id=f"t{number}") for number in range(20)) + TASK.items[1:30]
    )
    found = await watch(twins, [candidate(vendor())], Question(), store=store, limits=QUICK)
    assert found.candidates[0].anchors == 30
