"""Every figure against an implementation that is not ours."""

from __future__ import annotations

import math
import re
import string
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Scored
from weighbridge.tasks.item import Item
from weighbridge.tasks.scorers import scorer_named
from weighbridge.tasks.scorers.chrf import chrf_of, chrf_statistics
from weighbridge.tasks.scorers.span import span_scores
from weighbridge.tasks.suites import suites
from weighbridge.tasks.suites.metrics import METRICS, Answered, evaluated, pass_at_k, ranks

CB, MULTIRC, LEGAL, FLIP, WMT = (
    suites()[name] for name in ("cb", "multirc", "legalbench", "flip_gb1", "wmt22_de_en")
)


def answered(gold: object, said: str | None, score: float = 0.0, text: str = "", **fields: object) -> Answered:
    meta = {"task": str(fields.get("task", ""))}
    return Answered(Item("1", dict(fields), gold, None, meta), score, said, text)


def figure(name: str, rows: list[Answered], suite, items=None) -> float:
    drawn = np.arange(len(rows)) if items is None else np.asarray(items)
    return evaluated(METRICS[name].prepare(rows, suite), drawn)


labels = st.sampled_from(list(CB.labels))


@given(st.lists(st.tuples(labels, labels | st.none()), min_size=1, max_size=40), st.randoms())
@settings(max_examples=60, deadline=None)
def test_macro_f1_is_scikit_learns(pairs: list[tuple[str, str | None]], chance) -> None:
    from sklearn.metrics import f1_score

    rows = [answered(gold, said) for gold, said in pairs]
    drawn = [chance.randrange(len(rows)) for _ in rows]
    gold, said = [pairs[n][0] for n in drawn], [pairs[n][1] or "nothing" for n in drawn]
    theirs = f1_score(gold, said, labels=list(CB.labels), average="macro", zero_division=0)
    assert figure("macro_f1", rows, CB, drawn) == pytest.approx(theirs)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans() | st.none()), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_multirc_is_the_official_script(given_rows: list[tuple[int, bool, bool | None]]) -> None:
    """Khashabi et al. 2018: F1 over all options; exact match over questions."""
    from sklearn.metrics import f1_score

    words = {True: "yes", False: "no", None: None}
    rows = [answered(words[gold], words[said], question_id=f"q{q}") for q, gold, said in given_rows]
    gold = [gold for _, gold, _ in given_rows]
    said = [bool(said) for _, _, said in given_rows]
    assert figure("multirc_f1a", rows, MULTIRC) == pytest.approx(f1_score(gold, said, zero_division=0))
    questions: dict[int, bool] = {}
    for q, g, s in given_rows:
        questions[q] = questions.get(q, True) and g is s
    assert figure("multirc_em", rows, MULTIRC) == pytest.approx(sum(questions.values()) / len(questions))
    # A resample that draws every item twice says the same.
    twice = np.repeat(np.arange(len(rows)), 2)
    assert figure("multirc_em", rows, MULTIRC, twice) == pytest.approx(figure("multirc_em", rows, MULTIRC))


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=3, max_size=40))
@settings(max_examples=60, deadline=None)
def test_spearman_is_scipys(pairs: list[tuple[float, float]]) -> None:
    from scipy.stats import rankdata, spearmanr

    gold, said = zip(*pairs, strict=True)
    assert ranks(np.array(said)) == pytest.approx(rankdata(said))
    if len(set(gold)) == 1 or len(set(said)) == 1:
        return
    rows = [answered(g, repr(s)) for g, s in pairs]
    assert figure("spearman", rows, FLIP) == pytest.approx(spearmanr(gold, said).statistic, abs=1e-9)


def test_an_answer_without_a_number_gets_the_middle_rank() -> None:
    rows = [answered(1.0, "1"), answered(2.0, "2"), answered(3.0, None), answered(4.0, "4")]
    assert 0.5 < figure("spearman", rows, FLIP) < 1
    assert figure("spearman", [answered(1.0, None), answered(2.0, None)], FLIP) == 0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("XYZ"), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_balanced_accuracy_is_scikit_learns_by_task(rows_of: list[tuple[str, str, bool]]) -> None:
    from sklearn.metrics import recall_score

    rows = [answered(gold, None, float(right), task=task) for task, gold, right in rows_of]
    by_task = []
    for task in sorted({task for task, _, _ in rows_of}):
        mine = [(gold, gold if right else "?") for name, gold, right in rows_of if name == task]
        classes = sorted({gold for gold, _ in mine})
        gold, said = zip(*mine, strict=True)
        by_task.append(recall_score(gold, said, labels=classes, average="macro", zero_division=0))
    assert figure("balanced_accuracy", rows, LEGAL) == pytest.approx(float(np.mean(by_task)))


