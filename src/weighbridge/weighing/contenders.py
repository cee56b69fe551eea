"""Candidates made ready to run: those that share an endpoint share its gate and its clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from weighbridge.models.protocol import Model
from weighbridge.models.remote.batch.lots import lots_of
from weighbridge.weighing.bill import Bill
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.endpoint import Endpoint
from weighbridge.weighing.job import Contender
from weighbridge.weighing.limits import Limits


def contenders_for(task: str, candidates: Sequence[Candidate], limits: Limits) -> list[Contender]:
    """One contender per candidate, in order."""
    endpoints: dict[str, Endpoint] = {}
    for candidate in candidates:
        name = candidate.model.endpoint
        if name not in endpoints:
            models = [other.model for other in candidates if other.model.endpoint == name]
            first = max(model.concurrency for model in models)
            # A server may take more than the first guess, unless the user named a number; an engine in this process
            # has so many slots and no more.
            fixed = any(model.capabilities.fixed_concurrency for model in models)
            if fixed:
                first = max(model.concurrency for model in models if model.capabilities.fixed_concurrency)
            most = min(first, limits.concurrency) if fixed or "://" not in name else limits.concurrency
            if limits.latency_concurrency is not None:
                most = min(most, limits.latency_concurrency)
            elastic = all(model.capabilities.elastic for model in models)
            endpoints[name] = Endpoint(name, first=first, most=most, room=_room(models) if elastic else None)
    return [
        Contender(
            index,
            candidate,
            endpoints[candidate.model.endpoint],
            Bill(candidate, limits.deadline),
            task,
            limits.versions,
            limits.latency_concurrency,
        )
        for index, candidate in enumerate(candidates)
    ]


def _room(models: Sequence[Model]) -> Callable[[], int]:
    """What these models take at the moment, as they share their engines."""
    return lambda: max(model.concurrency for model in models)


def price_note(contender: Contender) -> str | None:
    """How the cost of its calls was reckoned, where that is not plain from the price itself."""
    hourly = contender.candidate.price.per_hour
    if hourly is None:
        share = contender.bill.batch_share
        if lots_of(contender.candidate.model) is None or not contender.bill.known or share == 1:
            return contender.candidate.price_source
        return f"{contender.candidate.price_source or 'as the project states'}; batches at {share:g} of it"
    if not contender.machine_calls or not contender.machine_seconds:
        return f"{hourly:g} per machine hour; throughput not measured"
    rate = contender.machine_calls / contender.machine_seconds
    return f"{hourly:g} per machine hour at {rate:.3g} requests/s"
