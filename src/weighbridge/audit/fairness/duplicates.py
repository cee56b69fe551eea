"""Items that come twice, and items whose reference contradicts another's."""

from __future__ import annotations

import math
import re

import numpy as np

from weighbridge.audit.fairness.shingles import near_copies
from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import Finding
from weighbridge.evidence.words import count, percent

SLIGHT = 0.01
"""A smaller share of copies hardly changes an interval."""

_LETTER = re.compile(r"\W*[A-Za-z]\W*")
_MARK = re.compile(r"\W*[A-Za-z0-9]\W*")
_NUMBER = re.compile(r"[-+$€£ \d.,%]*\d[-+$€£ \d.,%]*")
_OPTIONS = re.compile(r"(?:^|[\s(])(?:B|b|2)\s?[).:]\s?\S", re.MULTILINE)


def duplicates(view: View) -> list[Finding]:
    """Items that are copies or near-copies of another and do not stand in one cluster with it."""
    questions = view.evidence.questions
    if questions is None or not any(questions):
        return []
    groups = _merged(_exact(view), near_copies(list(questions)), view)
    cluster = view.evidence.cluster
    if cluster is not None:
        groups = [group for group in groups if len({int(cluster[i]) for i in group}) > 1]
    extra = sum(len(group) - 1 for group in groups)
    if not extra:
        return [finding("met", f"no item is a near-copy of another ({count(view.items, 'item')})")]
    groups.sort(key=len, reverse=True)
    share = extra / view.items
    largest = f"; one comes {len(groups[0])} times" if len(groups[0]) > 2 else ""
    of = f"{count(extra, 'item')} of {view.items:,} ({percent(share)})"
    head = f"{of} {'copies' if extra == 1 else 'copy'} another, word for word or nearly{largest}"
    rows = view.ids([i for group in groups for i in group])
    if share < SLIGHT:
        return [finding("met", f"{head}: too few to matter", value=share, limit=SLIGHT, evidence=rows)]
    narrow = math.sqrt(sum(len(group) ** 2 for group in groups) + view.items - sum(map(len, groups)))
    factor = narrow / math.sqrt(view.items)
    return [
        finding(
            "not met",
            f"{head}: they count as if they were items of their own, and the intervals are up to {factor:.2f} times "
            "too narrow",
            value=share,
            limit=SLIGHT,
            evidence=rows,
            would_change="one cluster for each group of copies, or the copies left out",
        )
    ]


def contradictions(view: View) -> list[Finding]:
    """Items with the same question and different references: at least one of each is wrong."""
    references, questions = view.references, view.evidence.questions
    if references is None or questions is None or not any(questions):
        return []
    groups: dict[str, dict[str, list[int]]] = {}
    for i, (question, reference) in enumerate(zip(questions, references, strict=True)):
        key = _plain(question)
        if key and reference.strip() and not _ambiguous(view, question, reference):
            groups.setdefault(key, {}).setdefault(_plain(reference), []).append(i)
    bad = [answers for answers in groups.values() if len(answers) > 1]
    if not bad:
        return [finding("met", "no two items ask the same and expect different answers")]
    wrong = sum(sum(map(len, one.values())) - max(map(len, one.values())) for one in bad)
    share = wrong / view.items
    rows = view.ids([i for one in bad for items in one.values() for i in items])
    plain = view.labels is not None or all(_NUMBER.fullmatch(text) for one in bad for text in one)
    fault = "must be wrong" if plain else "are wrong, unless they are two wordings of one answer"
    comes = "comes" if len(bad) == 1 else "come"
    head = (
        f"{count(len(bad), 'question')} {comes} with different references: {count(wrong, 'reference')} or more "
        f"({percent(share)} of the items) {fault}"
    )
    if share < 0.25 * view.tolerance:
        return [finding("met", f"{head}; too few to matter", value=share, evidence=rows)]
    return [
        finding(
            "not met" if plain else "unknown",
            head,
            value=share,
            evidence=rows,
            would_change="references put right, or these items left out",
        )
    ]


def _plain(text: str) -> str:
    """The text, case and spacing aside."""
    return " ".join(text.casefold().split())


def _ambiguous(view: View, question: str, reference: str) -> bool:
    """Whether the reference is the mark of an option that the text does not show: other options, other answer.

    A digit is a mark where all references are a few labels, else a number.
    """
    marks = _MARK if view.labels is not None else _LETTER
    return marks.fullmatch(reference) is not None and _OPTIONS.search(question) is None


def _exact(view: View) -> list[list[int]]:
    """Groups of items with the same words and signs and the same reference."""
    groups: dict[tuple[str, str], list[int]] = {}
    references = view.references or ("",) * view.items
    for i, question in enumerate(view.evidence.questions or ()):
        key = _plain(question)
        if key.count(" ") >= 2 and not (references[i] and _ambiguous(view, question, references[i])):
            groups.setdefault((key, _plain(references[i])), []).append(i)
    return [group for group in groups.values() if len(group) > 1]


def _merged(exact: list[list[int]], near: list[list[int]], view: View) -> list[list[int]]:
    """Both kinds of groups as one partition; near-copies with different references are not copies."""
    references = view.references or ("",) * view.items
    label = np.full(view.items, -1, dtype=np.int64)
    groups: list[list[int]] = []
    split: list[list[int]] = []
    questions = view.evidence.questions or ()
    for group in near:
        parts: dict[str, list[int]] = {}
        for i in group:
            if not (references[i] and _ambiguous(view, questions[i], references[i])):
                parts.setdefault(_plain(references[i]), []).append(i)
        split += [part for part in parts.values() if len(part) > 1]
    for group in [*split, *exact]:
        known = {int(label[i]) for i in group if label[i] >= 0}
        home = min(known) if known else len(groups)
        if home == len(groups):
            groups.append([])
        for other in known - {home}:
            label[groups[other]] = home
            groups[home] += groups[other]
            groups[other] = []
        new = [i for i in group if label[i] < 0]
        label[new] = home
        groups[home] += new
    return [sorted(group) for group in groups if len(group) > 1]
