"""Candidates of a suite: each model with the suite's prompt for the way in which it is to answer."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.catalog.quote import price_of
from weighbridge.errors import UsageError, nearest
from weighbridge.models.protocol import Model, Sampling
from weighbridge.tasks.suites import SuiteTask
from weighbridge.tasks.suites.build import SCORING
from weighbridge.tasks.suites.definition import Protocol
from weighbridge.weighing.candidate import Candidate


def candidates_for(
    suite: SuiteTask,
    models: Sequence[Model],
    *,
    protocol: str | None = None,
    temperature: float = 0.0,
    repeats: int = 1,
    max_tokens: int | None = None,
) -> tuple[Candidate, ...]:
    """One candidate a model, all answering in the same way: the suite's usual one where `protocol` is None.

    Raises `UsageError` for a way of answering that the suite does not offer.
    """
    way = _way(suite, protocol)
    sampling = Sampling(
        temperature=temperature, max_tokens=max_tokens or suite.suite.max_tokens, stop=suite.suite.stop
    )
    found = []
    for model in models:
        alone = model.capabilities.needs_item and not model.simulated and not model.capabilities.scoring
        mine: Protocol = "generate" if alone else way
        scored = mine == "loglikelihood"
        price, price_source = price_of(model.spec)
        found.append(
            Candidate(
                name=model.spec,
                model=model,
                prompt=suite.task.prompts[SCORING if scored else "default"],
                sampling=sampling,
                price=price,
                price_source=price_source,
                repeats=1 if scored else repeats,
                choices=suite.task.choices,
                protocol=mine,
                normalise=suite.suite.loglikelihood.normalise if scored and suite.suite.loglikelihood else "none",
                continuations=suite.scored if scored else suite.continuations if mine == "choice" else None,
            )
        )
    return tuple(found)


def _way(suite: SuiteTask, protocol: str | None) -> Protocol:
    ways = suite.suite.ways
    if protocol is None:
        return ways[0]
    if protocol not in ways:
        raise UsageError(
            f"{suite.suite.name} is not answered by {protocol!r}",
            where="option --protocol",
            fix=f"{nearest(protocol, ways)} It offers: {', '.join(ways)}",
        )
    return protocol
