"""From answers to a judgement: what the judge is asked, item by item, and what its replies come to."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import random
from collections.abc import Iterator, Sequence

import numpy as np

from weighbridge.errors import WeighbridgeError
from weighbridge.evidence import Budget, Price
from weighbridge.judge.answers import Answers, Cell
from weighbridge.judge.asking import CHOICES, pair_item, read_rating, read_verdict, single_item
from weighbridge.judge.calibration import calibrate
from weighbridge.judge.calls import Replies, ask_judge
from weighbridge.judge.controls import CONTROLS
from weighbridge.judge.families import kin
from weighbridge.judge.findings import findings_of
from weighbridge.judge.judgement import Asked, Graded, Judgement
from weighbridge.judge.pairwise import Pair, Rate, Standing, length_ratio, standing, steadiness
from weighbridge.models.protocol import Model
from weighbridge.stats.fixed import mean_interval
from weighbridge.store import Store
from weighbridge.tasks.item import Item
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.progress import Progress, silent


async def judge(
    asked: Asked,
    model: Model,
    store: Store,
    *,
    price: Price | None = None,
    budget: Budget | None = None,
    limits: Limits | None = None,
    max_tokens: int = 512,
    labels: Answers | None = None,
    progress: Progress = silent,
) -> Judgement:
    """Have the answers judged, and hold the judge against its own biases and, with `labels`, against humans.

    Items are drawn in a random order fixed by `asked.seed`, each with all its candidates and both orders, so that a
    budget that ends early leaves a fair sample: only items judged for every candidate count. Closes nothing.
    """
    items = order(asked)
    controlled = frozenset(items[: asked.controls])
    wanted = [one for item in items for one in _questions(asked, item, item in controlled)]
    replies = await ask_judge(
        model,
        wanted,
        store,
        price=price or Price(),
        budget=budget or Budget(),
        limits=limits or Limits(),
        max_tokens=max_tokens,
        choices=CHOICES[asked.against is not None] if asked.brief else None,
        seed=asked.seed,
        progress=progress,
    )
    names = {item: [one.id for one in _questions(asked, item, item in controlled)] for item in items}
    whole = [item for item in items if all(n in replies.texts or n in replies.failed for n in names[item])]
    if not whole:
        raise WeighbridgeError(
            "no item was judged for every candidate",
            where="the judge's budget" if replies.stopped == "budget" else None,
            fix="allow more calls or money; replies that came are in the store and are not paid for again",
        )
    spec = model.spec
    made = _pairwise if asked.against is not None else _pointwise
    outcome = made(asked, whole, controlled, replies, spec, model.simulated)
    if labels is None:
        return outcome
    found = calibrate(outcome.scores, labels, asked.against, asked.alpha, asked.seed)
    return dataclasses.replace(outcome, calibration=found)


def judge_now(
    asked: Asked,
    model: Model,
    store: Store,
    *,
    price: Price | None = None,
    budget: Budget | None = None,
    limits: Limits | None = None,
    max_tokens: int = 512,
    labels: Answers | None = None,
) -> Judgement:
    """`judge` for callers without an event loop; closes the judge's model."""

    async def whole() -> Judgement:
        try:
            return await judge(
                asked,
                model,
                store,
                price=price,
                budget=budget,
                limits=limits,
                max_tokens=max_tokens,
                labels=labels,
            )
        finally:
            await model.close()

    return asyncio.run(whole())


def order(asked: Asked) -> list[str]:
    """Items that every candidate and the reference answered, in the random order of the seed."""
    needed = [*asked.models, *([asked.against] if asked.against is not None else [])]
    texts = asked.answers.texts
    shared = [
        item
        for item in asked.answers.items
        if item in asked.answers.questions and all((name, item) in texts for name in needed)
    ]
    random.Random(asked.seed).shuffle(shared)  # noqa: S311 - an order of drawing, no secret
    return shared


def _questions(asked: Asked, item: str, controlled: bool) -> Iterator[Item]:
    """What the judge is asked about one item: nothing about empty answers, which lose without being judged."""
    answers = asked.answers
    question = answers.questions[item]
    reference = answers.references.get(item) if asked.use_references else None
    for name, text in _texts(asked, item, controlled):
        if not text:
            continue
        if asked.against is None:
            yield single_item(_name(item, name, "alone"), question, text, reference, asked.rubric, asked.brief)
            continue
        other = answers.texts[asked.against, item]
        if other and other != text:
            for place, first, second in (("first", text, other), ("second", other, text)):
                title = _name(item, name, place)
                yield pair_item(title, question, first, second, reference, asked.rubric, asked.brief)


def _texts(asked: Asked, item: str, controlled: bool) -> list[tuple[str, str]]:
    found = [(name, asked.answers.texts[name, item]) for name in asked.models]
    return found + (list(CONTROLS.items()) if controlled else [])


def _name(item: str, model: str, place: str) -> str:
    """Names a question in the store without naming the candidate to a judge who reads ids."""
    return f"{item}/{hashlib.sha256(model.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}/{place}"


def _pair(asked: Asked, item: str, name: str, text: str, replies: Replies) -> Pair:
    other = asked.answers.texts[str(asked.against), item]
    longer = length_ratio(text, other)
    if text == other:
        return Pair(item, "tie", "tie", longer)
    if not text or not other:
        # An answer that is not there loses to any that is, without a call.
        return Pair(item, "first", "second", longer) if text else Pair(item, "second", "first", longer)
    forward, backward = (replies.texts.get(_name(item, name, place)) for place in ("first", "second"))
    return Pair(item, read_verdict(forward or ""), read_verdict(backward or ""), longer)


