"""What the store's journal holds of one candidate: its baseline, the look under way, and those that are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from weighbridge.drifting.result import LookResult
from weighbridge.store import Entry, Store

FRESH = 1_000
"""Repeats from here on belong to looks; a run's own repeats stay below."""
EPOCH = 1_767_225_600
"""2026-01-01 in Unix time: looks are numbered by the minute since then, so that the numbers stay small."""


class Baseline(msgspec.Struct, frozen=True):
    """Which answers are kept to hold new ones against. Fixed before the first look."""

    items: list[str]
    """Ids of the anchors, in order."""
    asked: list[str]
    """Per anchor: the key (hexadecimal) of its question at repeat 0, which tells whether it is still the same."""
    repeats: list[int]
    """Repeats under which the kept answers stand."""
    began: float
    """Unix time. Answers from before it are older than this baseline."""


class Opened(msgspec.Struct, frozen=True):
    """A look that was begun."""

    number: int
    repeat: int
    """Its two new answers stand under this repeat and the next."""
    began: float
    anchors: list[int]
    """Indices of the anchors that take part."""


@dataclass(slots=True)
class Record:
    """Everything the journal says of one candidate since its last baseline."""

    subject: str
    baseline: Baseline | None = None
    ready: bool = False
    """Whether all kept answers were there once."""
    open: Opened | None = None
    looks: list[LookResult] = field(default_factory=list)
    used: int = FRESH - 1
    """The highest repeat ever used."""

    @property
    def logs(self) -> list[float]:
        """Logarithms of the e-values of the looks that are over."""
        return [look.log_e for look in self.looks]


def subject_of(task: str, candidate: str) -> str:
    """Under which name the journal keeps a candidate's looks."""
    return msgspec.json.encode(["drift", task, candidate]).decode()


def record_of(store: Store, subject: str) -> Record:
    """The candidate's record; empty where it was never looked at."""
    record = Record(subject)
    for entry in store.journal(subject):
        _take(record, entry)
    return record


def _take(record: Record, entry: Entry) -> None:
    try:
        if entry.kind == "baseline":
            found = msgspec.json.decode(entry.body, type=Baseline)
            record.baseline, record.ready, record.open, record.looks = found, False, None, []
            record.used = max([record.used, *found.repeats])
        elif entry.kind == "ready":
            record.ready = True
        elif entry.kind == "opened":
            record.open = msgspec.json.decode(entry.body, type=Opened)
            record.used = max(record.used, record.open.repeat + 1)
        elif entry.kind == "closed":
            look = msgspec.json.decode(entry.body, type=LookResult)
            # Two processes that close the same look at once have read the same answers: the first counts.
            if look.number == len(record.looks) + 1:
                record.looks.append(look)
                record.open = None
    except msgspec.MsgspecError:
        # Written by a later version: what this one cannot read it leaves alone.
        return


def next_repeat(record: Record, now: float) -> int:
    """The first of two repeats that no answer in the store can have: by the clock, and above all used before."""
    minutes = max(0, int((now - EPOCH) // 60))
    return max(FRESH + 2 * minutes, record.used + 1)


def enter(store: Store, record: Record, kind: str, what: msgspec.Struct | None = None) -> None:
    """Write one entry, and take it into `record`."""
    body = b"{}" if what is None else msgspec.json.encode(what)
    entry = Entry(record.subject, kind, body.decode())
    store.enter([entry])
    _take(record, entry)


def same_anchors(asked: Sequence[str], baseline: Baseline) -> bool:
    """Whether the anchors are asked as they were when their answers were kept."""
    return list(asked) == list(baseline.asked)
