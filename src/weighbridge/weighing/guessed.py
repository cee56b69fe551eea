"""What a candidate that has not answered yet will use: tokens counted before the call, answers at their longest."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.catalog.tokens import about_tokens, tokenizer_of
from weighbridge.evidence import Usage
from weighbridge.models.remote.batch.lots import lots_of
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.order import DrawOrder

SAMPLE = 100
"""Items whose prompts are counted: the first of the draw order, which is random."""


@dataclass(frozen=True, slots=True)
class Guess:
    """Means per call."""

    tokens_in: float
    """About, by characters, or by the model's own tokenizer; without what a chat template adds."""
    tokens_out: int
    """At most: `max_tokens`."""
    money: float | None
    """At `tokens_out`; None where the price needs more than tokens."""


def guess(task: Task, candidate: Candidate, order: DrawOrder) -> Guess | None:
    """The guess for one candidate; None for one that reads no prompt, or whose options are scored."""
    if candidate.model.capabilities.needs_item or candidate.protocol in ("choice", "loglikelihood"):
        return None
    count = tokenizer_of(candidate.model.spec) or about_tokens
    prompts = [candidate.prompt.render(task.items[int(item)]) for item in order.items[:SAMPLE]]
    if not prompts:
        return None
    sizes = [sum(count(message.content) for message in prompt) for prompt in prompts]
    most = candidate.sampling.max_tokens
    money = None
    if candidate.price.known:
        batched = lots_of(candidate.model) is not None
        costs = [
            candidate.price.call(Usage(input_tokens=round(size), output_tokens=most, batched=batched))
            for size in sizes
        ]
        known = [cost for cost in costs if cost is not None]
        money = sum(known) / len(known) if len(known) == len(costs) else None
    return Guess(sum(sizes) / len(sizes), most, money)