def test_bleu_and_chrf_are_sacrebleus() -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    rng = np.random.default_rng(3)
    text = "the a goods cost less than twenty euros I paid for it, yesterday! (we) sent 40% back ."
    words = text.split()
    texts = [" ".join(rng.choice(words, rng.integers(1, 15))) for _ in range(60)]
    accepted = [" ".join(rng.choice(words, rng.integers(1, 15))) for _ in range(60)]
    rows = [answered(reference, text) for text, reference in zip(texts, accepted, strict=True)]
    for drawn in (np.arange(60), rng.integers(60, size=60)):
        mine, theirs = [texts[n] for n in drawn], [[accepted[n] for n in drawn]]
        assert figure("bleu", rows, WMT, drawn) == pytest.approx(sacrebleu.corpus_bleu(mine, theirs).score, abs=1e-9)
        assert figure("chrf", rows, WMT, drawn) == pytest.approx(sacrebleu.corpus_chrf(mine, theirs).score, abs=1e-9)
    # An answer that says nothing counts with nothing.
    empty = [*rows[:5], answered("a reference", None)]
    theirs = sacrebleu.corpus_chrf([*texts[:5], ""], [[*accepted[:5], "a reference"]]).score
    assert figure("chrf", empty, WMT) == pytest.approx(theirs)


@given(
    st.text(alphabet="abc äö.é中 ", max_size=30),
    st.lists(st.text(alphabet="abc äö.é中 ", max_size=30), min_size=1, max_size=3),
)
@settings(max_examples=80, deadline=None)
def test_sentence_chrf_is_sacrebleus(text: str, accepted: list[str]) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    theirs = sacrebleu.sentence_chrf(text, accepted).score
    assert 100 * chrf_of(chrf_statistics(text, accepted)) == pytest.approx(theirs, abs=1e-9)


@given(st.integers(1, 12), st.data())
def test_pass_at_k_is_the_share_of_all_draws(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    draws = list(combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(any(draw) for draw in draws) / len(draws))
    # The product form of the paper's own code (Chen et al. 2021, figure 3).
    paper = 1.0 if n - c < k else 1 - float(np.prod(1 - k / np.arange(n - c + 1, n + 1)))
    assert pass_at_k(n, c, k) == pytest.approx(paper)
    assert math.isclose(pass_at_k(n, c, 1), c / n)


words = st.text(alphabet="abdehlnt .,-'", max_size=25)


@given(words, st.lists(words, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_english_spans_are_squads(text: str, accepted: list[str]) -> None:
    exact, overlap = span_scores(text, accepted, "en")
    assert exact == max(float(normal(text) == normal(each)) for each in accepted)
    assert overlap == pytest.approx(max(official_f1(text, each) for each in accepted))


def normal(text: str) -> str:
    """normalize_answer of SQuAD's evaluate-v2.0.py, written from its description."""
    kept = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def official_f1(text: str, reference: str) -> float:
    """compute_f1 of the same script: two empty texts agree."""
    mine, theirs = normal(text).split(), normal(reference).split()
    if not mine or not theirs:
        return float(mine == theirs)
    left = list(theirs)
    same = 0
    for word in mine:
        if word in left:
            left.remove(word)
            same += 1
    if not same:
        return 0.0
    precision, recall = same / len(mine), same / len(theirs)
    return 2 * precision * recall / (precision + recall)


def test_other_languages_drop_their_own_articles() -> None:
    assert span_scores("der 6. Oktober", ["6 Oktober"], "de") == (1.0, 1.0)
    assert span_scores("the end", ["end"], "de")[0] == 0
    assert span_scores("¿el «seis»?", ["seis"], "es") == (1.0, 1.0)
    assert span_scores("el fin", ["fin"], "en")[0] == 0
    assert span_scores("308分", ["308 分"], "zh") == (1.0, 1.0)
    assert span_scores("北京市", ["北京"], "zh")[1] == pytest.approx(0.8)
    assert span_scores("", ["x"], "en") == (0.0, 0.0)


def test_mass_is_lm_evals_mc2() -> None:
    logprobs, labels = [-120.5, -121.0, -119.2, -130.0], [1, 0, 1, 0]
    item = Item("1", {"labels": labels})
    scored = [Scored(f"o{n}", logprob, 3) for n, logprob in enumerate(logprobs)]
    mark, _ = scorer_named("mass", {"labels": "labels"})
    probabilities = np.exp(np.array(logprobs))
    wanted = (probabilities / probabilities.sum())[np.array(labels) == 1].sum()
    assert mark(item, Completion("o2", scored=scored)).value == pytest.approx(wanted)
    with pytest.raises(UsageError, match="log-likelihood"):
        mark(item, Completion("o2"))
    with pytest.raises(UsageError, match="no option as right"):
        mark.check([Item("1", {"labels": [0, 0]})])
