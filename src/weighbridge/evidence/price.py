"""What a call costs: per token, per request, or per hour of a machine with a measured throughput."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from weighbridge.evidence.completion import Usage


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A candidate's price. Parts add up; a price of nothing at all is unknown, not free."""

    input_per_million: Annotated[float, Meta(ge=0)] | None = None
    """Money per million input tokens."""
    output_per_million: Annotated[float, Meta(ge=0)] | None = None
    """Money per million generated tokens, reasoning included."""
    cached_per_million: Annotated[float, Meta(ge=0)] | None = None
    """Money per million input tokens read from the provider's cache; the input price where absent."""
    per_request: Annotated[float, Meta(ge=0)] | None = None
    """Money per request."""
    per_hour: Annotated[float, Meta(ge=0)] | None = None
    """Money per hour of the machine that runs the model; spread over the measured throughput."""

    @property
    def known(self) -> bool:
        """Whether any part of the price is stated."""
        return any(getattr(self, name) is not None for name in self.__struct_fields__)

    def call(self, usage: Usage, machine_seconds: float | None = None) -> float | None:
        """Money for one call, or None where the price needs a figure that is not there.

        Without a price it is what the call's own source stated, if it did.
        `machine_seconds` is this call's share of the machine's time (busy wall seconds / calls served meanwhile).
        """
        total = 0.0
        if not self.known:
            return usage.cost
        if self.per_request is not None:
            total += self.per_request
        if self.input_per_million is not None:
            if usage.input_tokens is None:
                return None
            cached = min(usage.cached_tokens or 0, usage.input_tokens) if self.cached_per_million is not None else 0
            total += (usage.input_tokens - cached) * self.input_per_million / 1e6
            total += cached * (self.cached_per_million or 0.0) / 1e6
        if self.output_per_million is not None:
            if usage.output_tokens is None:
                return None
            total += usage.output_tokens * self.output_per_million / 1e6
        if self.per_hour is not None:
            if machine_seconds is None:
                return None
            total += self.per_hour * machine_seconds / 3600
        return total
