"""Which prompts are tried on whom, on how many items: checked before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.errors import UsageError, nearest
from weighbridge.tasks.task import Task
from weighbridge.weighing.answering import by_itself
from weighbridge.weighing.candidate import Candidate


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried, checked: two prompts at least, on candidates that are prompted."""

    task: Task
    candidates: tuple[Candidate, ...]
    """Those whose prompts are varied."""
    fixed: tuple[Candidate, ...]
    """Rules and records: part of every verdict, with no prompt to vary."""
    variants: tuple[str, ...]
    items: int
    tune: int

    @staticmethod
    def of(
        task: Task,
        candidates: Sequence[Candidate],
        *,
        variants: Sequence[str] = (),
        names: Sequence[str] = (),
        items: int = 100,
        tune: int | None = None,
    ) -> Plan:
        """`variants`: names of the task's prompts (all where none is named); `names`: candidates to try them on.

        Raises `UsageError` for unknown names, fewer than two prompts, no candidate that is prompted, and a tuning
        split that leaves nothing.
        """
        chosen = tuple(dict.fromkeys(variants)) or tuple(task.prompts)
        for name in chosen:
            if name not in task.prompts:
                raise UsageError(
                    f"there is no prompt {name!r}",
                    where="sensitivity: variants",
                    fix=f"{nearest(name, task.prompts)} Prompts are declared under 'prompts:'",
                )
        if len(chosen) < 2:
            raise UsageError(
                f"there is nothing to vary: {len(chosen)} prompt",
                where="sensitivity: variants",
                fix="declare at least two under 'prompts:', for example one that is terse and one that explains",
            )
        known = {candidate.name: candidate for candidate in candidates}
        for name in names:
            if name not in known:
                raise UsageError(
                    f"there is no candidate {name!r}", where="sensitivity: candidates", fix=nearest(name, known)
                )
        taken = [known[name] for name in dict.fromkeys(names)] or list(candidates)
        varied = tuple(one for one in taken if not by_itself(one))
        if not varied:
            raise UsageError(
                "no candidate is prompted: rules and records answer by themselves",
                where="sensitivity: candidates",
                fix="name a model whose prompt can be varied",
            )
        size = min(items, len(task.items))
        split = size // 2 if tune is None else tune
        if split < 1 or split >= len(task.items) or split > size:
            raise UsageError(
                f"{split} items to choose the best prompt on, of {size} asked and {len(task.items)} in all: nothing "
                "is left to judge it on"
                if split >= len(task.items)
                else f"{split} items to choose the best prompt on, and only {size} are asked under every prompt",
                where="sensitivity: tune",
                fix="lower `tune`, or raise `items`",
            )
        fixed = tuple(one for one in taken if by_itself(one))
        return Plan(task, varied, fixed, chosen, size, split)

    @property
    def calls_at_first(self) -> int:
        """Answers that are asked for before any race: everyone with every prompt."""
        each = sum(one.repeats for one in self.candidates) * len(self.variants)
        return (each + sum(one.repeats for one in self.fixed)) * self.items
