"""Weighbridge: weigh open and closed language models on your own task, then bridge them.

    import weighbridge

    decision = weighbridge.compare("weighbridge.yaml")
    print(decision.verdict.sentence)

Names are loaded when they are first used, so that ``import weighbridge`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.api import compare as compare
    from weighbridge.api import compare_logs as compare_logs
    from weighbridge.api import compare_scores as compare_scores
    from weighbridge.api.drift import drift as drift
    from weighbridge.api.prompts import sensitivity as sensitivity
    from weighbridge.decide import Decision as Decision
    from weighbridge.errors import UsageError as UsageError
    from weighbridge.errors import WeighbridgeError as WeighbridgeError
    from weighbridge.evidence import Budget as Budget
    from weighbridge.evidence import Completion as Completion
    from weighbridge.evidence import Evidence as Evidence
    from weighbridge.evidence import Price as Price
    from weighbridge.evidence import Question as Question
    from weighbridge.evidence import Requirements as Requirements
    from weighbridge.evidence import Score as Score
    from weighbridge.evidence import Status as Status
    from weighbridge.evidence.scores_file import load_scores as load_scores
    from weighbridge.models.protocol import Sampling as Sampling
    from weighbridge.models.specs import open_model as open_model
    from weighbridge.project.load import load_project as load_project
    from weighbridge.tasks.item import Item as Item
    from weighbridge.tasks.task import Task as Task
    from weighbridge.weighing.candidate import Candidate as Candidate

__version__ = "0.1.0"

_HOME = {
    "Budget": "weighbridge.evidence",
    "Candidate": "weighbridge.weighing.candidate",
    "Completion": "weighbridge.evidence",
    "Decision": "weighbridge.decide",
    "Evidence": "weighbridge.evidence",
    "Item": "weighbridge.tasks.item",
    "Price": "weighbridge.evidence",
    "Question": "weighbridge.evidence",
    "Requirements": "weighbridge.evidence",
    "Sampling": "weighbridge.models.protocol",
    "Score": "weighbridge.evidence",
    "Status": "weighbridge.evidence",
    "Task": "weighbridge.tasks.task",
    "UsageError": "weighbridge.errors",
    "WeighbridgeError": "weighbridge.errors",
    "compare": "weighbridge.api",
    "compare_logs": "weighbridge.api",
    "compare_scores": "weighbridge.api",
    "drift": "weighbridge.api.drift",
    "load_project": "weighbridge.project.load",
    "load_scores": "weighbridge.evidence.scores_file",
    "open_model": "weighbridge.models.specs",
    "sensitivity": "weighbridge.api.prompts",
}
"""Where each public name is defined."""

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'weighbridge' has no attribute {name!r}")
    found: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
