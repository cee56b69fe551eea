"""chrF: how many character n-grams a translation shares with its references (Popović 2015), by sacrebleu."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Score
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import as_text, references


class Chrf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `chrf`."""

    words: Annotated[
        int, msgspec.Meta(ge=0, le=4, description="Longest word n-gram counted too; 2 makes chrF++.")
    ] = 0
    first_line: Annotated[bool, msgspec.Meta(description="Read only the answer's first line.")] = True


def sacrebleu_metrics() -> Any:  # noqa: ANN401 - a module that may be absent
    """`sacrebleu.metrics`. Raises `UsageError` with the command that installs it."""
    try:
        from sacrebleu import metrics
    except ImportError:
        raise UsageError(
            "scoring translations needs sacrebleu, which is not installed", fix="pip install 'weighbridge[suites]'"
        ) from None
    return metrics


def translation_of(text: str, *, first_line: bool = True) -> str:
    """What an answer translates to: its first line that is not blank, or all of it on one line."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return (lines[0] if first_line else " ".join(lines)) if lines else ""


def chrf(settings: Chrf) -> Callable[[Item, Completion], Score]:
    """chrF of the sentence, 0 to 1. Raises `UsageError` without sacrebleu."""
    metric = sacrebleu_metrics().CHRF(word_order=settings.words)

    def score(item: Item, completion: Completion) -> Score:
        text = translation_of(completion.text, first_line=settings.first_line)
        if not text:
            return unparsable("the answer is empty")
        wanted = [as_text(reference) for reference in references(item.reference)]
        value = float(metric.sentence_score(text, wanted).score) / 100
        return Score(min(1.0, max(0.0, value)), extracted=text)

    return score


CHRF = ScorerSpec("chrf", "Character n-grams in common with a reference translation (chrF, sentence).", Chrf, chrf)
