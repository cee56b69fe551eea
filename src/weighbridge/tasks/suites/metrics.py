"""The figures by name: each turns the answers of one candidate into a function from a choice of items to a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighbridge.errors import UsageError
from weighbridge.tasks.item import Item
from weighbridge.tasks.normalise import as_text, references
from weighbridge.tasks.scorers.chrf import chrf_of, chrf_statistics, translation_of
from weighbridge.tasks.scorers.span import span_scores
from weighbridge.tasks.suites.definition import Suite

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Evaluate = Callable[[Ints], float]
"""From positions of items (with repetition, in a resample) to the figure."""
Prepared = Evaluate | Floats
"""Values by item where the figure is their mean, else a function of the items."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a candidate said to one item."""

    item: Item
    score: float
    """Mean over the repeats; NaN where it was not asked."""
    read: str | None
    """What the scorer read out of the answer; None where nothing could be read."""
    text: str
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that a suite is known by."""

    name: str
    title: str
    doc: str
    prepare: Callable[[Sequence[Answered], Suite], Prepared]
    """Raises `UsageError` where something it needs is not installed."""
    percent: bool = True
    """A share from 0 to 1, shown in percent; else as it is."""


def evaluated(prepared: Prepared, items: Ints) -> float:
    """The figure of these items."""
    return float(prepared[items].mean()) if isinstance(prepared, np.ndarray) else prepared(items)


def mean(answers: Sequence[Answered], suite: Suite) -> Floats:  # noqa: ARG001 - the signature of all metrics
    """Mean score of the items."""
    return np.array([answer.score for answer in answers])


def _labels(answers: Sequence[Answered], suite: Suite) -> tuple[Ints, Ints, int]:
    """Gold and answered classes; -1 for an answer that names none."""
    names = {label: number for number, label in enumerate(suite.labels)}
    gold = np.array([names[as_text(answer.item.reference)] for answer in answers], dtype=np.int64)
    said = np.array([names.get(answer.read or "", -1) for answer in answers], dtype=np.int64)
    return gold, said, len(names)


def macro_f1(answers: Sequence[Answered], suite: Suite) -> Evaluate:
    """Unweighted mean of the F1 of each class; an answer that cannot be read is of no class. A class that neither
    occurs nor is answered has F1 0, as in scikit-learn."""
    gold, said, classes = _labels(answers, suite)

    def value(items: Ints) -> float:
        right = np.bincount(gold[items][gold[items] == said[items]], minlength=classes)
        wanted = np.bincount(gold[items], minlength=classes)
        named = np.bincount(said[items][said[items] >= 0], minlength=classes)
        return float(np.mean(2 * right / np.maximum(1, wanted + named)))

    return value


def multirc_f1a(answers: Sequence[Answered], suite: Suite) -> Evaluate:
    """F1 of "yes" over all answer options (Khashabi et al. 2018); an unreadable answer is not a yes."""
    gold, said, _ = _labels(answers, suite)
    yes = list(suite.labels).index("yes")

    def value(items: Ints) -> float:
        wanted, named = gold[items] == yes, said[items] == yes
        total = int(wanted.sum() + named.sum())
        return 2 * int((wanted & named).sum()) / total if total else 0.0

    return value


def multirc_em(answers: Sequence[Answered], suite: Suite) -> Evaluate:
    """Share of questions of which every option that was asked is judged right."""
    gold, said, _ = _labels(answers, suite)
    wrong = (gold != said).astype(np.int64)
    seen: dict[str, int] = {}
    names = [as_text(answer.item.fields["question_id"]) for answer in answers]
    question = np.array([seen.setdefault(name, len(seen)) for name in names], dtype=np.int64)

    def value(items: Ints) -> float:
        # A question drawn twice counts twice: its options come as often.
        options = np.bincount(question[items], minlength=len(seen))
        each = np.bincount(question, minlength=len(seen))
        times = options / np.maximum(1, each)
        right = np.bincount(question[items], weights=wrong[items], minlength=len(seen)) == 0
        return float((times * right).sum() / times.sum())

    return value


def _span(answers: Sequence[Answered], suite: Suite, which: int) -> Floats:
    settings = suite.scorer if isinstance(suite.scorer, dict) else {}
    language = str(settings.get("language", "en"))
    found = []
    for answer in answers:
        accepted = [as_text(each) for each in references(answer.item.reference)]
        said = answer.read or ""
        found.append(span_scores(said, accepted, language)[which] if said else 0.0)
    return np.array(found)


def em(answers: Sequence[Answered], suite: Suite) -> Floats:
    """Mean exact match, each the best over the accepted answers."""
    return _span(answers, suite, 0)


def f1(answers: Sequence[Answered], suite: Suite) -> Floats:
    """Mean word F1, each the best over the accepted answers."""
    return _span(answers, suite, 1)


def balanced_accuracy(answers: Sequence[Answered], suite: Suite) -> Evaluate:
    """Mean over the parts of the mean over their classes of the share answered right (LegalBench, section 5)."""
    column = suite.subset or ""
    seen: dict[tuple[str, str], int] = {}
    parts: dict[str, int] = {}
    keys = [(answer.item.meta.get(column, ""), as_text(answer.item.reference)) for answer in answers]
    group = np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.int64)
    part_of = np.array([parts.setdefault(part, len(parts)) for part, _ in seen], dtype=np.int64)
    score = np.array([answer.score for answer in answers])

    def value(items: Ints) -> float:
        count = np.bincount(group[items], minlength=len(seen))
        total = np.bincount(group[items], weights=score[items], minlength=len(seen))
        there = count > 0
        recall = total[there] / count[there]
        classes = np.bincount(part_of[there], minlength=len(parts))
        sums = np.bincount(part_of[there], weights=recall, minlength=len(parts))
        return float((sums[classes > 0] / classes[classes > 0]).mean())

    return value


def by_subset(answers: Sequence[Answered], suite: Suite) -> Evaluate:
    """Mean over the parts (subjects) of each one's mean score: every part counts alike, however large it is."""
    column = suite.subset or ""
    seen: dict[str, int] = {}
    part = np.array([seen.setdefault(answer.item.meta.get(column, ""), len(seen)) for answer in answers])
    score = np.array([answer.score for answer in answers])

    def value(items: Ints) -> float:
        count = np.bincount(part[items], minlength=len(seen))
        total = np.bincount(part[items], weights=score[items], minlength=len(seen))
        return float((total[count > 0] / count[count > 0]).mean())

    return value


def ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: Floats = (2 * ends - counts + 1) / 2
    return middle[inverse]


def spearman(answers: Sequence[Answered], suite: Suite) -> Evaluate:  # noqa: ARG001
    """Spearman's rank correlation of answers and references; an answer without a number gets the middle rank, so that
    silence neither helps nor is left out."""
    wanted = np.array([float(as_text(answer.item.reference)) for answer in answers])
    said = np.array([math.nan if answer.read is None else float(answer.read) for answer in answers])

    def value(items: Ints) -> float:
        known = np.isfinite(said[items])
        mine = np.full(items.size, (known.sum() + 1) / 2)
        mine[known] = ranks(said[items][known])
        theirs = ranks(wanted[items])
        if np.ptp(mine) == 0 or np.ptp(theirs) == 0:
            return 0.0
        return float(np.corrcoef(mine, theirs)[0, 1])

    return value


def bleu(answers: Sequence[Answered], suite: Suite) -> Evaluate:  # noqa: ARG001
    """BLEU of the whole text (Papineni et al. 2002), as sacrebleu reckons it with its default tokeniser."""
    try:
        from sacrebleu.metrics import BLEU
    except ImportError:
        raise UsageError("sacrebleu is not installed", fix="pip install 'weighbridge[suites]'") from None
    # Only the counts of each sentence are used, and those are the same under any smoothing.
    counter = BLEU(effective_order=True)
    rows = []
    for answer in answers:
        accepted = [as_text(each) for each in references(answer.item.reference)]
        found = counter.sentence_score(answer.read or translation_of(answer.text), accepted)
        rows.append([*found.counts, *found.totals, found.sys_len, found.ref_len])
    counts = np.array(rows, dtype=np.int64)

    def value(items: Ints) -> float:
        total = [int(each) for each in counts[items].sum(axis=0)]
        score = BLEU.compute_bleu(
            correct=total[:4], total=total[4:8], sys_len=total[8], ref_len=total[9], smooth_method="exp"
        )
        return float(score.score)

    return value


def chrf(answers: Sequence[Answered], suite: Suite) -> Evaluate:  # noqa: ARG001
    """chrF of the whole text (Popović 2015): character n-grams up to 6, beta 2."""
    counts = np.array(
        [
            chrf_statistics(
                answer.read or translation_of(answer.text),
                [as_text(each) for each in references(answer.item.reference)],
            )
            for answer in answers
        ]
    )
    return lambda items: 100 * chrf_of(counts[items].sum(axis=0))


def pass_at(k: int) -> Metric:
    """pass@k: the chance that one of k answers passes, without bias from the n that were drawn: 1 - C(n-c, k)/C(n, k)
    (Chen et al. 2021, section 2.1)."""

    def prepare(answers: Sequence[Answered], suite: Suite) -> Floats:  # noqa: ARG001
        return np.array([_passes(answer, k) for answer in answers])

    return Metric(f"pass@{k}", f"pass@{k}", "share of tasks that one of k answers solves", prepare)


def _passes(answer: Answered, k: int) -> float:
    if math.isnan(answer.score):
        return math.nan
    return pass_at_k(answer.repeats, round(answer.score * answer.repeats), k)


def pass_at_k(n: int, c: int, k: int) -> float:
    """1 - C(n - c, k) / C(n, k) for c passing answers among n; n >= k."""
    return 1 - math.comb(n - c, k) / math.comb(n, k)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", "share of items answered right", mean),
        Metric("mean", "probability of true answers", "mean share of probability on true answers (MC2)", mean),
        Metric("macro_f1", "macro F1", "mean of the F1 of each class", macro_f1),
        Metric("multirc_f1a", "F1a", "F1 of the right answer options", multirc_f1a),
        Metric("multirc_em", "EM", "questions with every option judged right", multirc_em),
        Metric("em", "exact match", "answers that equal an accepted one", em),
        Metric("f1", "F1", "words in common with the best accepted answer", f1),
        Metric("balanced_accuracy", "balanced accuracy", "mean over tasks and their classes", balanced_accuracy),
        Metric("by_subset", "mean over subjects", "accuracy, every subject counted alike", by_subset),
        Metric("spearman", "Spearman", "rank correlation with the measured values", spearman, percent=False),
        Metric("bleu", "BLEU", "n-grams in common with the reference, whole text", bleu, percent=False),
        Metric("chrf", "chrF", "character n-grams in common with the reference, whole text", chrf, percent=False),
    )
}
"""By name. `pass_at_k` is there once for each k (`pass_at`)."""
