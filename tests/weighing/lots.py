"""Candidates that answer in batches on a server of this machine."""

from __future__ import annotations

from batch_vendors import BatchVendors
from weighbridge.evidence import Price
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Sampling
from weighbridge.models.remote.batch.lots import Patience
from weighbridge.models.remote.closed import ClosedModel
from weighbridge.models.specs import open_model
from weighbridge.weighing.candidate import Candidate
from weighing.parts import Plain

SPECS = {
    "openai": "openai:gpt-4o-mini",
    "anthropic": "anthropic:claude-haiku-4-5",
    "google": "google:gemini-2.5-flash",
}
PRICE = Price(input_per_million=1.0, output_per_million=10.0, batch_share=0.5)
LIVE = (20 * 1.0 + 2 * 10.0) / 1e6
"""Money of one live answer of the server: 20 tokens in, 2 out."""


OPENED: list[ClosedModel] = []
"""Models to be closed at the end of a test."""


def batched(vendor: str, server: BatchVendors, *, first: int = 16, price: Price = PRICE, **more) -> Candidate:
    """A candidate in `mode: batch`; its lots are looked at every few milliseconds."""
    base = f"{server.url}/{'v1beta' if vendor == 'google' else 'v1'}"
    model = open_model(SPECS[vendor], ModelOptions(mode="batch", base_url=base, batch_first=first))
    assert isinstance(model, ClosedModel)
    assert model.lots is not None
    OPENED.append(model)
    model.lots.patience = Patience(first=0.01, most=0.05, settle=0.3)
    return Candidate(vendor, model, Plain(), Sampling(max_tokens=8), price, **more)
