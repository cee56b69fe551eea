"""Ground floor: the score table with statuses, costs and latencies; questions, findings and their values."""

from weighbridge.evidence.answering import Answering, AnswerProtocol, Told
from weighbridge.evidence.completion import Completion, Finish, Scored, ToolCall, Usage
from weighbridge.evidence.finding import Finding, Met
from weighbridge.evidence.price import Price, Tier
from weighbridge.evidence.question import Budget, Claim, Goal, Question, Side
from weighbridge.evidence.requirements import (
    ContinuityFor,
    DataHandling,
    Dimension,
    Edit,
    Job,
    Load,
    Modality,
    OpennessAtLeast,
    Owned,
    Preference,
    Requirements,
    Use,
)
from weighbridge.evidence.score import NOT_ASKED, STATUS_CODES, Score, Status
from weighbridge.evidence.table import Column, Evidence

__all__ = [
    "NOT_ASKED",
    "STATUS_CODES",
    "AnswerProtocol",
    "Answering",
    "Budget",
    "Claim",
    "Column",
    "Completion",
    "ContinuityFor",
    "DataHandling",
    "Dimension",
    "Edit",
    "Evidence",
    "Finding",
    "Finish",
    "Goal",
    "Job",
    "Load",
    "Met",
    "Modality",
    "OpennessAtLeast",
    "Owned",
    "Preference",
    "Price",
    "Question",
    "Requirements",
    "Score",
    "Scored",
    "Side",
    "Status",
    "Tier",
    "Told",
    "ToolCall",
    "Usage",
    "Use",
]
