"""Whether a comparison is fair: checks on evidence whose findings stand above the verdict."""

from weighbridge.audit.fairness.check import check_fairness
from weighbridge.audit.fairness.view import DIMENSION

__all__ = ["DIMENSION", "check_fairness"]
