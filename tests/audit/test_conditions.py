"""Whether the answers came about under the same conditions."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from tests.audit.tables import doubts, right, table, view

from weighbridge.audit.fairness.conditions import conditions
from weighbridge.evidence import Status
from weighbridge.logs.log import Settings

SAME = Settings(
    task="sums",
    prompt_template="Q: {q}\nA:",
    shots=5,
    decoding={"temperature": 0, "max_tokens": 256, "seed": 1},
    scorer="match",
    tool="inspect_ai 0.3",
)


def found(a: Settings, b: Settings, **status: object):
    return conditions(view(table(right([0.7, 0.6], 200), **status), {"a": a, "b": b}))


def test_the_same_conditions_are_fair() -> None:
    other = msgspec.structs.replace(
        SAME, model="b", when="2024", decoding={**SAME.decoding, "seed": 9, "temperature": 0.0}
    )
    (same,) = found(SAME, other)
    assert same.met == "met"
    assert "prompt template" in same.statement
    assert not found(Settings(), Settings())
    assert not conditions(view(table(right([0.7, 0.6], 200))))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("prompt_template", "Answer: {q}", "different prompt template"),
        ("system_prompt", "Be brief.", None),
        ("shots", 0, "different number of examples in the prompt: 5 for a; 0 for b"),
        ("scorer", "includes", "different scorer: 'match' for a; 'includes' for b"),
        ("task_version", "2", None),
        ("decoding", {"temperature": 0.7, "max_tokens": 256}, "different temperature: 0 for a; 0.7 for b"),
    ],
)
def test_what_differs_is_named(field: str, value: object, words: str | None) -> None:
    (one,) = found(SAME, msgspec.structs.replace(SAME, **{field: value}))
    if words is None:
        # Only one log states it.
        assert one.met == "unknown"
        assert "does not state" in one.statement
        return
    assert one.met == "not met"
    assert words in one.statement
    assert "up to all of the 10 points between a and b may come from it" in one.statement
    assert ("scored again" in one.would_change) == (field == "scorer")


def test_another_tool_is_unknown() -> None:
    (one,) = found(SAME, msgspec.structs.replace(SAME, tool="lm_eval 0.4"))
    assert one.met == "unknown"


def test_a_token_limit_is_bounded_by_the_answers_it_cut() -> None:
    short = msgspec.structs.replace(SAME, decoding={"temperature": 0, "max_gen_toks": 32})
    (idle,) = found(SAME, short)
    assert idle.met == "met"
    scores = right([0.7, 0.6], 200)
    cut = {(1, int(i)): Status.TRUNCATED for i in np.flatnonzero(scores[1] == 0)[:12]}
    (one,) = found(SAME, short, status=cut)
    assert one.met == "not met"
    assert "6.0 % of the answers of b were cut" in one.statement
    assert "up to 6 points, of 10 points between a and b" in one.statement
    assert one.value == pytest.approx(0.06)


def test_odd_values_do_no_harm() -> None:
    odd = msgspec.structs.replace(SAME, decoding={"stop": ["\n", "Q:"], "extra": {"x": [1, None]}, "big": 10**40})
    assert doubts(found(odd, msgspec.structs.replace(odd, decoding={"stop": ["Q:"], "extra": {"x": [2]}, "big": 1})))
