"""The protocols on an engine that loads weights: one folder, two ways to score it, each said and shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.open_models import needs_torch, tiny
from tests.weighing.test_answering import candidate, task

from weighbridge.decide import decide
from weighbridge.evidence import Question
from weighbridge.models.specs import open_model
from weighbridge.weighing.weigh import weigh

pytestmark = [needs_torch, pytest.mark.slow]


@pytest.mark.parametrize(("name", "template"), [("llama", "chat"), ("gpt2", "plain")])
def test_log_likelihood_beside_a_held_answer_on_the_same_weights(store, name: str, template: str) -> None:
    of = task(10)
    model = open_model(f"path:{tiny(name)}")
    scored = candidate(of, model, "scored", protocol="loglikelihood")
    held = candidate(of, model, "held", protocol="choice")

    async def run():
        try:
            return await weigh(of, [scored, held], Question(claim="pool", epsilon=0.01), store=store)
        finally:
            await model.close()

    weighed = asyncio.run(run())
    first, second = weighed.evidence.columns
    assert first.answering.template == second.answering.template == template
    blank = "" if template == "chat" else " "
    assert first.told[0].continuations == (f"{blank}yes", f"{blank}no")
    assert first.told[0].exact
    # What it reads is the same under both protocols: parity of the prompt is seen, not hoped for.
    assert first.told[0].text == second.told[0].text
    assert ("<|im_start|>" in first.told[0].text) == (template == "chat")
    for answer in store.answers():
        assert answer.completion.text.strip() in ("yes", "no")
        if answer.completion.scored:
            best = max(answer.completion.scored, key=lambda one: one.logprob)
            assert best.text == answer.completion.text
    warnings = decide(replace(weighed, question=Question(claim="pool"))).warnings
    assert any("scored by the log-likelihood" in text or "Scored differently" in text for text in warnings)
