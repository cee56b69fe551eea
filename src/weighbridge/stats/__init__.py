"""Ground floor: arrays in, statements out. Knows nothing of models."""

from weighbridge.stats.betting import Bets, log_evidence, settled_bets
from weighbridge.stats.intervals import difference_sequence, mean_sequence, mean_sequence_at
from weighbridge.stats.known import rectified_log_evidence
from weighbridge.stats.plan import draws_needed, fixed_sample_size
from weighbridge.stats.race import Race
from weighbridge.stats.rules import Look, Outcome, Rules, Span

__all__ = [
    "Bets",
    "Look",
    "Outcome",
    "Race",
    "Rules",
    "Span",
    "difference_sequence",
    "draws_needed",
    "fixed_sample_size",
    "log_evidence",
    "mean_sequence",
    "mean_sequence_at",
    "rectified_log_evidence",
    "settled_bets",
]
