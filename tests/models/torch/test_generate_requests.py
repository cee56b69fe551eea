"""What a request asks for is what it gets: stops, sampling, log-probabilities, streaming, choices, limits."""

from __future__ import annotations

import math

import pytest

from generating import answers, ask, loaded, texts
from open_models import gemma3, needs_torch, smollm2, stories15m
from weighbridge.evidence import Completion, Finish
from weighbridge.models.local.batch import Failure
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.protocol import Request, Sampling
from weighbridge.tasks.item import Message

pytestmark = [pytest.mark.torch, needs_torch]


@pytest.fixture(scope="module")
def smol():
    from weighbridge.models.local.torch.load import load

    return load(smollm2(), threads=1)


def test_an_answer_ends_with_the_turn_and_at_its_limit(smol) -> None:
    whole, cut = answers(
        smol, [ask("What is the capital of France?"), ask("What is the capital of France?", max_tokens=3)]
    )
    assert (whole.text, whole.finish) == ("The capital of France is Paris.", Finish.STOP)
    assert whole.usage.output_tokens == 8  # its seven tokens and <|im_end|>
    assert (cut.text, cut.finish, cut.usage.output_tokens) == ("The capital of", Finish.LENGTH, 3)
    assert whole.prompt.endswith("What is the capital of France?<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        (("France",), "The capital of "),
        (("pital of Fr",), "The ca"),  # begins and ends inside tokens
        (("zzz", "is Paris"), "The capital of France "),
        (("Paris.",), "The capital of France is "),
        (("The",), ""),
        (("<|im_end|>",), "The capital of France is Paris."),
        (("capital of", "capital"), "The "),
    ],
)
def test_stop_texts_cut_the_answer_before_them(smol, stop: tuple[str, ...], text: str) -> None:
    pieces: list[str] = []
    call = ask("What is the capital of France?", stop=stop, logprobs=True)
    (one,) = answers(smol, [call], emit=lambda _, piece: pieces.append(piece))
    assert (one.text, one.finish) == (text, Finish.STOP)
    assert "".join(pieces) == text
    assert "".join(token for token, _ in one.logprobs).startswith(text)
    (silent,) = answers(smol, [ask("What is the capital of France?", stop=stop)])
    assert silent.text == text


def test_equal_seeds_draw_equal_answers_in_whatever_batch() -> None:
    model = loaded("llama")
    prompts = texts(1, (3, 8, 14, 5))
    calls = [
        ask(prompt, temperature=1.0, seed=11, top_p=0.9, repeat=repeat) for prompt in prompts for repeat in range(2)
    ]
    together = [one.text for one in answers(model, calls)]
    alone = [answers(model, [call])[0].text for call in calls]
    assert together == alone == [one.text for one in answers(model, calls, Limits(rows=3))]
    assert len(set(together)) == len(calls)
    other = answers(model, [ask(prompts[0], temperature=1.0, seed=12, top_p=0.9)])[0].text
    assert other != together[0]


def test_without_a_seed_answers_differ() -> None:
    call = ask("yes no", temperature=1.5)
    assert len({one.text for one in answers(loaded("llama"), [call] * 5)}) > 1


def test_a_temperature_near_zero_is_greedy() -> None:
    model = loaded("llama")
    cold, greedy = answers(model, [ask("yes no", temperature=1e-6, seed=1), ask("yes no")])
    assert cold.text == greedy.text


@pytest.mark.parametrize("name", ["llama", "gpt2", "t5"])
def test_log_probabilities_are_those_of_a_plain_forward_pass(name: str) -> None:
    import torch

    model = loaded(name)
    calls = [ask(text, temperature=t, seed=4, logprobs=True) for t in (0.0, 0.7) for text in texts(3, (2, 15))]
    for one in answers(model, calls):
        tokenizer = model.tokenizer
        prompt = tokenizer(one.prompt, add_special_tokens=model.chat is None).input_ids
        assert isinstance(one, Completion)
        # Byte-level tokens of this tokenizer come back from their text only where it is whole: follow the numbers.
        tokens = _tokens(model, one)
        if tokens is None:
            continue
        start = [model.config.decoder_start_token_id] if model.kind == "seq2seq" else prompt
        ids = torch.tensor([start + tokens])
        with torch.inference_mode():
            if model.kind == "seq2seq":
                logits = model.model(input_ids=torch.tensor([prompt]), decoder_input_ids=ids).logits
            else:
                logits = model.model(input_ids=ids).logits
        right = torch.log_softmax(logits[0].double(), -1)[len(start) - 1 :]
        for at, (_, logprob) in enumerate(one.logprobs):
            assert logprob == pytest.approx(float(right[at, tokens[at]]), abs=1e-4)


def _tokens(model, one) -> list[int] | None:
    """The answer's tokens, from their texts; None where one of them is not whole."""
    found = []
    for text, _ in one.logprobs:
        ids = [n for n in range(len(model.tokenizer)) if model.tokenizer.decode([n]) == text]
        if len(ids) != 1:
            return None
        found += ids
    return found


def test_token_texts_join_to_the_answer(smol) -> None:
    (one,) = answers(
        smol, [ask("Write three emoji and some Chinese.", max_tokens=40, temperature=0.9, seed=2, logprobs=True)]
    )
    assert "".join(token for token, _ in one.logprobs) == one.text
    assert all(logprob <= 0 and math.isfinite(logprob) for _, logprob in one.logprobs)
    assert len(one.logprobs) == one.usage.output_tokens - (one.finish is Finish.STOP)


