"""The score table while it fills: what each candidate got for each item, in data-set order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weighbridge.evidence import NOT_ASKED, STATUS_CODES, Column, Evidence, Score, Usage
from weighbridge.evidence.question import Side
from weighbridge.tasks.item import Item
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.order import DrawOrder, Ints

Floats = NDArray[np.float64]

_CODES = {status: code for code, status in enumerate(STATUS_CODES)}


class Marked:
    """One answer, scored: what the ledger keeps of it."""

    __slots__ = ("cost", "score", "text", "usage")

    def __init__(self, score: Score, text: str | None, usage: Usage, cost: float | None) -> None:
        self.score = score
        self.text = text
        self.usage = usage
        self.cost = cost


def side_of(candidate: Candidate) -> Side:
    """The candidate's side: as stated, or as its model's spec implies."""
    return candidate.side or candidate.model.side


class Ledger:
    """K candidates by N items; a cell is written once, with all its repeats."""

    def __init__(self, task: Task, candidates: Sequence[Candidate], order: DrawOrder, cluster: Ints | None) -> None:
        shape = (len(candidates), len(task.items))
        self._task = task
        self._candidates = candidates
        self._order = order
        self._cluster = cluster
        self.asked: NDArray[np.bool_] = np.zeros(shape, dtype=bool)
        self.values: Floats = np.full((shape[0], order.units), np.nan)
        """Shape (K, U): unit values in draw order, what the race is fed."""
        self._drawn: Floats = np.full(shape, np.nan) if order.unit == "cluster" else self.values
        """Shape (K, N): scores in draw order."""
        self._status = np.full(shape, NOT_ASKED, dtype=np.uint8)
        self._cost, self._latency, self._first, self._in, self._out, self._within, self._at_once = (
            np.full(shape, np.nan) for _ in range(7)
        )
        self._answers: list[list[str | None]] = [[None] * shape[1] for _ in candidates]
        self._extracted: list[list[str | None]] = [[None] * shape[1] for _ in candidates]

    def write(self, candidate: int, position: int, marked: Sequence[Marked]) -> None:
        """The cell at draw position `position`: one entry per repeat."""
        item = int(self._order.items[position])
        scores = [mark.score.value for mark in marked]
        self.asked[candidate, item] = True
        self._drawn[candidate, position] = sum(scores) / len(scores)
        self._status[candidate, item] = max(_CODES[mark.score.status] for mark in marked)
        if len(scores) > 1:
            self._within[candidate, item] = float(np.var(scores, ddof=1))
        usages = [mark.usage for mark in marked]
        _mean_into(self._cost, candidate, item, [mark.cost for mark in marked])
        _mean_into(self._latency, candidate, item, [usage.duration for usage in usages])
        _mean_into(self._first, candidate, item, [usage.first_token for usage in usages])
        _mean_into(self._in, candidate, item, [usage.input_tokens for usage in usages])
        _mean_into(self._out, candidate, item, [usage.output_tokens for usage in usages])
        flights = [usage.concurrency for usage in usages if usage.concurrency is not None]
        if flights:
            self._at_once[candidate, item] = max(flights)
        self._answers[candidate][item] = marked[0].text
        self._extracted[candidate][item] = marked[0].score.extracted

    def complete_units(self, candidate: int, start: int, stop: int) -> None:
        """Reckon the unit values of units [start, stop), all of whose items are written."""
        if self._order.unit == "item":
            return
        starts = self._order.starts
        first, last = self._order.positions(start, stop)
        sums = np.add.reduceat(self._drawn[candidate, first:last], starts[start:stop] - first)
        self.values[candidate, start:stop] = sums / np.diff(starts[start : stop + 1])

    def mean(self, name: str, candidate: int) -> float | None:
        """Mean of a measured column (``cost``, ``latency``, ``tokens_in``, ``tokens_out``) over the items asked."""
        table = {"cost": self._cost, "latency": self._latency, "tokens_in": self._in, "tokens_out": self._out}[name]
        known = table[candidate][~np.isnan(table[candidate])]
        return float(known.mean()) if known.size else None

    def costs(self, candidate: int) -> Floats:
        """Known costs per request of the items asked so far."""
        row = self._cost[candidate]
        known: Floats = row[~np.isnan(row)]
        return known

    def costs_of(self, candidate: int, items: Ints) -> Floats:
        """Known costs per request of these items."""
        row = self._cost[candidate][items]
        known: Floats = row[~np.isnan(row)]
        return known

    def columns(self, notes: Sequence[str | None]) -> tuple[Column, ...]:
        """Who the columns belong to. `notes`: how each candidate's cost was reckoned."""
        return tuple(
            Column(
                name=candidate.name,
                side=side_of(candidate),
                spec=candidate.model.spec,
                simulated=candidate.model.simulated,
                prompt=candidate.prompt.name,
                cost_known=bool(self.costs(index).size),
                price_note=notes[index],
                facts=candidate.facts,
                policy=candidate.policy,
            )
            for index, candidate in enumerate(self._candidates)
        )

    def evidence(self, columns: tuple[Column, ...]) -> Evidence:
        """The table as it stands, under `columns`."""
        score = np.full(self.asked.shape, np.nan)
        score[:, self._order.items] = self._drawn
        score[~self.asked] = np.nan
        items = self._task.items
        return Evidence(
            columns=columns,
            items=tuple(item.id for item in items),
            order=self._order.items,
            score=score,
            status=self._status,
            cost=self._cost,
            latency=self._latency,
            first_token=self._first,
            tokens_in=self._in,
            tokens_out=self._out,
            repeats=np.array([candidate.repeats for candidate in self._candidates], dtype=np.int64),
            within=self._within,
            at_once=self._at_once,
            cluster=self._cluster,
            answers=tuple(map(tuple, self._answers)),
            extracted=tuple(map(tuple, self._extracted)),
            questions=tuple(shown(item, self._task.show) for item in items),
            references=tuple(_reference(item) for item in items),
            meta={name: tuple(item.meta.get(name, "") for item in items) for name in self._task.meta},
        )


def shown(item: Item, fields: Sequence[str]) -> str:
    """The item as a report shows it: one field as it is, several with their names."""
    names = [name for name in fields if name in item.fields] or list(item.fields)
    if len(names) == 1:
        return str(item.fields[names[0]])
    return "\n".join(f"{name}: {item.fields[name]}" for name in names)


def _reference(item: Item) -> str:
    reference = item.reference
    if isinstance(reference, (list, tuple)):
        return " | ".join(map(str, reference))
    return "" if reference is None else str(reference)


def _mean_into(table: Floats, candidate: int, item: int, values: Sequence[float | None]) -> None:
    """The mean of what is known; nothing where nothing is."""
    if len(values) == 1:
        if values[0] is not None:
            table[candidate, item] = values[0]
        return
    known = [value for value in values if value is not None]
    if known:
        table[candidate, item] = sum(known) / len(known)
