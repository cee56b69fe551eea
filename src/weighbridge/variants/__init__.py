"""Variants: how much hangs on the prompt, and whether a verdict between models survives every one of them."""

from weighbridge.variants.plan import Plan
from weighbridge.variants.result import (
    SCHEMA,
    CandidateSpread,
    Sensitivity,
    Survival,
    Tuned,
    VariantScore,
    VariantVerdict,
)
from weighbridge.variants.sensitivity import weigh_variants

__all__ = [
    "SCHEMA",
    "CandidateSpread",
    "Plan",
    "Sensitivity",
    "Survival",
    "Tuned",
    "VariantScore",
    "VariantVerdict",
    "weigh_variants",
]