def test_streamed_pieces_join_to_the_answer_and_hold_no_half_character(smol) -> None:
    calls = [ask(text, max_tokens=30) for text in ("Repeat: 🌟🌟🌟 日本語", "Write an emoji 😀 please", "Say hello.")]
    pieces: dict[int, list[str]] = {}
    found = answers(smol, calls, emit=lambda number, piece: pieces.setdefault(number, []).append(piece))
    for number, one in enumerate(found):
        assert "".join(pieces[number]) == one.text
        assert len(pieces[number]) > 1
        assert not any("\ufffd" in piece for piece in pieces[number])
    assert [one.text for one in found] == [one.text for one in answers(smol, calls)]


def test_a_call_nobody_waits_for_ends_early(smol) -> None:
    (one,) = answers(smol, [ask("Tell me a long story.", max_tokens=200)], emit=lambda *_: False)
    assert one.usage.output_tokens < 5


@pytest.mark.parametrize("name", ["llama", "gpt2", "bloom", "t5"])
@pytest.mark.parametrize("temperature", [0.0, 1.3])
def test_an_answer_held_to_choices_is_always_one_of_them(name: str, temperature: float) -> None:
    choices = ("yes", "no", "A", "AB", "Paris in spring", "日本")
    calls = [
        ask(text, choices=choices, temperature=temperature, seed=at, logprobs=at % 2 == 0, max_tokens=1)
        for at, text in enumerate(texts(8, range(1, 13)))
    ]
    found = answers(loaded(name), calls)
    assert all(one.text in choices and one.finish is Finish.STOP for one in found)
    if temperature:
        assert len({one.text for one in found}) > 1
    for one in found[::2]:
        assert "".join(token for token, _ in one.logprobs).strip() == one.text


def test_the_greedy_choice_follows_the_likeliest_allowed_token(smol) -> None:
    calls = [
        ask("Is Paris the capital of France? Answer yes or no.", choices=("Yes", "No")),
        ask("What is the capital of France?", choices=("London", "Paris", "Rome")),
        ask("Anything", choices=("only this",)),
    ]
    found = answers(smol, calls)
    assert found[1].text == "Paris"
    assert (found[2].text, found[2].usage.output_tokens) == ("only this", 0)
    assert found[0].text in ("Yes", "No")


def test_choices_that_cannot_be_are_told() -> None:
    none, empty = answers(loaded("llama"), [ask("a", choices=()), ask("a", choices=("", "b"))])
    assert isinstance(none, Failure)
    assert isinstance(empty, Failure)
    assert "choices" in none.what


def test_a_prompt_beyond_the_context_fails_alone() -> None:
    model = loaded("llama")
    long = " ".join(["the quick brown fox"] * 300)
    failed, fine = answers(model, [ask(long), ask("yes")])
    assert isinstance(failed, Failure)
    assert "512" in failed.what
    assert "shorten" in failed.fix
    assert isinstance(fine, Completion)


def test_an_answer_ends_where_the_context_does() -> None:
    import dataclasses

    model = dataclasses.replace(loaded("gpt2"), context=40)
    (one,) = answers(model, [ask("the quick brown fox jumps", max_tokens=400)])
    assert one.finish is Finish.LENGTH
    assert one.usage.input_tokens + one.usage.output_tokens == 40


def test_an_empty_prompt_begins_with_the_first_token() -> None:
    (one,) = answers(loaded("gpt2"), [ask("", max_tokens=4)])
    assert (one.usage.input_tokens, one.usage.output_tokens) == (1, 4)


def test_calls_that_come_meanwhile_are_numbered_on() -> None:
    model = loaded("gpt2")
    waves = [[ask("no")], [], [ask("yes"), ask("Paris")], []]
    found = answers(model, [ask("fox")], more=lambda: waves.pop(0) if waves else [])
    assert [one.prompt for one in found] == ["fox", "no", "yes", "Paris"]


def test_a_base_model_keeps_the_blank_before_its_first_word() -> None:
    from weighbridge.models.local.torch.load import load

    model = load(stories15m(), threads=1)
    (one,) = answers(model, [ask("Once upon a time, there was a little", max_tokens=12)])
    assert one.text.startswith(" girl named Lily.")


@pytest.mark.slow
def test_gemma_answers_as_in_transformers() -> None:
    """Real weights, with windows and norms that no other family has."""
    import torch

    from weighbridge.models.local.torch.load import load

    model = load(gemma3(), threads=1)
    prompts = ["The capital of France is", "One, two, three, four,", "Berlin is a city in Germany. " * 8]
    found = answers(model, [ask(prompt, max_tokens=8) for prompt in prompts])
    for prompt, one in zip(prompts, found, strict=True):
        inputs = model.tokenizer(prompt, return_tensors="pt")
        with torch.inference_mode():
            tokens = model.model.generate(**inputs, max_new_tokens=8, do_sample=False)[0]
        both = model.tokenizer.decode(tokens, skip_special_tokens=True)
        assert both == prompt + one.text


def test_a_conversation_goes_through_the_template(smol) -> None:
    turns = (Message("system", "You say only BANANA."), Message("user", "Hello?"))
    (one,) = answers(smol, [Request(turns, Sampling(max_tokens=4))])
    assert one.prompt.startswith("<|im_start|>system\nYou say only BANANA.<|im_end|>")
