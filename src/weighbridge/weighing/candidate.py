"""What is weighed: a model with its prompt, its decoding settings and its price."""

from __future__ import annotations

from dataclasses import dataclass, field

from weighbridge.evidence import Price, Side
from weighbridge.models.protocol import Model, Sampling
from weighbridge.tasks.task import Prompt


@dataclass(frozen=True, slots=True)
class Candidate:
    """A changed prompt, model or setting makes another candidate."""

    name: str
    model: Model
    prompt: Prompt
    sampling: Sampling = field(default_factory=Sampling)
    price: Price = field(default_factory=Price)
    side: Side | None = None
    """None: as the model's spec implies."""
    repeats: int = 1
    """Answers per item, averaged within the item."""
    choices: tuple[str, ...] | None = None
    """Constrain the answer to these where the engine can."""
    json_schema: str | None = None
