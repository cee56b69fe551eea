"""The log-probability of given continuations, as lm-evaluation-harness finds it, for less work."""

from weighbridge.models.local.torch.scoring.scorer import Scorer

__all__ = ["Scorer"]
