"""Weighing: runs candidates on items under a budget, asks the race when to stop, and gives evidence."""

from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.plan import Need, Plan, PlanRow, plan
from weighbridge.weighing.run import Run, Stopped
from weighbridge.weighing.stored import weigh_stored
from weighbridge.weighing.weigh import weigh, weigh_now

__all__ = [
    "Candidate",
    "Halt",
    "Limits",
    "Need",
    "Plan",
    "PlanRow",
    "Run",
    "Stopped",
    "plan",
    "weigh",
    "weigh_now",
    "weigh_stored",
]
