"""Says which licence a text is, and which of its sentences are not that licence's."""

from __future__ import annotations

from weighbridge.audit.licence.detect.around import around, stretches
from weighbridge.audit.licence.detect.candidates import candidates
from weighbridge.audit.licence.detect.comparison import Comparison, compared
from weighbridge.audit.licence.detect.identified import Candidate, Identified, Status
from weighbridge.audit.licence.detect.index import Index, index
from weighbridge.audit.licence.detect.lexicon import hashed
from weighbridge.audit.licence.detect.passages import missing, passages
from weighbridge.audit.licence.detect.words import Words, words_of

LONGEST = 60_000
"""Words that are looked at; no licence has a sixth of them."""
CUT = 0.3
"""Share of a licence missing at an end, above which the text was broken off and no sentence taken out."""


def identify(text: str, known: Index | None = None) -> Identified:
    """The licence that `text` is, held against `known` (`index`: those that come along and the user's own).

    A text is named after a licence only where at least half of the one is in the other; otherwise the status is
    ``unknown`` and `candidates` has the nearest. Whatever the name: unless the status is ``complete``, the text's
    terms are not that licence's.
    """
    words = words_of(text)
    if len(words.words) > LONGEST:
        return Identified("unknown", notes=(f"longer than any licence: {len(words.words):,} words",))
    hashes = [hashed(word) for word in words.words]
    held = known if known is not None else index()
    found: list[tuple[Comparison, list[Comparison]]] = []
    taken: list[tuple[int, int]] = []
    near: list[Comparison] = []
    for _ in range(4):
        ranked = [
            one
            for first, after in stretches(words, taken)
            if after - first >= 12
            for one in _ranked(words, hashes, first, after, held)
        ]
        ranked.sort(key=lambda one: -one.fit)
        if not taken:
            near = ranked
        ranked = [one for one in ranked if _is_it(one)]
        if not ranked:
            break
        found.append((ranked[0], ranked))
        taken.append(ranked[0].body)
    if not found:
        return Identified("unknown", candidates=tuple(_candidate(one) for one in near[:3]))
    outside, notes = around(words, text, stretches(words, taken))
    results = [_result(one, ranked, words) for one, ranked in found]
    best = results[0]
    listed = sorted([*best.passages, *outside], key=lambda one: (one.line, one.last_line))
    status: Status = "modified" if outside else best.status
    return Identified(
        status,
        best.licence,
        best.key,
        best.name,
        best.share,
        best.line,
        best.last_line,
        best.twins,
        best.candidates,
        tuple(listed),
        best.missing,
        (*best.notes, *notes),
        tuple(results[1:]),
    )


def _ranked(words: Words, hashes: list[int], first: int, after: int, held: Index) -> list[Comparison]:
    """The licences in a stretch of the text."""
    stretch = hashes[:after]
    stretch[:first] = [-1] * first
    found = []
    for one in candidates(hashes[first:after], held):
        comparison = compared(one, words, stretch)
        if comparison is not None:
            found.append(comparison)
    return found


def _is_it(one: Comparison) -> bool:
    """Whether the text is this licence, broken off or altered maybe: half of it is there, or nothing else is."""
    least = min(30, 0.6 * len(one.known.hashes))
    if one.matched < least or one.explained < 0.5:
        return False
    return one.share >= 0.5 or (one.explained >= 0.85 and one.matched >= 40)


def _candidate(one: Comparison) -> Candidate:
    entry = one.known.entry
    return Candidate(entry.licence, entry.key, entry.name, round(one.share, 4), round(one.explained, 4))


def _result(best: Comparison, ranked: list[Comparison], words: Words) -> Identified:
    first, after = best.body
    same = [
        one
        for one in ranked
        if one is not best and one.body[0] < after and one.body[1] > first and one.matched > 0.5 * best.matched
    ]
    differing = tuple(passages(best, words))
    parts = missing(best)
    status: Status = "complete"
    if best.head or best.tail:
        status = "incomplete" if _broken_off(best, words) else "modified"
    if differing:
        status = "modified"
    entry = best.known.entry
    twins = dict.fromkeys(
        one.known.entry.licence if one.known.entry.licence != entry.licence else one.known.entry.key
        for one in same
        if _as_well(one, best)
    )
    return Identified(
        status,
        entry.licence,
        entry.key,
        entry.name,
        round(best.share, 4),
        words.lines[first],
        words.lines[after - 1],
        tuple(twins),
        tuple(_candidate(one) for one in (best, *same)),
        differing,
        parts,
        best.notes,
    )


def _as_well(one: Comparison, best: Comparison) -> bool:
    """Whether another licence explains the words that are there as well as the best does."""
    if best.cost == 0 and not (best.head or best.tail):
        return False
    slack = 0 if best.cost == 0 else 2 + 0.02 * best.cost
    return one.cost <= best.cost + slack and one.matched >= best.matched - slack


def _broken_off(one: Comparison, words: Words) -> bool:
    """Whether what is missing at an end was cut off, and not a sentence or two taken out.

    A licence that lacks its beginning lacks its grants: that counts as cut off only within a sentence, or where most
    of it is missing.
    """
    known = one.known
    if one.tail / max(known.required, 1) > CUT or one.head / max(known.required, 1) > 2 * CUT:
        return True
    last = one.blocks[-1].a + one.blocks[-1].size
    inside_tail = one.tail > 0 and last < len(known.hashes) and known.clause[last - 1] == known.clause[last]
    begin = one.blocks[0].a
    inside_head = one.head > 0 and begin > 0 and known.clause[begin - 1] == known.clause[begin]
    ends = one.body[1] >= len(words.words) - 1
    return (inside_tail and ends) or (inside_head and one.body[0] <= 1 and one.tail == 0)
