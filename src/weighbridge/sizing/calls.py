"""What a load costs by the call, at a vendor's price: tiers by length, input from the cache, batches."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.errors import UsageError
from weighbridge.evidence import Load, Price

DAYS = 365.25 / 12
"""In a mean month."""
NEAR = 4
"""A tier that begins within this factor of the mean length is told of: single requests reach it."""


@dataclass(frozen=True, slots=True)
class Calls:
    """A vendor's bill for a load. Money is in the price's currency."""

    price: Price
    input_tokens: float
    output_tokens: float
    cached: float
    """Share of the input that is read from the vendor's cache."""
    batched: float
    """Share of the requests that can wait, and go through the batch interface."""
    per_request: float
    """Money for a request of mean length."""
    notes: tuple[str, ...] = ()

    def month(self, requests: float) -> float:
        """Money for so many requests a month."""
        return self.per_request * requests

    @property
    def per_million(self) -> float:
        """Money per million tokens, read and written alike."""
        return self.per_request / (self.input_tokens + self.output_tokens) * 1e6


def calls(price: Price, load: Load, *, cached: float = 0.0, batched: float = 0.0) -> Calls:
    """What the requests of `load` cost by the call.

    Every request is taken to have the mean length: its tier of the price is the mean's. Raises `UsageError` where the
    load does not say its lengths, a share lies outside [0, 1], or the price is of a machine's hour or not known.
    """
    read, written = lengths(load)
    for what, share in (("cached", cached), ("batched", batched)):
        if not 0 <= share <= 1:
            raise UsageError(f"a {what} share of {share:g}", fix="a share lies between 0 and 1")
    if price.per_hour is not None:
        raise UsageError("a price by the hour is not a price by the call", fix="the price of the vendor's tokens")
    tier = price.of_length(round(read))
    if tier.per_request is None and (tier.input_per_million is None or tier.output_per_million is None):
        raise UsageError(
            "the price does not say what input and output tokens cost", fix="a price with both, or by the request"
        )
    fresh = tier.input_per_million or 0.0
    kept = tier.cached_per_million if tier.cached_per_million is not None else fresh
    tokens = (read * ((1 - cached) * fresh + cached * kept) + written * (tier.output_per_million or 0.0)) / 1e6
    share = 1 - batched * (1 - (tier.batch_share if tier.batch_share is not None else 1.0))
    notes = []
    if any(read / NEAR < one.above < read * NEAR for one in price.tiers):
        notes.append("a tier of the price begins near the mean length: requests that vary in length pay both")
    if cached and tier.cached_per_million is None:
        notes.append("the price knows no cached input: it is taken at the full price")
    if batched and tier.batch_share is None:
        notes.append("the price knows no batches: they are taken at the full price")
    return Calls(price, read, written, cached, batched, (tier.per_request or 0.0) + tokens * share, tuple(notes))


def lengths(load: Load) -> tuple[float, float]:
    """Mean tokens of a request and of an answer. Raises `UsageError` where the load does not say them."""
    if load.input_tokens is None or load.output_tokens is None:
        raise UsageError(
            "the load does not say how long its requests and answers are",
            fix="input_tokens and output_tokens, on average (a run measures them)",
        )
    return load.input_tokens, load.output_tokens
