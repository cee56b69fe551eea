"""What real servers answered, replayed: recordings in ``fixtures``, made by `exchange.py`."""

from __future__ import annotations

import json
from pathlib import Path

from models.servers.exchange import CONTINUATIONS, exchange, replayed

FIXTURES = Path(__file__).parent / "fixtures"
TEMPLATED = (
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "<|im_start|>user\nIs the sky blue or red? One word.<|im_end|>\n<|im_start|>assistant\n"
)


def test_each_recording_says_how_it_was_made() -> None:
    found = sorted(FIXTURES.glob("*.jsonl"))
    assert found
    for path in found:
        text = path.read_text(encoding="utf-8")
        head = json.loads(text.splitlines()[0])
        assert head["recipe"]
        assert '"root":"/' not in text
        assert len(text) < 100_000


async def test_vllm() -> None:
    async with replayed(FIXTURES / "vllm-0.32.0.jsonl") as (url, name):
        seen = await exchange(url, name)
    assert seen.engine.startswith("vLLM 0.32.0; chat completions; choices by structured_outputs; scored by ")
    can = seen.capabilities
    assert (can.choices, can.json_schema, can.logprobs, can.scoring, can.embeddings) == (
        True,
        True,
        True,
        True,
        False,
    )
    assert seen.reading.template == "chat"
    assert seen.reading.notes == ()
    assert seen.rendered == TEMPLATED
    assert seen.answer.logprobs
    assert all(value <= 0 for _, value in seen.answer.logprobs)
    assert seen.choice is not None
    assert seen.choice.text in ("blue", "red")
    assert seen.schema is not None
    assert json.loads(seen.schema.text)["colour"] in ("blue", "red")
    assert seen.scored is not None
    assert seen.scored.prompt == TEMPLATED
    assert [one.text for one in seen.scored.scored or ()] == list(CONTINUATIONS)
    assert all(one.logprob < 0 and one.tokens >= 2 and one.greedy is not None for one in seen.scored.scored or ())
    # Two repeats in one call, and the second again in a call of its own: the same seed, the same answer.
    assert seen.repeats[1].text == seen.repeats[2].text
    assert seen.repeats[0].text != seen.repeats[1].text
    assert [one.usage.output_tokens for one in seen.repeats] == [6, 6, 6]
    assert seen.repeats[0].usage.cached_tokens in (None, 0)
    assert seen.repeats[1].usage.cached_tokens == seen.repeats[1].usage.input_tokens
    assert all(one.usage.first_token is not None for one in seen.repeats)
    assert seen.unknown is not None
    assert seen.unknown.kind == "dead"
    assert "no model 'no-such-model'" in (seen.unknown.fix or "")
