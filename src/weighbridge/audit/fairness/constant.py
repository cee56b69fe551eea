"""Answers that do not depend on the question: one text for all, nearly one text, or texts cut at one length."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np

from weighbridge.audit.fairness.shingles import words_of
from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import Finding
from weighbridge.evidence.words import percent

FEWEST = 20
"""Answers below which nothing is said."""

OFTEN = 0.5
"""Share of answers with one text from which free text does not depend on the question."""

LABEL_OFTEN = 0.9
"""The same where the answer is a label, of which some are common by nature."""

BEYOND = 0.25
"""By how much one answer must be commoner than the commonest reference, or than any answer of the others."""

ALIKE = 0.6
"""Overlap of word pairs between answers to different questions from which they are nearly one text."""

SHOWN = 50

SHORT = 30
"""Characters of references below which answers are short by nature."""

SPIKE = 3
"""Answers of one length against those one character longer or shorter: a cut leaves a spike, wording does not."""


def constant_answers(view: View) -> list[Finding]:
    """Candidates that give one answer, or nearly one, whatever is asked. Rules may: it is their purpose."""
    if view.evidence.answers is None:
        return _constant_lengths(view)
    tops = {k: _top(view, k) for k, _ in view.answering()}
    found = []
    looked = 0
    for k, name in view.answering():
        text, share, items, n = tops[k]
        if n < FEWEST:
            continue
        looked += 1
        usual = _usual(view, [tops[other][1] for other in tops if other != k and tops[other][3] >= FEWEST])
        if share >= (LABEL_OFTEN if view.labels else OFTEN) and share >= usual + BEYOND:
            shown = " ".join(text.split())
            shown = shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + "..."
            found.append(
                finding(
                    "not met",
                    f"{name} gave one and the same answer to {percent(share)} of the items, whatever was asked: "
                    f"{shown!r}",
                    candidate=name,
                    value=share,
                    evidence=view.ids(items),
                    would_change=f"{name} left out, or its prompt and connection put right",
                )
            )
        elif (alike := _alike(view, k)) >= ALIKE and all(
            _alike(view, other) < ALIKE - BEYOND for other in tops if other != k
        ):
            found.append(
                finding(
                    "not met",
                    f"{name} gives nearly the same text whatever is asked: answers to different questions share "
                    f"{percent(alike)} of their words in order",
                    candidate=name,
                    value=alike,
                    limit=ALIKE,
                    evidence=view.ids(range(min(view.items, 5))),
                    would_change=f"{name} left out, or its prompt put right",
                )
            )
    return found or ([finding("met", "every candidate's answers change with the question")] if looked else [])


def _top(view: View, k: int) -> tuple[str, float, list[int], int]:
    """The commonest answer that is not empty, its share, where it is, and how many answers there are."""
    texts = view.texts(k)
    counts = Counter(text.strip() for _, text in texts)
    counts.pop("", None)
    if not counts:
        return "", 0.0, [], 0
    text, often = counts.most_common(1)[0]
    return text, often / len(texts), [i for i, one in texts if one.strip() == text][:FEWEST], len(texts)


def _usual(view: View, others: list[float]) -> float:
    """How common one answer may well be: as the commonest reference is, else as with the least uniform rival."""
    if view.references is not None:
        counts = Counter(text.strip().casefold() for text in view.references)
        return max(counts.values()) / view.items
    return min(others, default=0.0)


def _alike(view: View, k: int) -> float:
    """Median overlap of word pairs between answers to questions far apart in the table; 0 where answers are short."""
    pairs = []
    for i, text in view.sample(k, 40):
        words = words_of(text[:2000])
        if len(words) >= 12:
            pairs.append((i, set(pairwise(words))))
    if len(pairs) < FEWEST // 2:
        return 0.0
    overlaps = [
        len(left & right) / max(1, len(left | right))
        for (_, left), (_, right) in zip(pairs, pairs[1:] + pairs[:1], strict=True)
    ]
    return float(np.median(overlaps))


def _constant_lengths(view: View) -> list[Finding]:
    """Without texts: candidates whose answers all have the same number of tokens, while the others' vary."""
    tokens = view.evidence.tokens_out
    spread = {}
    for k, _ in view.answering():
        known = tokens[k][view.asked[k] & np.isfinite(tokens[k])]
        if known.size >= 50 and float(known.mean()) >= 8:
            values, counts = np.unique(known, return_counts=True)
            spread[k] = (float(counts.max()) / known.size, float(values[counts.argmax()]))
    found = []
    for k, (share, value) in spread.items():
        others = [one for other, (one, _) in spread.items() if other != k]
        if share >= LABEL_OFTEN and others and min(others) < OFTEN:
            found.append(
                finding(
                    "unknown",
                    f"{view.names[k]}: {percent(share)} of its answers have exactly {value:,.0f} tokens; are they "
                    "one text, or cut there?",
                    candidate=view.names[k],
                    value=share,
                    would_change="the answers themselves",
                )
            )
    return found


def cut_answers(view: View) -> list[Finding]:
    """Candidates of whose answers many end at exactly the same length, in the middle of a sentence.

    Where references say that short answers are due (labels, names, dates), equal lengths mean nothing.
    """
    if view.references is not None and float(np.median([len(text) for text in view.references])) < SHORT:
        return []
    found = []
    for k, name in view.answering():
        texts = [(i, text) for i, text in view.texts(k) if len(text) >= 8]
        if len(texts) < 2 * FEWEST:
            continue
        length, often = Counter(len(text) for _, text in texts).most_common(1)[0]
        at = [(i, text) for i, text in texts if len(text) == length]
        longer = sum(len(text) > length for _, text in texts)
        beside = sum(abs(len(text) - length) == 1 for _, text in texts)
        torn = sum(text[-1].isalpha() or text[-1] in " ,-" for _, text in at)
        fresh = len({text for _, text in at})
        share = often / len(texts)
        if share < 0.2 or fresh < 0.3 * often or torn < 0.5 * often or often < SPIKE * beside:
            continue
        beyond = "" if not longer else f" ({percent(longer / len(texts))} are longer)"
        found.append(
            finding(
                "not met",
                f"{name}: {percent(share)} of its answers are exactly {length:,} characters long and most of those "
                f"break off{beyond}: they look cut",
                candidate=name,
                value=share,
                evidence=view.ids([i for i, _ in at]),
                would_change="whole answers",
            )
        )
    return found
