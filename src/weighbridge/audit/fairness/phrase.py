"""A judge that is gamed by a fixed phrase: a text that stands in many of one candidate's answers and lifts them."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from weighbridge.audit.fairness.shingles import words_of
from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import Finding
from weighbridge.evidence.words import percent, points
from weighbridge.stats.fixed.special import normal_quantile

LONG = 7
"""Words in a row that make a phrase: shorter ones are idiom."""

READ = 200
"""Answers of one candidate that are searched for a phrase."""

OFTEN = 0.2
EVERYWHERE = 0.9
FEWEST = 20


def fixed_phrases(view: View) -> list[Finding]:
    """Candidates with a phrase of their own that a judge rewards, or that stands in nearly every answer.

    Rewarded: against the mean of the other candidates on the same items, answers with the phrase score more than
    answers without it, by a Welch test at one-sided p < 0.0005.
    """
    if not view.judged or view.evidence.answers is None:
        return []
    grams = {k: _common(view, k) for k, _ in view.answering()}
    found = []
    for k, name in view.answering():
        phrase, often, n = grams[k]
        if n < FEWEST or often < OFTEN * n:
            continue
        if any(_holds(view, other, phrase) > 0.3 * often / n for other in grams if other != k):
            continue
        texts = view.texts(k)
        holding = np.array([f" {phrase} " in f" {' '.join(words_of(text))} " for _, text in texts])
        items = np.array([i for i, _ in texts])
        share = float(holding.mean())
        gain, sure = _gain(view, k, items, holding)
        if share < EVERYWHERE and not (sure and gain > 0):
            continue
        proven = sure and gain > 0
        effect = f", and score {points(gain)} more than without it" if proven else ""
        found.append(
            finding(
                "not met" if proven else "unknown",
                f"{name}: {percent(share)} of its answers hold the phrase {phrase!r}{effect}; a judge may reward it",
                candidate=name,
                value=share,
                evidence=view.ids(items[holding]),
                would_change="the phrase taken out of the answers before they are judged",
            )
        )
    return found or ([finding("met", "no phrase of a candidate's own goes with higher marks")] if grams else [])


def _common(view: View, k: int) -> tuple[str, int, int]:
    """The phrase in most of the sampled answers and not in their questions, in how many, of how many."""
    counts: Counter[str] = Counter()
    read = view.sample(k, READ)
    for i, text in read:
        words = words_of(text[:6000])
        phrases = {" ".join(words[j : j + LONG]) for j in range(len(words) - LONG + 1)}
        if view.evidence.questions is not None and phrases:
            asked = " ".join(words_of(view.evidence.questions[i]))
            phrases = {phrase for phrase in phrases if phrase not in asked}
        counts.update(phrases)
    top = max(counts.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0))
    return top[0], top[1], len(read)


def _holds(view: View, k: int, phrase: str) -> float:
    """Share of the sampled answers of another candidate that hold `phrase`."""
    read = view.sample(k, READ)
    return sum(phrase in " ".join(words_of(text[:6000])) for _, text in read) / max(1, len(read))


def _gain(view: View, k: int, items: np.ndarray, holding: np.ndarray) -> tuple[float, bool]:
    """How much better, against the others' mean, the answers with the phrase are, and whether that is no chance."""
    score = view.evidence.score
    others = [j for j in range(len(view.names)) if j != k]
    known = view.asked[others][:, items]
    total = np.where(known, score[others][:, items], 0.0).sum(axis=0)
    lead = score[k, items] - np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), 0.0)
    with_, without = lead[holding], lead[~holding]
    if with_.size < FEWEST // 2 or without.size < FEWEST // 2:
        return 0.0, False
    gain = float(with_.mean() - without.mean())
    error = math.sqrt(with_.var(ddof=1) / with_.size + without.var(ddof=1) / without.size)
    return gain, gain > normal_quantile(1 - 0.0005) * error
