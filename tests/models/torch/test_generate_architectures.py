"""Every architecture writes token for token what transformers' own generate writes, however calls are batched."""

from __future__ import annotations

import pytest

from generating import answers, ask, loaded, texts
from open_models import CAUSAL, SEQ2SEQ, needs_torch
from weighbridge.evidence import Completion
from weighbridge.models.local.torch.limits import Limits

pytestmark = [pytest.mark.torch, needs_torch]

LENGTHS = (3, 17, 1, 30, 8, 12, 21, 5)
SHORT_WAY = {"llama", "mistral", "mistral_window", "qwen2", "qwen3", "gemma3"}


@pytest.mark.parametrize("name", CAUSAL + SEQ2SEQ)
def test_greedy_answers_are_those_of_transformers(name: str) -> None:
    model = loaded(name)
    prompts = texts(5, LENGTHS)
    # Answers of different length, so that rows leave and others enter in the middle.
    calls = [ask(prompt, max_tokens=4 + 5 * (at % 4)) for at, prompt in enumerate(prompts)]
    right = [_reference(model, call) for call in calls]
    assert len(set(right)) > 1
    for limits in (Limits(rows=1), Limits(rows=3), Limits(), Limits(tokens=90)):
        found = answers(model, calls, limits)
        assert [(one.text, one.finish.value) for one in found] == right, limits
    waiting = calls[2:]
    found = answers(model, calls[:2], more=lambda: [waiting.pop(0)] if waiting else [])
    assert [(one.text, one.finish.value) for one in found] == right


def _reference(model, call) -> tuple[str, str]:
    import torch

    from weighbridge.models.local.torch.generate_ends import end_tokens
    from weighbridge.models.local.torch.prompts import prompt_of

    prompt, special = prompt_of(model, call.messages)
    inputs = model.tokenizer(prompt, add_special_tokens=special, return_tensors="pt", return_token_type_ids=False)
    ends = sorted(end_tokens(model))
    with torch.inference_mode():
        out = model.model.generate(
            **inputs, max_new_tokens=call.sampling.max_tokens, do_sample=False, eos_token_id=ends, pad_token_id=0
        )[0].tolist()
    tokens = out[1:] if model.kind == "seq2seq" else out[inputs["input_ids"].shape[1] :]
    ended = bool(tokens) and tokens[-1] in ends
    text = model.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text.rstrip("\ufffd"), "stop" if ended else "length"


@pytest.mark.parametrize("name", CAUSAL + SEQ2SEQ)
def test_logits_of_every_step_are_those_of_a_plain_forward_pass(name: str) -> None:
    """Greedy texts can agree by luck where a model repeats itself; logits cannot."""
    import torch

    from weighbridge.models.local.torch.decode import decoder_for

    model = loaded(name)
    decoder = decoder_for(model)
    draw = torch.Generator().manual_seed(3)
    prompts = [torch.randint(6, 320, (length,), generator=draw).tolist() for length in (2, 25, 9, 14, 40)]
    tokens = [torch.randint(6, 320, (12,), generator=draw).tolist() for _ in prompts]
    steps = [0] * len(prompts)
    rows: list[int] = []

    def check(logits, which) -> None:
        for row, number in enumerate(which):
            right = _plain(model, prompts[number], tokens[number][: steps[number]])
            torch.testing.assert_close(logits[row], right, rtol=1e-4, atol=1e-4)

    def add(numbers) -> None:
        check(decoder.add([prompts[number] for number in numbers]), numbers)
        rows.extend(numbers)

    def step() -> None:
        logits = decoder.step([tokens[number][steps[number]] for number in rows])
        for number in rows:
            steps[number] += 1
        check(logits, rows)

    def drop(number: int) -> None:
        row = rows.index(number)
        decoder.drop(row)
        last = rows.pop()
        if row < len(rows):
            rows[row] = last

    with torch.inference_mode():
        if decoder.joining:
            add([0, 1])
            step(), step()
            add([2])
            step(), step()
            drop(1)
            add([3, 4])
            step()
            drop(0)
        else:
            add([0, 1, 2, 3, 4])
            step(), step()
            drop(1)
        step(), step()


def _plain(model, prompt, tokens):
    import torch

    if model.kind == "seq2seq":
        start = model.config.decoder_start_token_id
        out = model.model(input_ids=torch.tensor([prompt]), decoder_input_ids=torch.tensor([[start, *tokens]]))
    else:
        out = model.model(input_ids=torch.tensor([prompt + tokens]), use_cache=False)
    return out.logits[0, -1].float()


@pytest.mark.parametrize("name", sorted(SHORT_WAY))
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_llama_family_goes_the_short_way(name: str, dtype: str) -> None:
    from weighbridge.models.local.torch.decode import decoder_for
    from weighbridge.models.local.torch.decode_lean import LeanDecoder

    assert isinstance(decoder_for(loaded(name, dtype)), LeanDecoder)


def test_a_short_way_that_is_wrong_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from weighbridge.models.local.torch import decode_lean
    from weighbridge.models.local.torch.decode import CausalDecoder, decoder_for

    weights = decode_lean.lean_weights

    def wrong(model):
        found = weights(model)
        return dataclasses.replace(found, scaling=found.scaling * 1.5)

    monkeypatch.setattr(decode_lean, "lean_weights", wrong)
    assert type(decoder_for(loaded("qwen2"))) is CausalDecoder


def test_an_architecture_that_nobody_tested_is_decoded_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from weighbridge.models.local.torch.decode import decoder_for
    from weighbridge.models.local.torch.decode_alone import AloneDecoder

    model = dataclasses.replace(loaded("gpt2"), architecture="made_up")
    decoder = decoder_for(model)
    assert isinstance(decoder, AloneDecoder)
    calls = [ask(prompt, max_tokens=8) for prompt in texts(2, (4, 9, 2))]
    right = [_reference(model, call) for call in calls]
    from weighbridge.models.local.torch import generate_prompt

    monkeypatch.setattr(generate_prompt, "decoder_for", lambda _: decoder)
    monkeypatch.delattr(model.model, generate_prompt._NAME, raising=False)
    assert [(one.text, one.finish.value) for one in answers(model, calls)] == right


@pytest.mark.parametrize("name", ["llama", "qwen3", "gpt2", "bloom", "t5"])
def test_bfloat16_runs_and_is_near_float32(name: str) -> None:
    import torch

    from weighbridge.models.local.torch.decode import decoder_for

    prompts = [[7, 9, 30, 200, 41], [12, 13], [250, 8, 77]]
    found = []
    for dtype in ("float32", "bfloat16"):
        decoder = decoder_for(loaded(name, dtype))
        with torch.inference_mode():
            decoder.add(prompts)
            found.append(decoder.step([5, 6, 7]))
    assert (found[0] - found[1]).abs().max() < 0.1 * found[0].abs().max()


def test_the_outcome_of_each_call_is_a_completion_with_its_counts() -> None:
    (one,) = answers(loaded("llama"), [ask("The quick brown fox", max_tokens=6)])
    assert isinstance(one, Completion)
    assert one.prompt == "<|im_start|>user\nThe quick brown fox<|im_end|>\n<|im_start|>assistant\n"
    assert one.usage.input_tokens == len(loaded("llama").tokenizer(one.prompt, add_special_tokens=False).input_ids)
    assert one.usage.output_tokens == 6
