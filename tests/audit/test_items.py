"""Items: copies, contradictions, clusters, chance level, ceiling, size and ties."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.audit.tables import WORDS, doubts, prose, recorded, right, table, view

from weighbridge.audit.fairness.clusters import clusters
from weighbridge.audit.fairness.duplicates import contradictions, duplicates
from weighbridge.audit.fairness.level import ceiling, chance_level
from weighbridge.audit.fairness.shingles import near_copies
from weighbridge.audit.fairness.size import benchmark_size
from weighbridge.audit.fairness.ties import ties

N = 300


def asked(count: int = N) -> list[str]:
    return [prose(i, 30) for i in range(count)]


def test_copies_and_near_copies_are_found() -> None:
    questions = asked()
    questions[10] = questions[3].upper() + " "
    questions[20] = questions[3]
    words = questions[50].split()
    questions[60] = " ".join([*words[:14], "another", *words[15:]])
    questions[61] = " ".join([*words, "too"])
    (found,) = duplicates(view(table(right([0.7, 0.6], N), questions=questions)))
    assert found.met == "not met"
    assert "3 items of 300 (1.0 %) copy another" in found.statement
    assert "one comes 3 times" in found.statement
    assert set(found.evidence) == {"q3", "q10", "q20", "q50", "q61"}
    cluster = np.arange(N)
    cluster[[10, 20]], cluster[61] = 3, 50
    named = table(right([0.7, 0.6], N), questions=questions, cluster=cluster)
    assert not doubts(duplicates(view(named)))


def test_questions_of_their_own_are_no_copies() -> None:
    assert not doubts(duplicates(view(table(right([0.7, 0.6], N), questions=asked()))))
    # One template with other words in it: nothing to do with copies.
    framed = [f"Say whether the mood of this sentence is good or bad: {text}" for text in asked()]
    assert not doubts(duplicates(view(table(right([0.7, 0.6], N), questions=framed))))
    # The same question about other options, which the text does not show.
    letters = ["ABCD"[i % 4] for i in range(N)]
    same = table(
        right([0.7, 0.6], N), questions=["Which of the following statements is true?"] * N, references=letters
    )
    assert not doubts(duplicates(view(same)))
    assert not doubts(contradictions(view(same)))


@given(
    texts=st.lists(
        st.lists(st.sampled_from(WORDS[:40]), min_size=8, max_size=14).map(" ".join), min_size=2, max_size=30
    ),
    picked=st.data(),
)
def test_a_copy_is_always_found_and_every_group_has_a_close_pair(texts: list[str], picked: st.DataObject) -> None:
    copy = picked.draw(st.integers(0, len(texts) - 1))
    groups = near_copies([*texts, texts[copy].title()])
    assert any({copy, len(texts)} <= set(group) or len(texts) in group for group in groups)

    def shingles(text: str) -> set[tuple[str, ...]]:
        words = text.casefold().split()
        return set(zip(words, words[1:], words[2:], strict=False))

    whole = [*texts, texts[copy]]
    for group in groups:
        for i in group:
            overlaps = [
                len(shingles(whole[i]) & shingles(whole[j])) / len(shingles(whole[i]) | shingles(whole[j]))
                for j in group
                if j != i
            ]
            assert max(overlaps) >= 0.85


def test_fourteen_thousand_items_in_about_a_second() -> None:
    rng = np.random.default_rng(0)
    chosen = rng.choice(np.array([f"word{i}" for i in range(20_000)]), (14_000, 60))
    texts = [" ".join(row) for row in chosen]
    texts[9_000] = f"{texts[5]} more"
    start = time.process_time()
    assert near_copies(texts) == [[5, 9000]]
    assert time.process_time() - start < 3


def test_references_that_contradict_each_other() -> None:
    questions, references = asked(), [str(i) for i in range(N)]
    for i in range(0, 20, 2):
        questions[i + 1] = questions[i]
    (found,) = doubts(contradictions(view(table(right([0.7, 0.6], N), questions=questions, references=references))))
    assert (found.met, found.value) == ("not met", 10 / N)
    assert found.evidence[:4] == ("q0", "q1", "q2", "q3")
    worded = [f"the answer called {i}" for i in range(N)]
    (open_,) = doubts(contradictions(view(table(right([0.7, 0.6], N), questions=questions, references=worded))))
    assert open_.met == "unknown"
    assert not doubts(contradictions(view(table(right([0.7, 0.6], N), questions=asked(), references=references))))


def test_in_formulas_the_signs_are_the_question(shared_data: Path) -> None:
    signs = ["not ( True or False ) and ( not True ) is", "not True or ( False and ( not True ) ) is"] * 10
    evidence = table(right([0.7, 0.6], 20), questions=signs, references=["True", "False"] * 10)
    assert not doubts(contradictions(view(evidence)))
    hard = recorded(shared_data / "bbh_code_davinci")
    assert not doubts(contradictions(view(hard)))


def test_bbq_asks_the_same_with_answers_worded_differently(shared_data: Path) -> None:
    evidence = recorded(shared_data / "bbq_unifiedqa_t5")
    (found,) = contradictions(view(evidence))
    assert found.met == "unknown"
    assert "116 questions" in found.statement
    assert doubts(duplicates(view(evidence)))
    gsm = recorded(shared_data / "zeroeval_gsm", ["Athene-70B", "claude-3-haiku-20240307"])
    assert not doubts([*duplicates(view(gsm)), *contradictions(view(gsm))])


def grouped(strength: float, seed: int = 0, groups: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Scores of two candidates whose difference depends on the group with `strength`, and the group of each item."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(groups), N // groups)
    tilt = strength * rng.normal(size=groups)[codes]
    return (rng.random((2, N)) < np.clip(np.vstack([0.5 + tilt, 0.5 - tilt]), 0, 1)).astype(float), codes


def test_items_of_one_passage_go_together() -> None:
    scores, codes = grouped(0.5)
    passages = [f"{prose(900 + int(c), 60)} {prose(i, 30)}" for i, c in enumerate(codes)]
    (found,) = clusters(view(table(scores, questions=passages)))
    assert found.met == "not met"
    assert found.value > 1.5
    assert "opening passage" in found.statement
    told = "Read the two sentences and say which of the errors named below the second one holds. " * 4
    assert not clusters(view(table(scores, questions=[told + prose(i, 20) for i in range(N)])))
    (said,) = clusters(view(table(scores, questions=passages, meta={"source": [f"s{c}" for c in codes]})))[:1]
    assert (said.met, said.candidate) == ("unknown", None)
    (named,) = clusters(view(table(scores, questions=passages, cluster=codes)))
    assert named.met == "met"
    assert not clusters(view(table(scores, questions=passages), claim="pool"))


def test_groups_that_mean_nothing_raise_no_alarm() -> None:
    alarms = 0
    for seed in range(60):
        scores, codes = grouped(0.0, seed)
        alarms += len(clusters(view(table(scores, meta={"source": [f"s{c}" for c in codes]}))))
    assert alarms <= 1


def test_chance_level() -> None:
    references = ["A" if i % 5 < 2 else "BCD"[i % 3] for i in range(N)]
    rng = np.random.default_rng(0)
    scores = np.vstack([right([0.8], N), rng.random((1, N)) < 0.4])
    (found,) = chance_level(view(table(scores, references=references)))
    assert (found.met, found.candidate) == ("not met", "b")
    assert "always answering 'A' would get 40.0 %" in found.statement
    assert not doubts(chance_level(view(table(right([0.8, 0.7], N), references=references))))
    assert not chance_level(view(table(scores, references=[str(i) for i in range(N)])))
    rule = table(scores, references=references, sides=["open", "rule"])
    assert not doubts(chance_level(view(rule)))


def test_ceiling_and_floor() -> None:
    (top,) = ceiling(view(table(right([0.995, 0.99, 0.5], N))))
    assert top.met == "not met"
    assert "a and b score within 2 points of the full score" in top.statement
    assert set(top.evidence)
    (floor,) = ceiling(view(table(np.zeros((2, N)))))
    assert "every candidate scored 0" in floor.statement
    assert not doubts(ceiling(view(table(right([0.97, 0.9], N)))))


def test_size_for_the_margin() -> None:
    scores = right([0.6, 0.6], 60)
    (small,) = benchmark_size(view(table(scores)))
    assert small.met == "not met"
    spread = (scores[0] - scores[1]).std(ddof=1)
    z = stats.norm.ppf(0.95) + stats.norm.ppf(0.8)
    assert small.limit == pytest.approx(np.ceil((z * spread / 0.02) ** 2), abs=1)
    assert not doubts(benchmark_size(view(table(scores), epsilon=0.4)))
    assert not doubts(benchmark_size(view(table(right([0.95, 0.3], 60)))))
    assert not benchmark_size(view(table(scores), claim="pool"))
    assert not doubts(benchmark_size(view(table(right([0.6, 0.6], 20_000)))))


def test_size_counts_clusters() -> None:
    scores, codes = grouped(0.5)
    (found,) = benchmark_size(view(table(scores, cluster=codes)))
    assert "60 clusters" in found.statement


def test_rivals_of_a_question_with_a_reference() -> None:
    evidence = table(right([0.9, 0.5, 0.7], N))
    assert view(evidence).rivals == (0, 2)
    assert view(evidence, goal="non_inferior", reference="b").rivals == (0, 1)
    assert view(evidence, goal="superior", reference="a").rivals == (2, 0)


def test_ties() -> None:
    scores = right([0.7, 0.5], N)
    assert not doubts(ties(view(table(scores))))
    (found,) = ties(view(table(np.vstack([scores[0], scores[0]]))))
    assert (found.met, found.value) == ("unknown", 0.0)
    near = scores[0].copy()
    near[[4, 9]] = 1 - near[[4, 9]]
    (few,) = ties(view(table(np.vstack([scores[0], near]))))
    assert set(few.evidence) == {"q4", "q9"}
