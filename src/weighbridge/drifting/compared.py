"""A look that is over: its answers scored, held against the kept ones, and turned into figures and evidence."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from weighbridge.drifting.alike import Said, distance, said
from weighbridge.drifting.anchors import NEW, Anchored
from weighbridge.drifting.record import Opened
from weighbridge.drifting.result import LookResult
from weighbridge.stats.drift import Anchor, look_evidence, over_looks, step_level
from weighbridge.stats.fixed import mean_interval
from weighbridge.store import Answer, Store
from weighbridge.tasks.task import Task
from weighbridge.weighing.answering import answer_read
from weighbridge.weighing.marking import mark


@dataclass(frozen=True, slots=True)
class Named:
    """What answers say of the model that gave them, each name once, in the order in which it first came."""

    versions: tuple[str, ...]
    fingerprints: tuple[str, ...]


def named(answers: Iterable[Answer]) -> Named:
    """Versions and fingerprints that these answers name."""
    versions: dict[str, None] = {}
    fingerprints: dict[str, None] = {}
    for answer in answers:
        if answer.completion.model is not None:
            versions[answer.completion.model] = None
        if answer.completion.fingerprint is not None:
            fingerprints[answer.completion.fingerprint] = None
    return Named(tuple(versions), tuple(fingerprints))


def new_answers(one: Anchored, look: Opened, store: Store) -> list[list[Answer]]:
    """Per anchor of the look: the new answers that are there."""
    repeats = range(look.repeat, look.repeat + NEW)
    keys = [[one.key(anchor, repeat) for repeat in repeats] for anchor in look.anchors]
    there = store.get_many(key for row in keys for key in row)
    return [[there[key] for key in row if key in there] for row in keys]


def compared(task: Task, one: Anchored, look: Opened, store: Store, watched: int, alpha: float) -> LookResult | None:
    """The figures of a look; None where no anchor has all its answers."""
    kept = one.keys(one.baseline.repeats)
    there = store.get_many(key for row in kept for key in row)
    new = new_answers(one, look, store)
    anchors: list[Anchor] = []
    places: list[int] = []
    for anchor, fresh in zip(look.anchors, new, strict=True):
        old = [there[key] for key in kept[anchor] if key in there]
        if not old or len(fresh) < NEW:
            continue
        scored = [_said(task, one, anchor, answer) for answer in (*old, *fresh)]
        anchors.append(_anchor(scored, len(old)))
        places.append(anchor)
    if not anchors:
        return None
    evidence = look_evidence(anchors, step_level(look.number, watched, alpha))
    changes = np.array([anchor.change for anchor in anchors])
    then = float(np.mean([np.mean(anchor.scores[: anchor.kept]) for anchor in anchors]))
    fresh_answers = [answer for row in new for answer in row]
    costs = [one.contender.bill.cost(a.completion.usage, a.machine_seconds) for a in fresh_answers]
    known = [cost for cost in costs if cost is not None]
    names = named(fresh_answers)
    return LookResult(
        number=look.number,
        opened=moment(look.began),
        closed=moment(time.time()),
        anchors=len(anchors),
        left_out=len(look.anchors) - len(anchors),
        score_then=then,
        score_now=then + float(changes.mean()),
        change=float(changes.mean()),
        sd=float(changes.std(ddof=1)) if changes.size > 1 else 0.0,
        interval=mean_interval(_by_cluster(task, one, places, changes), alpha, bounds=(-1.0, 1.0)),
        apart=float(np.mean([anchor.apart for anchor in anchors])),
        own=float(np.mean([anchor.own for anchor in anchors])),
        log_e_score=evidence.score,
        log_e_answers=evidence.answers,
        log_e=evidence.both,
        log_e_so_far=over_looks([*(earlier.log_e for earlier in one.record.looks), evidence.both]),
        versions=names.versions,
        fingerprints=names.fingerprints,
        cost=sum(known) if len(known) == len(costs) else None,
    )


def moment(seconds: float) -> str:
    """Unix time as ISO 8601 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _said(task: Task, one: Anchored, anchor: int, answer: Answer) -> Said:
    item = task.items[one.items[anchor]]
    completion = answer.completion
    request = one.requests[anchor]
    if request.continuations is not None:
        completion = answer_read(one.contender.candidate, item, request, completion)
    return said(mark(task, item, completion), completion)


def _anchor(answers: Sequence[Said], kept: int) -> Anchor:
    size = len(answers)
    apart = np.zeros((size, size))
    for a in range(size):
        for b in range(a + 1, size):
            apart[a, b] = apart[b, a] = distance(answers[a], answers[b])
    return Anchor(kept, tuple(answer.score for answer in answers), apart)


def _by_cluster(task: Task, one: Anchored, places: Sequence[int], changes: np.ndarray) -> np.ndarray:
    """Means over clusters, which are what is drawn independently from the traffic."""
    groups: dict[object, list[float]] = {}
    for place, change in zip(places, changes, strict=True):
        cluster = task.items[one.items[place]].cluster
        groups.setdefault(("item", place) if cluster is None else ("cluster", cluster), []).append(float(change))
    return np.array([float(np.mean(group)) for group in groups.values()])
