"""One licence beside one text: what is explained, and what differs once layout, years and names are left aside."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from weighbridge.audit.licence.detect.alignment import Block, aligned
from weighbridge.audit.licence.detect.cues import COPYRIGHT, RIGHTS, STRONG, VERB, sets_terms
from weighbridge.audit.licence.detect.index import CALLED, Known
from weighbridge.audit.licence.detect.lexicon import LICENSORS, NO_NAMES, PARTS_OF_NAMES, YEARS, hashed
from weighbridge.audit.licence.detect.words import Words, spelled

_THE = hashed("the")
_PAGE = re.compile(r"(?:page\s+)?\d{1,3}(?:\s*(?:of|/)\s*\d{1,3})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gap:
    """The licence's words from `a` to before `a_end`, instead of which the text has `b` to before `b_end`."""

    a: int
    a_end: int
    b: int
    b_end: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A licence laid beside a text."""

    known: Known
    blocks: tuple[Block, ...]
    gaps: tuple[Gap, ...]
    """Differences that count, between the licence's first and last word in the text."""
    notes: tuple[str, ...] = ()
    matched: int = field(default=0)
    """Words that are the same."""
    head: int = 0
    """Words that a complete text needs, before the first one that is there."""
    tail: int = 0
    """The same after the last one."""

    @property
    def body(self) -> tuple[int, int]:
        """The text's words from the licence's first, to before the one after its last."""
        last = self.blocks[-1]
        return self.blocks[0].b, last.b + last.size

    @property
    def cost(self) -> int:
        """How many words differ within the body."""
        return sum((gap.a_end - gap.a) + (gap.b_end - gap.b) for gap in self.gaps)

    @property
    def share(self) -> float:
        """Of the licence's words, how many are there."""
        return self.matched / len(self.known.hashes)

    @property
    def explained(self) -> float:
        """Of the body's words, how many are the licence's."""
        first, after = self.body
        return self.matched / max(after - first, 1)

    @property
    def fit(self) -> float:
        """Higher is better: what is explained, less what differs, less a little of what is missing at the ends."""
        return self.matched - 1.5 * self.cost - 0.02 * (self.head + self.tail)


def compared(known: Known, words: Words, hashes: Sequence[int]) -> Comparison | None:
    """The licence laid beside the text; None where they share nothing."""
    blocks = aligned(known.hashes, hashes)
    if not blocks:
        return None
    notes: dict[str, None] = {}
    gaps: list[Gap] = []
    for left, right in itertools.pairwise(blocks):
        gap = Gap(left.a + left.size, right.a, left.b + left.size, right.b)
        if not _harmless(gap, known, words, notes):
            gaps.append(gap)
    last = blocks[-1]
    head = sum(
        not known.optional[at] and at not in known.soft for at in range(_titled(known, blocks[0].a), blocks[0].a)
    )
    after = range(last.a + last.size, len(known.hashes))
    tail = sum(not known.optional[at] and at not in known.soft for at in after)
    matched = sum(block.size for block in blocks)
    return Comparison(known, tuple(blocks), tuple(gaps), tuple(notes), matched, head, tail)


def _harmless(gap: Gap, known: Known, words: Words, notes: dict[str, None]) -> bool:
    """Whether a difference is one of setting, of years or of names; `notes` is told of the latter two."""
    there = [at for at in range(gap.a, gap.a_end) if at not in known.soft]
    here = [at for at in range(gap.b, gap.b_end) if not words.soft[at]]
    if not there and not here:
        return True
    if not here and (_is_list_mark(there, known) or _title_line(gap, known)):
        return True
    wanted = [known.hashes[at] for at in there]
    # A word that broke may have left a piece that looks like a list mark: "llam", "a.com".
    if here and there and any(joined("".join(part), wanted) for part in _spellings(gap, here, words)):
        return True
    if (
        len(there) == len(here)
        and all(one in YEARS for one in wanted)
        and all(_is_year(words.words[at]) for at in here)
    ):
        notes[f"line {words.lines[here[0]]}: another year, {words.words[here[0]]}"] = None
        return True
    said = words.said(gap.b, gap.b_end - 1)
    if (
        there
        and here
        and _is_name(here, words)
        and (
            all(at in known.slot or known.hashes[at] == _THE for at in there)
            or (any(one in LICENSORS for one in wanted) and all(one in LICENSORS | PARTS_OF_NAMES for one in wanted))
        )
    ):
        notes[f"line {words.lines[here[0]]}: in the place of the licensor's name stands {said}"] = None
        return True
    if there and not all(known.optional[at] or at in known.slot for at in there):
        return False
    if not here:
        if not _left_out(gap, known):
            return False
        if len(there) > 20:
            notes["without the parts of the licence that set no terms (instructions, preamble)"] = None
        return True
    if is_notice(said) or _PAGE.fullmatch(said) is not None:
        return True
    if there and all(known.optional[at] for at in there) and _is_name(here, words):
        # Filled-in instructions: a program's name, an author.
        return len(here) <= 2 * len(there)
    return (not there or _whole_headings(gap, known)) and _is_title(here, words, said)