def _pairwise(
    asked: Asked, items: Sequence[str], controlled: frozenset[str], replies: Replies, spec: str, simulated: bool
) -> Judgement:
    clusters = {item: cell["cluster"] for (_, item), cell in asked.answers.carried.items() if "cluster" in cell}
    rows: dict[str, list[Pair]] = {}
    for item in items:
        for name, text in _texts(asked, item, item in controlled):
            rows.setdefault(name, []).append(_pair(asked, item, name, text, replies))
    standings: list[Standing] = []
    controls: list[Standing] = []
    for name, pairs in rows.items():
        if name in CONTROLS:
            # A verdict that cannot be read is no half win of a text that answers nothing.
            read = [pair for pair in pairs if pair.forward and pair.backward]
            controls += [standing(name, read, asked.alpha)] if read else []
        else:
            shared = sorted(kin(spec, asked.answers.specs.get(name, name)))
            standings.append(standing(name, pairs, asked.alpha, shared, clusters))
    against = str(asked.against)
    # What the judge was really asked: pairs settled without a call say nothing about it.
    met = [p for name, pairs in rows.items() for p in pairs if _name(p.item, name, "first") in replies.texts]
    scores: dict[Cell, float] = {(name, p.item): p.score for name in asked.models for p in rows[name]}
    scores |= {(against, item): 0.5 for item in items}
    steady = steadiness(met)
    reference_kin = sorted(kin(spec, asked.answers.specs.get(against, against)))
    ranked = tuple(sorted(standings, key=lambda one: -one.raw.value))
    return Judgement(
        spec,
        "pairwise",
        against,
        len(items),
        ranked,
        (),
        tuple(controls),
        steady,
        scores,
        replies,
        simulated,
        findings_of(ranked, (), tuple(controls), steady, asked, reference_kin),
        _notes(asked, items, replies),
    )


def _pointwise(
    asked: Asked, items: Sequence[str], controlled: frozenset[str], replies: Replies, spec: str, simulated: bool
) -> Judgement:
    clusters = {item: cell["cluster"] for (_, item), cell in asked.answers.carried.items() if "cluster" in cell}
    graded: list[Graded] = []
    controls: list[Graded] = []
    scores: dict[Cell, float] = {}
    unread: dict[str, int] = {}
    for item in items:
        for name, text in _texts(asked, item, item in controlled):
            value = read_rating(replies.texts.get(_name(item, name, "alone"), "")) if text else 0.0
            if value is None:
                unread[name] = unread.get(name, 0) + 1
            else:
                scores[name, item] = value
    for name in [*asked.models, *(CONTROLS if controlled else {})]:
        mine = {item: scores[name, item] for item in items if (name, item) in scores}
        if not mine:
            if name not in CONTROLS:
                raise WeighbridgeError(
                    f"no rating of {name!r} could be read, of {unread.get(name, 0)} replies",
                    where=f"the judge {spec}",
                    fix="try --brief, a longer --max-tokens, or another judge; weighbridge store shows its replies",
                )
            continue
        values = np.array(list(mine.values()))
        labels = [clusters.get(item, f"\0{item}") for item in mine] if clusters else None
        lengths = np.array([len(CONTROLS.get(name) or asked.answers.texts.get((name, item), "")) for item in mine])
        shared = () if name in CONTROLS else tuple(sorted(kin(spec, asked.answers.specs.get(name, name))))
        rate = Rate(float(values.mean()), mean_interval(values, asked.alpha, labels))
        made = Graded(name, len(mine), rate, unread.get(name, 0), _rank_correlation(values, lengths), shared)
        (controls if name in CONTROLS else graded).append(made)
    kept = {cell: score for cell, score in scores.items() if cell[0] not in CONTROLS}
    ranked = tuple(sorted(graded, key=lambda one: -one.score.value))
    return Judgement(
        spec,
        "pointwise",
        None,
        len(items),
        (),
        ranked,
        tuple(controls),
        None,
        kept,
        replies,
        simulated,
        findings_of((), ranked, tuple(controls), None, asked, []),
        _notes(asked, items, replies),
    )


def _rank_correlation(values: np.ndarray, lengths: np.ndarray) -> float:
    def ranks(row: np.ndarray) -> np.ndarray:
        _, codes, counts = np.unique(row, return_inverse=True, return_counts=True)
        return (np.cumsum(counts) - counts / 2)[codes]

    a, b = ranks(values), ranks(lengths)
    if values.size < 3 or a.std() < 1e-12 or b.std() < 1e-12:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _notes(asked: Asked, items: Sequence[str], replies: Replies) -> tuple[str, ...]:
    notes = []
    shared = len(order(asked))
    if shared < len(asked.answers.items):
        notes.append(
            f"{len(asked.answers.items) - shared} items left out: not answered by everybody, or without a question"
        )
    if len(items) < shared:
        notes.append(f"{shared - len(items)} items not judged: {replies.stopped or 'no reply'}")
    if replies.failed:
        why = next(iter(replies.failed.values()))
        notes.append(f"{len(replies.failed)} questions to the judge failed, the first: {why}")
    return tuple(notes)
