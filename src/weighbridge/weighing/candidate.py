"""What is weighed: a model with its prompt, its decoding settings and its price."""

from __future__ import annotations

from dataclasses import dataclass, field

from weighbridge.evidence import AnswerProtocol, Price, Side
from weighbridge.models.protocol import Model, Normalise, Sampling
from weighbridge.tasks.continuation import Continuations
from weighbridge.tasks.task import Prompt


@dataclass(frozen=True, slots=True)
class Candidate:
    """A changed prompt, model or setting makes another candidate."""

    name: str
    model: Model
    prompt: Prompt
    sampling: Sampling = field(default_factory=Sampling)
    price: Price = field(default_factory=Price)
    price_source: str | None = None
    """Where the price comes from, where the project does not state it; None: stated, or unknown."""
    side: Side | None = None
    """None: as the model's spec implies."""
    repeats: int = 1
    """Answers per item, averaged within the item."""
    choices: tuple[str, ...] | None = None
    """Constrain the answer to these where the engine can."""
    json_schema: str | None = None
    protocol: AnswerProtocol = "generate"
    """How it answers; ``choice`` and ``loglikelihood`` need `continuations` or `choices`."""
    normalise: Normalise = "none"
    """For ``loglikelihood``: what a log-probability is divided by before the likeliest is taken."""
    continuations: Continuations | None = None
    """The options of each item, and how they are written after the prompt; None: `choices` as they are."""
    chat: bool = False
    """Whether the model's chat template ends the prompt; a run finds out before its first call."""
    facts: str | None = None
    """Its entry in the catalogue, where the user names one."""
    policy: str | None = None
    """The data policy its calls go under, where the user names one."""
