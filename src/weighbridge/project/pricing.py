"""A candidate's price: as the file states it, else what the catalogue knows of a vendor's model."""

from __future__ import annotations

from weighbridge.catalog.quote import price_of
from weighbridge.evidence import Price
from weighbridge.project.options import CandidateOptions


def priced(options: CandidateOptions, currency: str) -> tuple[Price, str | None]:
    """The price, and where it comes from if the file does not say it. What is not known stays unknown.

    Raises `UsageError` where the user's own file of prices is damaged.
    """
    if options.price.known:
        return options.price, None
    return price_of(options.model, options.options.base_url, currency)
