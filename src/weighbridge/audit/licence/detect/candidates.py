"""Which licences a text may be: those it shares runs of three words with."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.audit.licence.detect.index import Index, Known

LEAST = 8
"""Shared runs below which two texts have nothing to do with each other: set phrases of all licences give some."""


def candidates(hashes: Sequence[int], index: Index, most: int = 5) -> list[Known]:
    """At most 2 * `most` licences: those most of which is in the text, and those that explain most of the text."""
    have = set(zip(hashes, hashes[1:], hashes[2:], strict=False))
    shared = [(len(have & one.shingles), one) for one in index.known if one.shingles]
    shared = [(count, one) for count, one in shared if count >= min(LEAST, len(one.shingles))]
    by_share = sorted(shared, key=lambda pair: -pair[0] / len(pair[1].shingles))[:most]
    by_text = sorted(shared, key=lambda pair: -pair[0])[:most]
    chosen = {one.entry.key: one for _, one in (*by_share, *by_text)}
    return list(chosen.values())
