"""One wrong extraction pattern: the right answer is there, and the score is 0 in bulk."""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import Finding
from weighbridge.evidence.words import percent, points

FEWEST = 5

BULK = 0.3
"""Share of a candidate's wrong answers that hold the reference, from which the scorer is in doubt."""

MATTERS = 0.03
"""Share of all its answers that this must be."""

MOST = 500
"""Wrong answers of one candidate that are read, evenly spaced."""

_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?|[-+]?\.\d+")
_MARKED = re.compile(
    r"(?:answer|antwort|réponse|respuesta)\W{0,6}(?:is|ist|est|es|would be)?"
    r"[\s:*_\"'({\[\\]*(?:boxed\W+)?([A-Z0-9])\b(?!')",
    re.IGNORECASE,
)
_BARE = re.compile(r"\W*([A-Za-z0-9])\W*")


def wrong_extraction(view: View) -> list[Finding]:
    """Candidates of whose answers scored 0 a bulk ends in the reference. A judge's marks are not looked at."""
    references = view.evidence.references
    if view.references is None or references is None or view.evidence.answers is None or view.judged:
        return []
    found = []
    looked = False
    for k, name in view.answering():
        row = view.evidence.answers[k]
        wrong = [int(i) for i in np.flatnonzero(view.asked[k] & (view.evidence.score[k] <= 0)) if row[i]]
        asked = int(view.asked[k].sum())
        looked = looked or bool(wrong)
        if len(wrong) < FEWEST:
            continue
        read = wrong if len(wrong) <= MOST else [wrong[int(j)] for j in np.linspace(0, len(wrong) - 1, MOST)]
        held = [i for i in read if _holds(row[i] or "", references[i], view.labels)]
        share = len(held) / len(read)
        gain = share * len(wrong) / asked
        if len(held) < FEWEST or share < BULK or gain < MATTERS:
            continue
        found.append(
            finding(
                "not met",
                f"{name}: {percent(share)} of the answers scored 0 end in the reference: the scorer may not find the "
                f"answer there, which would cost it up to {points(gain)}",
                candidate=name,
                value=share,
                limit=BULK,
                evidence=view.ids(held),
                would_change="another extraction pattern: stored answers can be scored again without a call",
            )
        )
    return found or ([finding("met", "answers scored 0 do not end in the reference in bulk")] if looked else [])


@cache
def _final(reference: str) -> str:
    """The reference proper: what follows the last ``####`` where worked solutions are kept (GSM8K)."""
    return reference.rsplit("####", 1)[-1].strip()


def _holds(answer: str, reference: str, labels: dict[str, int] | None) -> bool:
    """Whether `answer` ends in `reference`: as its last number, its marked option, or on its last line alone."""
    wanted, text = _final(reference), answer.strip()
    if not wanted or not text:
        return False
    if len(wanted) == 1 and wanted.isalpha():
        marks = _MARKED.findall(text) or ([bare[1]] if (bare := _BARE.fullmatch(text.splitlines()[-1])) else [])
        return bool(marks) and marks[-1].casefold() == wanted.casefold()
    if _NUMBER.fullmatch(wanted):
        numbers = _NUMBER.findall(text)
        return bool(numbers) and _value(numbers[-1]) == _value(wanted)
    last = " ".join(text.splitlines()[-1].casefold().split())
    wanted = " ".join(wanted.casefold().split())
    if len(last) > len(wanted) + 40 or not re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", last):
        return False
    return not any(other != wanted and other in last for other in labels or ())


def _value(text: str) -> float:
    return float(text.replace(",", ""))
