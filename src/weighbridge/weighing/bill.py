"""What one candidate's calls cost: at most before a call, exactly after it."""

from __future__ import annotations

from math import ceil

from weighbridge.errors import UsageError
from weighbridge.evidence import Budget, Usage
from weighbridge.models.protocol import Request
from weighbridge.weighing.candidate import Candidate

OVERHEAD_TOKENS = 64
"""Room for what a chat template adds to a request, and 8 more for each message."""


def prompt_tokens_at_most(request: Request) -> int:
    """A bound without a tokenizer: no tokenizer in use makes more tokens than there are UTF-8 bytes."""
    size = sum(len(message.content.encode("utf-8", "surrogatepass")) + 8 for message in request.messages)
    return size + len(request.json_schema or "") + OVERHEAD_TOKENS


class Bill:
    """One candidate's price, and the largest call seen so far."""

    def __init__(self, candidate: Candidate, deadline: float) -> None:
        """`deadline`: seconds a call can take at most, which bounds a price per hour before anything was measured."""
        self.price = candidate.price
        self._stated = candidate.price.known
        self.free = not self._stated and candidate.model.capabilities.needs_item
        """A rule, a record or a simulation without a price: nobody sends a bill for it."""
        self._deadline = deadline
        self._largest = 0.0
        self._longest: float | None = None
        self._output = 0
        self._overshoot = 1.0

    @property
    def known(self) -> bool:
        """Whether a budget of money can be kept with it."""
        return self._stated or self.free

    @property
    def batch_share(self) -> float:
        """What tokens cost through the batch interface, as a share of live ones; 1 where no share is known."""
        return 1.0 if self.price.batch_share is None else self.price.batch_share

    def at_most(self, request: Request, *, batched: bool = False) -> float:
        """Money this call may cost: tokens at their bound, or the largest call seen, whichever is more.

        `batched`: through the vendor's batch interface, at its price.
        """
        if not self._stated:
            return self._largest
        bound = prompt_tokens_at_most(request)
        output = max(request.sampling.max_tokens, self._output)
        tokens = bound * self._overshoot
        price = self.price.dearest(ceil(tokens))
        money = tokens * (price.input_per_million or 0.0) / 1e6 + output * (price.output_per_million or 0.0) / 1e6
        money = (price.per_request or 0.0) + money * (self.batch_share if batched else 1.0)
        if price.per_hour is not None:
            money += price.per_hour / 3600 * (self._deadline if self._longest is None else 2 * self._longest)
            return money
        return max(money, self._largest)

    def cost(self, usage: Usage, machine_seconds: float | None) -> float | None:
        """Money for an answer; None where the price is unknown or needs a figure the server did not report."""
        return self.price.call(usage, machine_seconds) if self._stated else usage.cost

    def learn(self, request: Request, usage: Usage, machine_seconds: float, cost: float | None) -> None:
        """Remember the largest call, so that a server that goes beyond the bound is met only once."""
        self._output = max(self._output, usage.output_tokens or 0)
        self._longest = max(self._longest or 0.0, machine_seconds)
        self._largest = max(self._largest, cost or 0.0)
        if usage.input_tokens:
            self._overshoot = max(self._overshoot, usage.input_tokens / prompt_tokens_at_most(request))


def check_budget(budget: Budget, candidates: list[Candidate]) -> None:
    """Raise `UsageError` for a budget that allows nothing, or that cannot be kept because a price is missing."""
    for name in ("money", "calls", "minutes"):
        value = getattr(budget, name)
        if value is not None and not value > 0:
            raise UsageError(
                f"a budget of {value} {name} allows no call at all",
                where=f"budget: {name}",
                fix=f"give a number above 0, or leave `{name}` out for no cap",
            )
    if budget.money is None:
        return
    unknown = [c.name for c in candidates if not c.price.known and not c.model.capabilities.needs_item]
    if unknown:
        raise UsageError(
            f"a budget in money needs the price of every candidate, and {', '.join(map(repr, unknown))} has none",
            where="budget: money",
            fix="state `price:` there: `input_per_million` and `output_per_million`, `per_request`, or `per_hour` "
            "for a machine of your own; `per_request: 0` says that it is free; `weighbridge prices import FILE` adds "
            "the prices of vendors' models",
        )
