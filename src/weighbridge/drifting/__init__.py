"""Whether the model behind a name has changed since its answers were kept."""

from weighbridge.drifting.result import CandidateDrift, Drift, LookResult
from weighbridge.drifting.watch import watch

__all__ = ["CandidateDrift", "Drift", "LookResult", "watch"]
