"""Running code that a model wrote: in a process of its own that can reach nothing, tested from another."""

from weighbridge.tasks.running.cell import Cell, run_tests, why_not
from weighbridge.tasks.running.outcome import Bounds, Outcome

__all__ = ["Bounds", "Cell", "Outcome", "run_tests", "why_not"]