def _titled(known: Known, before: int) -> int:
    """How many words of the title are gone before the word `before`: whole lines, or what calls it a licence."""
    if before <= known.title and CALLED.intersection(known.hashes[:before]):
        return before
    edges = [at for at in range(min(known.title, before), 0, -1) if at == len(known.clause) or _begins(known, at)]
    return edges[0] if edges else 0


def _begins(known: Known, at: int) -> bool:
    return known.clause[at] != known.clause[at - 1]


def _spellings(gap: Gap, here: list[int], words: Words) -> tuple[list[str], list[str]]:
    return [words.words[at] for at in here], list(words.words[gap.b : gap.b_end])


def _is_list_mark(there: list[int], known: Known) -> bool:
    """Whether the one word that is gone stands beside a list mark of the same letter: ``a. A licence of ...``."""
    at = there[0]
    return len(there) == 1 and at - 1 in known.soft and known.hashes[at - 1] == known.hashes[at]


def _title_line(gap: Gap, known: Known) -> bool:
    """Whether a whole line of the title is gone, and the text goes on as if it never stood there."""
    if gap.a_end > known.title:
        return False
    left = known.hashes[: gap.a] + known.hashes[gap.a_end : known.title]
    # Two lines that begin alike: either may be the one that is gone.
    return any(
        left == tuple(known.hashes[at] for at in range(known.title) if known.clause[at] != number)
        for number in set(known.clause[: known.title])
    )


def _left_out(gap: Gap, known: Known) -> bool:
    """Whether what is gone are headings, and instructions from their beginning on or up to their end."""
    if not all(known.optional[at] for at in range(gap.a, gap.a_end) if at not in known.soft):
        return False
    clauses = known.entry.clauses
    if all(clauses[known.clause[at]].heading for at in range(gap.a, gap.a_end)):
        return _whole_headings(gap, known)
    after = gap.a_end == len(known.hashes) or not known.optional[gap.a_end]
    return after or gap.a == 0 or not known.optional[gap.a - 1] or clauses[known.clause[gap.a - 1]].heading


def _whole_headings(gap: Gap, known: Known) -> bool:
    """Whether what is gone are headings, each of them whole."""
    numbers = {known.clause[at] for at in range(gap.a, gap.a_end)}
    clauses = known.entry.clauses
    hard = sum(at not in known.soft for at in range(len(known.clause)) if known.clause[at] in numbers)
    gone = sum(at not in known.soft for at in range(gap.a, gap.a_end))
    return all(clauses[number].heading for number in numbers) and gone == hard


def joined(text: str, wanted: Sequence[int]) -> bool:
    """Whether letters are the wanted words written together (``noncommercial``), or apart, as when a line broke."""
    if len(text) > 48 or len(wanted) > 4:
        return False
    if len(wanted) == 1:
        return hashed(spelled(text)) == wanted[0]
    return any(
        hashed(spelled(text[:at])) == wanted[0] and joined(text[at:], wanted[1:]) for at in range(1, len(text))
    )


def is_notice(said: str) -> bool:
    """Whether this says who holds the copyright, and nothing else."""
    if not COPYRIGHT.search(said) or len(said.split()) > 30:
        return False
    rest = COPYRIGHT.sub(" ", RIGHTS.sub(" ", said))
    return not VERB.search(rest) and not STRONG.search(rest) and not sets_terms(rest)


def _is_title(here: list[int], words: Words, said: str) -> bool:
    numbers = {words.sentences[at] for at in here}
    return numbers <= words.headings and not sets_terms(said)


def _is_year(word: str) -> bool:
    return len(word) == 4 and hashed(word) in YEARS


def _is_name(here: list[int], words: Words) -> bool:
    """A few words that begin with a capital, and set no terms."""
    if len(here) > 8 or any(words.words[at] in NO_NAMES for at in here):
        return False
    said = words.said(here[0], here[-1])
    raw = [words.text[slice(*words.spans[at])] for at in here]
    capital = all(one[0].isupper() or one in ("of", "and", "the", "for", "de") or one.isdigit() for one in raw)
    return capital and not sets_terms(said) and not STRONG.search(said) and not re.search(r"[.;:!?]\s", said)
