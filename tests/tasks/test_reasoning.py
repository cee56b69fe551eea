"""Reasoning is taken away whole, however it is marked, and answers that have none stay as they are."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.evidence import Completion, Usage
from weighbridge.tasks.reasoning import reasoning_tokens, split, visible
from weighbridge.tasks.refusal import declines

HARMONY_THINKS = "<|channel|>analysis<|message|>They ask for B.<|end|>"
HARMONY = HARMONY_THINKS + "<|start|>assistant<|channel|>final<|message|>It is B<|return|>"


@pytest.mark.parametrize(
    ("text", "answer", "reasoning"),
    [
        ("<think>one</think>B", "B", "one"),
        ("<think>\none\ntwo\n</think>\n\nB\n", "B", "one\ntwo"),
        ("<THINKING>one</THINKING> B", "B", "one"),
        ("<reasoning>one</reasoning>B", "B", "one"),
        ('<thought time="3">one</thought>B', "B", "one"),
        ("◁think▷one◁/think▷B", "B", "one"),
        ("[THINK]one[/THINK]B", "B", "one"),
        ("<|begin_of_thought|>one<|end_of_thought|><|begin_of_solution|>B<|end_of_solution|>", "B", "one"),
        ("<|START_THINKING|>one<|END_THINKING|><|START_RESPONSE|>B<|END_RESPONSE|>", "B", "one"),
        ("<seed:think>one</seed:think>B", "B", "one"),
        ("the template opened it</think>B", "B", "the template opened it"),
        ("<think>a<think>b</think>c</think>B", "B", "a<think>b</think>c"),
        ("<think>a</think>no, <think>b</think>B", "no, B", "a\nb"),
        ("<think></think>B", "B", ""),
        ("<think>a</think><answer>B</answer>", "B", "a"),
        (HARMONY, "It is B", "They ask for B."),
        ("analysisThey ask for B.assistantfinalB", "B", "They ask for B."),
        ("B", "B", ""),
        ("  B\n", "  B\n", ""),
        ("wrap it in `<think>` please", "wrap it in `<think>` please", ""),
        ("the analysis is final", "the analysis is final", ""),
        ("if a < b and b > c", "if a < b and b > c", ""),
    ],
)
def test_marks(text: str, answer: str, reasoning: str) -> None:
    found = split(text)
    assert (found.answer, found.reasoning, found.closed) == (answer, reasoning, True)


@pytest.mark.parametrize("text", ["<think>one", "\n<think>\none", "<think>a</think><think>b", HARMONY[:50]])
def test_cut_while_thinking(text: str) -> None:
    found = split(text)
    assert (found.answer, found.closed) == ("", False)
    assert found.reasoning


@given(st.text(), st.text(st.characters(exclude_characters="<>[]◁▷|"), min_size=1).filter(lambda text: text.strip()))
def test_answer_behind_reasoning_survives(thought: str, answer: str) -> None:
    if any(mark in thought.lower() for mark in ("<", "[", "◁")):
        return
    assert split(f"<think>{thought}</think>{answer}").answer == answer.strip()


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<|channel|>", "final", "<|message|>", "analysis", "x", "\n"]))
)
def test_any_mix_of_marks_is_read(parts: list[str]) -> None:
    found = split("".join(parts))
    if not {"<think>", "<|message|>"} & {*parts}:
        assert "</think>" not in found.answer


def test_long_texts_take_linear_time() -> None:
    for text in (
        "<think>" * 50_000,
        "</think>" * 50_000,
        "analysis" + "a" * 300_000,
        "<|channel|>a" * 30_000,
        "<answer>" * 50_000,
    ):
        start = time.process_time()
        split(text)
        assert time.process_time() - start < 2


def test_reasoning_is_counted() -> None:
    text = "<think>" + "a" * 75 + "</think>" + "b" * 25
    reported = reasoning_tokens(Completion(text, usage=Usage(output_tokens=40, reasoning_tokens=31)))
    assert (reported.tokens, reported.estimated) == (31, False)
    shared = reasoning_tokens(Completion(text, usage=Usage(output_tokens=40)))
    assert (shared.tokens, shared.estimated) == (30, True)
    guessed = reasoning_tokens(Completion(text))
    assert (guessed.tokens, guessed.estimated) == (19, True)
    assert reasoning_tokens(Completion("B", usage=Usage(output_tokens=1))).tokens == 0


def test_visible_keeps_everything_but_the_text() -> None:
    completion = Completion("<think>a</think>B", usage=Usage(output_tokens=4), model="m")
    seen = visible(completion)
    assert (seen.text, seen.usage, seen.model) == ("B", completion.usage, "m")
    plain = Completion("B")
    assert visible(plain) is plain


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but I can’t assist with that request.",
        "I cannot provide medical advice.",
        "As an AI language model, I cannot have opinions.",
        "Unfortunately, I am unable to comply with this.",
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "Je suis désolé, je ne peux pas répondre.",
        "Lo siento, pero no puedo ayudar con eso.",
        "抱歉，我无法提供帮助。",
    ],
)
def test_refusals(text: str) -> None:
    assert declines(text)


@pytest.mark.parametrize(
    "text",
    [
        "Sorry for the delay; the answer is B.",
        "I can help with that.",
        "The customer says: I'm sorry, but I can't help with that.",
        "I cannot find an order number in the message",
        "billing",
        "",
        "I'm sorry, but I can't help with that. " + "Here is what you could do. " * 60,
    ],
)
def test_no_refusals(text: str) -> None:
    assert not declines(text)
