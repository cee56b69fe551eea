"""How far two answers are apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.drifting.alike import Said, distance, said
from weighbridge.evidence import Completion, Score, Status

LONG = "one two three four five six seven eight"


def words(text: str) -> Said:
    return said(Score(1.0), Completion(text))


def test_what_was_read_is_compared_and_not_how_it_was_said() -> None:
    a = said(Score(1.0, extracted="Billing"), Completion("The team is: Billing"))
    b = said(Score(1.0, extracted="billing "), Completion("billing"))
    assert distance(a, b) == 0
    assert distance(a, said(Score(0.0, extracted="account"), Completion("account"))) == 1


def test_long_answers_share_words() -> None:
    assert distance(words(LONG), words(LONG.upper())) == 0
    assert 0 < distance(words(LONG), words(LONG.replace("eight", "nine"))) < 0.5
    assert distance(words(LONG), words("nothing of it is here any more at all")) == 1
    assert distance(words(LONG), words("one")) == 1


def test_reasoning_is_left_aside_and_refusals_are_alike() -> None:
    assert distance(words("<think>this way</think>yes"), words("<think>that way</think>yes")) == 0
    no = [said(Score(0.0, Status.REFUSED), Completion(text)) for text in ("I cannot.", "Sorry, no help with that.")]
    assert distance(*no) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=12), min_size=2, max_size=6))
def test_the_distance_is_of_negative_type(texts: list[list[str]]) -> None:
    """x' D x <= 0 wherever the x add up to 0: what makes the energy distance a distance."""
    answers = [Said(0.0, tuple(text)) for text in texts]
    table = np.array([[distance(a, b) for b in answers] for a in answers])
    assert (table == table.T).all()
    assert ((table >= 0) & (table <= 1)).all()
    size = len(answers)
    centre = np.eye(size) - 1 / size
    assert np.linalg.eigvalsh(-centre @ table @ centre).min() > -1e-9
