"""Scores answers, and stops a run whose scorer is broken rather than count its bug as wrong answers."""

from __future__ import annotations

import math

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import Completion, Finish, Score, Status
from weighbridge.tasks.item import Item
from weighbridge.tasks.task import Task


def mark(task: Task, item: Item, completion: Completion) -> Score:
    """The score of an answer.

    Raises `UsageError` where the scorer gives something other than a `Score` in [0, 1], `WeighbridgeError` where it
    raises: neither says anything about the model.
    """
    if completion.finish is Finish.ERROR:
        return _failed(task, item, completion)
    try:
        score = task.scorer(item, completion)
    except WeighbridgeError:
        raise
    except Exception as error:  # a user's function may raise anything; it is named, with its item
        raise WeighbridgeError(
            f"the scorer {task.scorer_key!r} raised {type(error).__name__}: {error}",
            where=place(item),
            fix="mend the scorer and run again: answers are kept, so that scoring again costs no call",
        ) from error
    return _checked(task, item, score)


def _checked(task: Task, item: Item, score: Score) -> Score:
    if not isinstance(score, Score):
        raise UsageError(
            f"the scorer {task.scorer_key!r} gave {type(score).__name__} {score!r:.80}, not a Score",
            where=place(item),
            fix="return weighbridge.evidence.Score(value), with value in [0, 1]",
        )
    if not 0.0 <= score.value <= 1.0 or math.isnan(score.value):
        raise UsageError(
            f"the scorer {task.scorer_key!r} gave {score.value!r}: scores lie in [0, 1]",
            where=place(item),
            fix="divide by the largest possible score, so that 1 is the best an answer can get",
        )
    return score


def _failed(task: Task, item: Item, completion: Completion) -> Score:
    """An answer that never came: what the task fixed for ``failed``, 0 where its scorer says nothing about it."""
    try:
        score = task.scorer(item, completion)
    except Exception:  # a plain scorer is free to choke on an answer that is not there
        score = None
    if isinstance(score, Score) and score.status is Status.FAILED:
        return _checked(task, item, score)
    return Score(0.0, Status.FAILED, detail=completion.error)


def place(item: Item) -> str:
    """The item, as an error names it."""
    return f"item {item.id}" + (f" (line {item.line})" if item.line is not None else "")
