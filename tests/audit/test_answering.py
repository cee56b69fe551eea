"""Whether answers came about in one way, and what would make it so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.audit.tables import right, table, view

from weighbridge.audit.fairness.answering import answering, scored_differently
from weighbridge.evidence import Answering

HELD = Answering(held=True)
FREE = Answering(held=False)
PLAIN = Answering()
SCORED = Answering("loglikelihood")
SAMPLED = Answering("sample")
RULE = Answering(by_itself=True)


def evidence(*ways: Answering | None):
    made = table(right([0.7] * len(ways), 60))
    return replace(
        made, columns=tuple(replace(column, answering=way) for column, way in zip(made.columns, ways, strict=True))
    )


@pytest.mark.parametrize(
    "ways",
    [
        (HELD, HELD),
        (FREE, FREE),
        (PLAIN, PLAIN),
        (HELD, HELD, RULE),
        (SCORED, SCORED),
        (None, None),
        (None, SCORED),
        (HELD, RULE),
        (SCORED, RULE),
        (Answering(template="chat"), Answering(template="chat")),
    ],
)
def test_one_way_for_all_is_no_warning(ways: tuple[Answering | None, ...]) -> None:
    made = evidence(*ways)
    assert scored_differently(made) is None
    assert all(one.met == "met" for one in answering(view(made)))


@pytest.mark.parametrize(
    ("ways", "words", "mended"),
    [
        (
            (HELD, SCORED),
            "a by a generated answer held to the choices; b by the log-likelihood",
            "`protocol: choice`",
        ),
        ((PLAIN, SCORED), "a by a generated answer; b by the log-likelihood", "`protocol: choice`"),
        ((FREE, SCORED), "b by the log-likelihood", "`constrain: false` for all"),
        ((HELD, FREE), "a by a generated answer held to the choices; b by a generated answer that is free", "for b"),
        ((HELD, FREE, HELD), "a and c by a generated answer held", "for b"),
        ((SAMPLED, PLAIN), "a by sampled answers; b by a generated answer", "`protocol: sample` for all"),
        ((SCORED, Answering("loglikelihood", normalise="bytes")), "normalised by bytes", "the same `normalise`"),
    ],
)
def test_who_was_scored_how_and_what_would_make_it_alike(ways, words: str, mended: str) -> None:
    made = evidence(*ways)
    (found,) = answering(view(made))
    assert found.met == "not met"
    assert words in found.statement
    assert mended in found.would_change
    assert words in scored_differently(made)


def test_a_rule_beside_models_scored_differently_is_named_and_not_blamed() -> None:
    (found,) = answering(view(evidence(HELD, SCORED, RULE)))
    assert "(c: a rule or a record, which answers by itself)" in found.statement


def test_a_chat_template_beside_plain_text_is_flagged() -> None:
    (found,) = answering(view(evidence(Answering(template="chat"), Answering(template="plain"))))
    assert found.met == "not met"
    assert "a read the prompt through a chat template, b as plain text" in found.statement
    assert not answering(view(evidence(Answering(template="chat"), Answering(template="unknown"))))


def test_held_by_whole_tokens_beside_held_by_a_grammar_is_told() -> None:
    made = evidence(HELD, HELD, HELD)
    specs = ("path:./small", "http://127.0.0.1:8080/v1#small", "simulated:accuracy=1")
    columns = tuple(
        replace(column, spec=spec, simulated=spec.startswith("simulated"))
        for column, spec in zip(made.columns, specs, strict=True)
    )
    (doubt,) = [one for one in answering(view(replace(made, columns=columns))) if one.met == "unknown"]
    assert "a is held to the choices token by token" in doubt.statement
    assert "b by a grammar" in doubt.statement
    alike = tuple(replace(column, spec="gguf:smollm2") for column in made.columns)
    assert all(one.met == "met" for one in answering(view(replace(made, columns=alike))))
