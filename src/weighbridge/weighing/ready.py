"""Candidates made ready before the first call: servers are looked at, and what a protocol hangs on is found out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from weighbridge.models.protocol import Known, ModelError, Preparing, Reading, Templated
from weighbridge.store import Selection, Store
from weighbridge.weighing.answering import check_answering, continuations_of
from weighbridge.weighing.candidate import Candidate

UNKNOWN = Reading()


async def made_ready(candidates: Sequence[Candidate], store: Store) -> tuple[Candidate, ...]:
    """The candidates with their models prepared. Raises `UsageError` where one cannot answer by its protocol.

    Servers that must be looked at are looked at side by side, and take no part in the run's budget: nothing is
    generated. A model that gives log-likelihoods is asked whether a chat template ends its prompt, for a choice
    begins with a blank behind plain text and without one in a turn of its own.
    """
    looking = {id(one.model): one.model for one in candidates if isinstance(one.model, Preparing)}
    if looking:
        waiting = [model for model in looking.values() if not model.prepared]
        await asyncio.gather(*(model.prepare(_known(store, model.spec)) for model in waiting))
    for candidate in candidates:
        check_answering(candidate)
    return tuple([await _ready(candidate) for candidate in candidates])


def _known(store: Store, spec: str) -> list[Known]:
    """What earlier runs found this model to be, newest last."""
    groups = store.groups(Selection(model=spec))
    return [Known(group.source.revision, group.source.engine) for group in groups if group.source.model == spec]


async def _ready(candidate: Candidate) -> Candidate:
    options = continuations_of(candidate)
    if candidate.protocol != "loglikelihood" or options is None or options.template is not None:
        return candidate
    return replace(candidate, chat=(await reading_of(candidate)).template == "chat")


async def reading_of(candidate: Candidate) -> Reading:
    """What its model says of its template; `UNKNOWN` where it cannot say. May start the engine."""
    if not isinstance(candidate.model, Templated):
        return UNKNOWN
    try:
        return await candidate.model.reading()
    except ModelError:
        # The run itself meets the same failure, and takes the candidate down with its reason.
        return UNKNOWN
