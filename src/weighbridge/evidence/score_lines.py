"""Counts the lines of a text table without parsing it: against lines without end, and rows that go missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from weighbridge.evidence.score_encoding import LONGEST_LINE, opened
from weighbridge.evidence.score_source import ScoreSource

_QUOTE, _FEED, _RETURN = 34, 10, 13
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Lines:
    """What a pass over the bytes found."""

    records: int
    """Lines that are not blank and do not begin inside quotes, the header among them. Where a quote stands inside
    an unquoted field the count is off; then the slow road decides."""
    endless: bool
    """Whether a line is so long that the file is broken."""


def count_lines(source: ScoreSource) -> Lines:
    """Reads the file once, a block at a time. A broken archive ends the count where it breaks."""
    if source.path is None:
        return Lines(0, endless=False)
    records, inside, content, length = 0, 0, False, 0
    with opened(source.path, source.gzipped) as stream:
        while True:
            try:
                block = np.frombuffer(stream.read(_BLOCK), dtype=np.uint8)
            except (EOFError, OSError):
                break
            if not block.size:
                break
            feeds = np.flatnonzero(block == _FEED)
            length = block.size - 1 - int(feeds[-1]) if feeds.size else length + block.size
            if length > LONGEST_LINE:
                return Lines(records, endless=True)
            quotes = np.flatnonzero(block == _QUOTE)
            # An even number of quotes before a line feed: it ends a record.
            ending = feeds[(np.searchsorted(quotes, feeds) + inside) % 2 == 0]
            solid = np.flatnonzero((block != _FEED) & (block != _RETURN))
            before = np.searchsorted(solid, ending)
            filled = np.diff(before, prepend=0) > 0
            if filled.size:
                filled[0] |= content
                records += int(np.count_nonzero(filled))
                content = bool(solid.size > before[-1])
            else:
                content = content or bool(solid.size)
            inside = (inside + quotes.size) % 2
    return Lines(records + content, endless=False)
