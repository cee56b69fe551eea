"""How far ahead of the race a candidate is asked that answers in lots.

A race looks every few draws, and a lot takes minutes to a day: to wait for one lot a look would take weeks. So such a
candidate is asked in rounds that double, while the race goes on looking at every step; live candidates are asked for
no more than the looks need. A candidate that is out after n draws was asked for at most twice as many (or the first
round), which at half price costs no more than n live calls.
"""

from __future__ import annotations

from weighbridge.models.remote.batch.lots import lots_of
from weighbridge.weighing.candidate import Candidate


def round_end(position: int, first: int, total: int) -> int:
    """End (exclusive) of the round that draw `position` falls in: `first`, then twice as many each time.

    >>> [round_end(position, 64, 500) for position in (0, 63, 64, 200, 400)]
    [64, 64, 128, 256, 500]
    """
    end = max(1, first)
    while end <= position:
        end *= 2
    return min(end, total)


def rounds(draws: int, first: int, total: int) -> int:
    """Rounds until `draws` draws are answered."""
    count, end = 0, 0
    while end < min(draws, total):
        end = round_end(end, first, total)
        count += 1
    return count


def asked_for(candidate: Candidate, draws: int, total: int) -> int:
    """Items that `candidate` is asked for where the race needs `draws`."""
    lots = lots_of(candidate.model)
    if lots is None or draws <= 0:
        return min(draws, total)
    return round_end(draws - 1, lots.first, total)
