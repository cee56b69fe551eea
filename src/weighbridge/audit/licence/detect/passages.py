"""Differences as sentences: inserted, deleted or changed, where in the text and where in the licence."""

from __future__ import annotations

import itertools

from weighbridge.audit.licence.detect.comparison import Comparison, Gap
from weighbridge.audit.licence.detect.cues import STRONG, sets_terms
from weighbridge.audit.licence.detect.identified import Kind, Missing, Passage
from weighbridge.audit.licence.detect.lexicon import NUMBER_HASHES, NUMBERS, TURNING, TURNING_HASHES
from weighbridge.audit.licence.detect.words import Words


def passages(comparison: Comparison, words: Words) -> list[Passage]:
    """Every sentence in the body that differs, in the order of the text."""
    found: dict[tuple[str, int], list[Gap]] = {}
    for gap in comparison.gaps:
        for one in _by_sentence(gap, words):
            if one.a + 4 < one.a_end and one.b < one.b_end and _replaced(comparison, one, words):
                found.setdefault(("gone", one.a), []).append(Gap(one.a, one.a_end, one.b, one.b))
                found.setdefault(("text", words.sentences[one.b]), []).append(
                    Gap(one.a_end, one.a_end, one.b, one.b_end)
                )
                continue
            if one.b < one.b_end:
                key = ("text", words.sentences[one.b])
            elif _whole(comparison, one):
                key = ("gone", one.a)
            else:
                key = ("text", words.sentences[max(one.b - 1, 0)])
            found.setdefault(key, []).append(one)
    return [_passage(comparison, words, key, gaps) for key, gaps in found.items()]


def missing(comparison: Comparison) -> tuple[Missing, ...]:
    """The clauses before the first word that is there and after the last one; those of one label are put together."""
    known = comparison.known
    first, last = comparison.blocks[0].a, comparison.blocks[-1].a + comparison.blocks[-1].size
    words: dict[int, int] = {}
    for at in (*range(first), *range(last, len(known.hashes))):
        if not known.optional[at] and at not in known.soft:
            words[known.clause[at]] = words.get(known.clause[at], 0) + 1
    labels: dict[str, int] = {}
    for number, count in words.items():
        label = known.entry.clauses[number].label
        labels[label] = labels.get(label, 0) + count
    return tuple(Missing(label, count) for label, count in labels.items())


def _by_sentence(gap: Gap, words: Words) -> list[Gap]:
    """A gap cut at the ends of the text's sentences; what the licence lost goes to the first."""
    cuts = [gap.b]
    cuts += [at for at in range(gap.b + 1, gap.b_end) if words.sentences[at] != words.sentences[at - 1]]
    cuts.append(gap.b_end)
    parts = [Gap(gap.a, gap.a_end, cuts[0], cuts[1])]
    parts += [Gap(gap.a_end, gap.a_end, first, after) for first, after in itertools.pairwise(cuts[1:])]
    return parts


def _replaced(comparison: Comparison, gap: Gap, words: Words) -> bool:
    """Whether one sentence is gone and another stands in its place, which is no change of its words."""
    here = _around(words, gap.b, words.sentences[gap.b])
    return _whole(comparison, gap) and gap.b_end - gap.b >= 0.6 * len(here)


def _whole(comparison: Comparison, gap: Gap) -> bool:
    """Whether at least most of a clause is gone."""
    known = comparison.known
    number = known.clause[(gap.a + gap.a_end) // 2]
    return gap.a_end - gap.a >= 0.6 * known.entry.clauses[number].words


def _passage(comparison: Comparison, words: Words, key: tuple[str, int], gaps: list[Gap]) -> Passage:
    known = comparison.known
    gone = [at for gap in gaps for at in range(gap.a, gap.a_end)]
    put = [at for gap in gaps for at in range(gap.b, gap.b_end)]
    first_clause = known.clause[min(gone[0] if gone else max(gaps[0].a - 1, 0), len(known.clause) - 1)]
    clause = known.entry.clauses[first_clause].label
    removed = sum(at not in known.soft for at in gone)
    if key[0] == "gone":
        at = max(gaps[0].b - 1, 0)
        labels = list(dict.fromkeys(known.entry.clauses[known.clause[one]].label for one in gone))
        clause = "; ".join(labels[:4]) + ("; ..." if len(labels) > 4 else "")
        weight = "grants" if any("grants" in label for label in labels) else "duty"
        return Passage("deleted", words.lines[at], words.lines[at], clause, "", (), removed, weight)
    number = key[1]
    inside = _around(words, gaps[0].b if put else max(gaps[0].b - 1, 0), number)
    new = len(put) >= 0.6 * len(inside)
    kind: Kind = "inserted" if new and removed < 0.5 * len(put) else "changed"
    said = words.said(inside[0], inside[-1])
    added = tuple(words.words[at] for at in put)
    if kind == "inserted" and not gone:
        clause = f"after {clause}"
    return Passage(
        kind,
        words.lines[inside[0]],
        words.lines[inside[-1]],
        clause,
        said,
        added,
        removed,
        _weight(kind, said, added, [known.hashes[at] for at in gone]),
    )


def _around(words: Words, at: int, number: int) -> list[int]:
    """The words of the sentence `number` that has the word `at`."""
    first = last = min(at, len(words.words) - 1)
    while first > 0 and words.sentences[first - 1] == number:
        first -= 1
    while last + 1 < len(words.words) and words.sentences[last + 1] == number:
        last += 1
    return list(range(first, last + 1))


def _weight(kind: Kind, said: str, added: tuple[str, ...], gone: list[int]) -> str:
    if kind == "inserted":
        return "restricts" if STRONG.search(said) or sets_terms(said) else "wording"
    if any(one.isdigit() or one in NUMBERS for one in added) or any(one in NUMBER_HASHES for one in gone):
        return "number"
    if any(one in TURNING for one in added) or any(one in TURNING_HASHES for one in gone):
        return "restricts"
    return "wording"
