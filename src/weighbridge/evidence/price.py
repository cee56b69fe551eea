"""What a call costs: per token, per request, or per hour of a machine with a measured throughput."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from weighbridge.evidence.completion import Usage

Money = Annotated[float, Meta(ge=0)]


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prices of a whole call whose input is longer than `above`; what is absent stays as it is for short ones."""

    above: Annotated[int, Meta(ge=1)]
    """Input tokens that a call must exceed."""
    input_per_million: Money | None = None
    """Money per million input tokens."""
    output_per_million: Money | None = None
    """Money per million generated tokens."""
    cached_per_million: Money | None = None
    """Money per million input tokens read from the provider's cache."""
    cache_write_per_million: Money | None = None
    """Money per million input tokens written to the provider's cache."""


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A candidate's price. Parts add up; a price of nothing at all is unknown, not free."""

    input_per_million: Money | None = None
    """Money per million input tokens."""
    output_per_million: Money | None = None
    """Money per million generated tokens, reasoning included."""
    cached_per_million: Money | None = None
    """Money per million input tokens read from the provider's cache; the input price where absent."""
    per_request: Money | None = None
    """Money per request."""
    per_hour: Money | None = None
    """Money per hour of the machine that runs the model; spread over the measured throughput."""
    cache_write_per_million: Money | None = None
    """Money per million input tokens written to the provider's cache; the input price where absent."""
    reasoning_per_million: Money | None = None
    """Money per million reasoning tokens, where they cost otherwise than the rest of the answer."""
    batch_share: Annotated[float, Meta(ge=0, le=1)] | None = None
    """What the tokens of a call through a batch interface cost, as a share of a live one: 0.5 is half price."""
    tiers: tuple[Tier, ...] = ()
    """Prices of calls with a long input; the highest `above` that the input exceeds applies."""

    @property
    def known(self) -> bool:
        """Whether any part of the price is stated."""
        stated = (
            *(self.input_per_million, self.output_per_million, self.cached_per_million, self.per_request),
            *(self.per_hour, self.cache_write_per_million, self.reasoning_per_million),
        )
        return any(part is not None for part in stated)

    def of_length(self, input_tokens: int | None) -> Price:
        """The price of a call with so many input tokens: its tier's prices in place of those without one.

        A length of None is not known, and gets the price of a short call.
        """
        reached = [tier for tier in self.tiers if input_tokens is not None and input_tokens > tier.above]
        if not reached:
            return self
        tier = max(reached, key=lambda one: one.above)
        names = [name for name in tier.__struct_fields__ if name != "above" and getattr(tier, name) is not None]
        return msgspec.structs.replace(self, **{name: getattr(tier, name) for name in names})

    def dearest(self, input_tokens: int) -> Price:
        """Each token's highest price in a call of at most `input_tokens`, whatever tier it ends in."""
        steps = [self, *(self.of_length(tier.above + 1) for tier in self.tiers if input_tokens > tier.above)]

        def most(*names: str) -> float | None:
            found = [value for step in steps for name in names if (value := getattr(step, name)) is not None]
            return max(found) if found else None

        return msgspec.structs.replace(
            self,
            input_per_million=most("input_per_million", "cached_per_million", "cache_write_per_million"),
            output_per_million=most("output_per_million", "reasoning_per_million"),
            tiers=(),
        )

    def call(self, usage: Usage, machine_seconds: float | None = None) -> float | None:
        """Money for one call, or None where the price needs a figure that is not there.

        Without a price it is what the call's own source stated, if it did.
        `machine_seconds` is this call's share of the machine's time (busy wall seconds / calls served meanwhile).
        Tokens read from and written to the cache are parts of the input, reasoning tokens are part of the output:
        what has a price of its own leaves the rest to the plain one.
        """
        if not self.known:
            return usage.cost
        total = self.per_request or 0.0
        tokens = self.of_length(usage.input_tokens)._tokens(usage)
        if tokens is None:
            return None
        total += tokens * (self.batch_share if usage.batched and self.batch_share is not None else 1.0)
        if self.per_hour is not None:
            if machine_seconds is None:
                return None
            total += self.per_hour * machine_seconds / 3600
        return total

    def _tokens(self, usage: Usage) -> float | None:
        total = 0.0
        if self.input_per_million is not None:
            if usage.input_tokens is None:
                return None
            rest = usage.input_tokens
            for tokens, price in (
                (usage.cached_tokens, self.cached_per_million),
                (usage.cache_write_tokens, self.cache_write_per_million),
            ):
                if price is not None:
                    apart = min(tokens or 0, rest)
                    rest -= apart
                    total += apart * price / 1e6
            total += rest * self.input_per_million / 1e6
        if self.output_per_million is not None:
            if usage.output_tokens is None:
                return None
            thought = 0
            if self.reasoning_per_million is not None:
                thought = min(usage.reasoning_tokens or 0, usage.output_tokens)
                total += thought * self.reasoning_per_million / 1e6
            total += (usage.output_tokens - thought) * self.output_per_million / 1e6
        return total
