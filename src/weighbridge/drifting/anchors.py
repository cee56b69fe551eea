"""The anchors of one candidate: which items, which answers are kept, and which are asked in a look."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from weighbridge.drifting.record import Baseline, Opened, Record, next_repeat
from weighbridge.errors import UsageError
from weighbridge.models.protocol import Request
from weighbridge.store import Answer, Key, Store, key_of
from weighbridge.tasks.task import Task
from weighbridge.weighing.job import Contender, Job
from weighbridge.weighing.order import DrawOrder

ANCHORS = 50
"""Items that are asked again, where nothing is said."""
LEAST = 10
"""Fewer stored answers than this are no reason for a look at once: they are completed first."""
NEW = 2
"""New answers to each anchor: two tell how far the model disagrees with itself."""


@dataclass(slots=True)
class Anchored:
    """One candidate with its anchors in this call of the command."""

    contender: Contender
    record: Record
    baseline: Baseline
    items: list[int]
    """Positions of the anchors in `Task.items`."""
    requests: list[Request]
    """What each anchor is asked, at repeat 0."""
    look: Opened | None = None
    """The look that is made or gone on with; None where nothing can be compared yet."""
    new_baseline: bool = False
    new_look: bool = False
    kept: dict[Key, Answer] = field(default_factory=dict)
    """Kept answers that were in the store before this call."""
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.contender.candidate.name

    def key(self, anchor: int, repeat: int) -> Key:
        """The key of the answer to one anchor under one repeat."""
        return key_of(self.contender.candidate.model, self._request(anchor, repeat))

    def keys(self, repeats: Sequence[int]) -> list[list[Key]]:
        """Shape (anchors, repeats)."""
        return [[self.key(anchor, repeat) for repeat in repeats] for anchor in range(len(self.items))]

    def jobs(self, task: Task, store: Store) -> list[Job]:
        """What is to be asked in this call: kept answers that are missing, then the look's."""
        wanted = [(anchor, repeat) for anchor in range(len(self.items)) for repeat in self.baseline.repeats]
        if self.look is not None:
            new = range(self.look.repeat, self.look.repeat + NEW)
            wanted += [(anchor, repeat) for anchor in self.look.anchors for repeat in new]
        keys = [self.key(anchor, repeat) for anchor, repeat in wanted]
        there = store.get_many(keys)
        jobs = []
        for (anchor, repeat), key in zip(wanted, keys, strict=True):
            if key not in there:
                item = self.items[anchor]
                jobs.append(Job(self.contender, item, task.items[item].id, self._request(anchor, repeat), key))
        return jobs

    def kept_since(self) -> float | None:
        """Unix time at which the middle one of the kept answers was written."""
        times = [answer.written for answer in self.kept.values() if answer.written is not None]
        return statistics.median_low(times) if times else None

    def _request(self, anchor: int, repeat: int) -> Request:
        return msgspec.structs.replace(self.requests[anchor], repeat=repeat)


def anchored(
    task: Task,
    contender: Contender,
    record: Record,
    store: Store,
    order: DrawOrder,
    *,
    anchors: int | None,
    renew: bool,
    now: float,
) -> Anchored:
    """The candidate's anchors: those of its record, or new ones.

    New ones are the first that a run draws, so that a run's answers are there already. Raises `UsageError` where the
    candidate or its items are not what they were, or another number of anchors is wanted.
    """
    if record.baseline is not None and not renew:
        found = _as_recorded(task, contender, record, anchors)
        found.kept = store.get_many(key for row in found.keys(found.baseline.repeats) for key in row)
        wanted = len(found.items) * len(found.baseline.repeats)
        if not record.ready or 2 * len(found.kept) >= wanted:
            return _with_look(found, now)
        note = (
            f"{contender.candidate.name}: the kept answers were pruned, so that others take their place and looks "
            "are counted anew"
        )
        fresh = _new(task, contender, record, store, order, anchors or len(found.items), None, now)
        fresh.notes.append(note)
        return _with_look(fresh, now)
    repeat = next_repeat(record, now) if renew and record.baseline is not None else None
    size = anchors or (len(record.baseline.items) if record.baseline is not None else ANCHORS)
    return _with_look(_new(task, contender, record, store, order, size, repeat, now), now)


