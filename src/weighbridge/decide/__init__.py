"""Decide: evidence and requirements in, a decision out."""

from weighbridge.decide.decide import decide
from weighbridge.decide.decision import (
    SCHEMA,
    Calls,
    CandidateResult,
    Cost,
    Decision,
    PairResult,
    TracePoint,
    Verdict,
    VerdictKind,
)

__all__ = [
    "SCHEMA",
    "Calls",
    "CandidateResult",
    "Cost",
    "Decision",
    "PairResult",
    "TracePoint",
    "Verdict",
    "VerdictKind",
    "decide",
]
