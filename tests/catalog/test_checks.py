"""The catalogue held against itself: counts recomputed, licences that exist, prices that make sense."""

from __future__ import annotations

import pytest

from weighbridge.catalog.models import shipped_catalogue
from weighbridge.catalog.prices import shipped_prices
from weighbridge.errors import UsageError
from weighbridge.sizing import parameters, shape_of_facts

NAMED = (
    *("LLaMA", "LLaMA 2", "BLOOM", "GPT-J", "GPT-NeoX-20B", "Falcon", "T5", "BERT", "DeepSeek-R1"),
    *(
        "GPT-3",
        "GPT-4",
        "Claude",
        "PaLM 2 / Bard",
        "PaLM 2",
        "Bard",
        "Gopher",
        "Jurassic-1",
        "Cohere",
        "Azure OpenAI",
    ),
    *("GPT-4o", "GPT-5", "Claude Opus", "Gemini", "Llama 4", "Qwen3", "DeepSeek-V4", "gpt-oss", "Mistral", "Grok"),
)


PARTLY = {"llama-4-scout", "kimi-k2"}
"""Of the first the part that reads pictures is not counted; the second is published as 1 trillion and as 1.04."""


def test_published_counts_are_recomputed_within_a_hundredth():
    """At least 31 of 32 published counts follow from the layers, widths and vocabulary alone."""
    within, beyond = [], []
    for model in shipped_catalogue().models.values():
        published = model.number("params_total")
        if published is None or "architecture" not in model.facts:
            continue
        try:
            shape = shape_of_facts(model)
            counted = parameters(shape).total
        except UsageError:
            continue
        (within if abs(counted / published - 1) <= 0.01 else beyond).append(model.id)
    assert len(within) >= 31
    assert set(beyond) <= PARTLY


def test_licences_exist():
    from weighbridge.catalog.licences import licence_id, licences

    known = licences()
    for model in shipped_catalogue().models.values():
        said = model.says("licence")
        if said:
            assert licence_id(said) in known, (model.id, said)


def test_prices_make_sense():
    for row in shipped_prices().prices:
        for point in row.points:
            if point.input and point.output:
                assert point.input <= 5 * point.output, row.id
            for amount in (point.input, point.output, point.cached):
                assert amount is None or 0 <= amount <= 2000, row.id


@pytest.mark.parametrize("name", NAMED)
def test_the_systems_of_the_debate_are_found_by_a_search(name):
    assert shipped_catalogue().search(name), name


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("llama2", "llama-2-70b"),
        ("PaLM 2/Bard", "palm-2"),
        ("gptj", "gpt-j-6b"),
        ("claude 2", "claude-2"),
        ("BERT", "bert-large"),
    ],
)
def test_a_search_does_not_hang_on_writing_and_puts_names_first(words, first):
    assert shipped_catalogue().search(words)[0].id == first


def test_lists_of_openness_are_of_known_words():
    for model in shipped_catalogue().models.values():
        assert model.says("mof_class") in ("", "I", "II", "III", "none")
        grades = model.facts.get("opening_up_grades")
        if grades is not None:
            assert set(grades.value.values()) <= {"open", "partial", "closed"}
            points = {"open": 1.0, "partial": 0.5, "closed": 0.0}
            assert sum(points[one] for one in grades.value.values()) == model.number("opening_up")