def _as_recorded(task: Task, contender: Contender, record: Record, anchors: int | None) -> Anchored:
    """The anchors of the record, as long as they are still asked in the same way."""
    baseline = record.baseline
    if baseline is None:
        raise ValueError("there is no baseline")
    name = contender.candidate.name
    if anchors is not None and anchors != len(baseline.items):
        raise UsageError(
            f"{name!r} has {len(baseline.items)} anchors, and {anchors} are asked for: they were fixed with the "
            "kept answers",
            where="--anchor",
            fix="leave --anchor out, or begin anew with --renew",
        )
    places = {item.id: index for index, item in enumerate(task.items)}
    gone = [item for item in baseline.items if item not in places]
    if gone:
        raise UsageError(
            f"{len(gone)} of the {len(baseline.items)} anchors of {name!r} are no longer among the items: "
            f"{', '.join(gone[:3])}{', ...' if len(gone) > 3 else ''}",
            where="data",
            fix="bring the items back, or begin anew with --renew",
        )
    items = [places[item] for item in baseline.items]
    found = Anchored(contender, record, baseline, items, [_question(task, contender, item) for item in items])
    changed = sum(found.key(anchor, 0).hex() != asked for anchor, asked in enumerate(baseline.asked))
    if changed:
        raise UsageError(
            f"{name!r} would be asked otherwise than when its answers were kept: {changed} of {len(items)} questions "
            "differ (its model, engine, prompt, settings or the items), so that a difference would say nothing about "
            "the vendor",
            where=f"candidates: {name}",
            fix="undo that, or begin anew with --renew",
        )
    return found


def _new(
    task: Task,
    contender: Contender,
    record: Record,
    store: Store,
    order: DrawOrder,
    size: int,
    repeat: int | None,
    now: float,
) -> Anchored:
    """Anchors chosen by the run's own draw order, which knows nothing of the answers. `repeat`: keep new answers."""
    items: list[int] = []
    requests: list[Request] = []
    seen: set[Key] = set()
    for index in order.items:
        request = _question(task, contender, int(index))
        key = key_of(contender.candidate.model, request)
        # The same question twice would be one answer counted as two.
        if key not in seen:
            seen.add(key)
            items.append(int(index))
            requests.append(request)
        if len(items) == size:
            break
    empty = Baseline([], [], [], now)
    found = Anchored(contender, record, empty, items, requests, new_baseline=True)
    keys = found.keys((0, 1))
    if repeat is not None:
        repeats = [repeat, repeat + 1]
    else:
        there = store.get_many(key for row in keys for key in row)
        first, second = (sum(row[place] in there for row in keys) for place in (0, 1))
        # One stored answer to each will do; a second is asked for where nothing has to be left as it was.
        repeats = [0] if first and not second and contender.candidate.repeats == 1 else [0, 1]
        found.kept = {key: answer for key, answer in there.items() if len(repeats) == 2 or key in _column(keys, 0)}
    found.baseline = Baseline([task.items[item].id for item in items], [row[0].hex() for row in keys], repeats, now)
    return found


def _column(keys: Sequence[Sequence[Key]], place: int) -> set[Key]:
    return {row[place] for row in keys}


def _with_look(found: Anchored, now: float) -> Anchored:
    """Decide on the look: go on with an open one, or begin one over the anchors whose kept answers are old enough."""
    record = found.record
    if not found.new_baseline and record.open is not None:
        found.look = record.open
        return found
    keys = found.keys(found.baseline.repeats)
    before = found.baseline.began
    ready = record.ready and not found.new_baseline
    old = [
        anchor
        for anchor, row in enumerate(keys)
        if all(key in found.kept for key in row)
        and (ready or all((found.kept[key].written or before) < before for key in row))
    ]
    if ready or len(old) >= min(LEAST, len(found.items)):
        number = 1 if found.new_baseline else len(record.looks) + 1
        if old:
            found.look = Opened(number, next_repeat(record, now), now, old)
            found.new_look = True
    return found


def _question(task: Task, contender: Contender, item: int) -> Request:
    one = task.items[item]
    return contender.request(contender.candidate.prompt.render(one), one, 0)
