"""Lays a text beside a licence, word by word.

Anchors are runs of words that both have once (patience diff), ever shorter runs between them, and the longest common
blocks in what is left. Runs at the edges that stand alone are chance: words like "in accordance with" are everywhere.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

RUNS = (6, 4, 3, 2)
SMALL = 3_000
"""Cells up to which blocks are sought at once."""
LARGE = 160_000
"""Cells above which two stretches without a common run are taken to be different."""


@dataclass(frozen=True, slots=True)
class Block:
    """`size` words that are the same: the licence's from `a` on, the text's from `b` on."""

    a: int
    b: int
    size: int


def aligned(a: Sequence[int], b: Sequence[int]) -> list[Block]:
    """The blocks that a licence `a` and a text `b` have in common, in the order of both; no two touch."""
    found: list[Block] = []
    _between(a, b, (0, len(a)), (0, len(b)), 0, found)
    blocks: list[Block] = []
    for one in sorted(found, key=lambda block: block.a):
        last = blocks[-1] if blocks else None
        if last and last.a + last.size == one.a and last.b + last.size == one.b:
            blocks[-1] = Block(last.a, last.b, last.size + one.size)
        else:
            blocks.append(one)
    blocks = _anchored(blocks)
    if not blocks:
        return []
    # What chance matches at the edges had taken is next to the first and the last block.
    first = blocks[0]
    while first.a and first.b and a[first.a - 1] == b[first.b - 1]:
        first = Block(first.a - 1, first.b - 1, first.size + 1)
    blocks[0] = first
    last = blocks[-1]
    while (
        last.a + last.size < len(a) and last.b + last.size < len(b) and a[last.a + last.size] == b[last.b + last.size]
    ):
        last = Block(last.a, last.b, last.size + 1)
    return [*blocks[:-1], last]


def _between(
    a: Sequence[int], b: Sequence[int], in_a: tuple[int, int], in_b: tuple[int, int], level: int, out: list[Block]
) -> None:
    (alo, ahi), (blo, bhi) = in_a, in_b
    same = 0
    while alo + same < ahi and blo + same < bhi and a[alo + same] == b[blo + same]:
        same += 1
    if same:
        out.append(Block(alo, blo, same))
        alo, blo = alo + same, blo + same
    same = 0
    while ahi - same > alo and bhi - same > blo and a[ahi - same - 1] == b[bhi - same - 1]:
        same += 1
    if same:
        ahi, bhi = ahi - same, bhi - same
        out.append(Block(ahi, bhi, same))
    if alo == ahi or blo == bhi:
        return
    cells = (ahi - alo) * (bhi - blo)
    if cells > SMALL:
        for deeper in range(level, len(RUNS)):
            anchors = _anchors(a, b, (alo, ahi), (blo, bhi), RUNS[deeper])
            if anchors:
                last_a, last_b = alo, blo
                for at_a, at_b in anchors:
                    if at_a < last_a or at_b < last_b:
                        continue
                    _between(a, b, (last_a, at_a), (last_b, at_b), deeper, out)
                    out.append(Block(at_a, at_b, RUNS[deeper]))
                    last_a, last_b = at_a + RUNS[deeper], at_b + RUNS[deeper]
                _between(a, b, (last_a, ahi), (last_b, bhi), deeper, out)
                return
    if cells <= LARGE:
        matcher = SequenceMatcher(None, a[alo:ahi], b[blo:bhi], autojunk=False)
        out += [Block(alo + one.a, blo + one.b, one.size) for one in matcher.get_matching_blocks() if one.size]


def _anchors(
    a: Sequence[int], b: Sequence[int], in_a: tuple[int, int], in_b: tuple[int, int], run: int
) -> list[tuple[int, int]]:
    """Runs of `run` words that each side has once, the most that are in the same order on both sides."""
    once_a, once_b = _once(a, in_a, run), _once(b, in_b, run)
    pairs = sorted((at, once_b[key]) for key, at in once_a.items() if at >= 0 and once_b.get(key, -1) >= 0)
    # Longest increasing subsequence of the second parts (patience sorting).
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for at, (_, in_text) in enumerate(pairs):
        pile = bisect.bisect_left(tops, in_text)
        before.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(in_text)
            piles.append(at)
        else:
            tops[pile], piles[pile] = in_text, at
    chain: list[tuple[int, int]] = []
    at = piles[-1] if piles else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


def _once(words: Sequence[int], within: tuple[int, int], run: int) -> dict[tuple[int, ...], int]:
    """Where each run begins; -1 for one that comes again."""
    low, high = within
    stretch = words[low:high]
    found: dict[tuple[int, ...], int] = {}
    for at, key in enumerate(zip(*(stretch[shift:] for shift in range(run)), strict=False)):
        found[key] = -1 if key in found else low + at
    return found


def _anchored(blocks: list[Block]) -> list[Block]:
    """Without the short blocks at both edges that stand far from the next one."""
    first, last = 0, len(blocks)
    while first < last - 1 and _lonely(blocks[first], blocks[first], blocks[first + 1]):
        first += 1
    while last - 1 > first and _lonely(blocks[last - 1], blocks[last - 2], blocks[last - 1]):
        last -= 1
    return blocks[first:last]


def _lonely(block: Block, left: Block, right: Block) -> bool:
    apart = (right.a - left.a - left.size) + (right.b - left.b - left.size)
    return block.size < 8 and apart > 2 * block.size
