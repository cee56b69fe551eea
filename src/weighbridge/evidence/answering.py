"""How a candidate's answers come about, and what it was told: what must be alike for two scores to compare."""

from __future__ import annotations

from typing import Literal

import msgspec

AnswerProtocol = Literal["generate", "choice", "sample", "loglikelihood"]
"""``generate``: text is generated, and held to the choices or the schema where the engine can and the candidate does
not forbid it. ``choice``: generated, and held to the choices; refused where the engine cannot. ``sample``: several
answers are sampled per item, and the item's score is their mean. ``loglikelihood``: nothing is generated; the answer
is the likeliest of the given choices."""

Template = Literal["chat", "plain", "unknown"]


class Answering(msgspec.Struct, frozen=True):
    """How one candidate's answers came about."""

    protocol: AnswerProtocol = "generate"
    """The answer protocol; see the docs page on comparable scores."""
    held: bool | None = None
    """Whether the engine was held to choices or a schema; None where there are none, or nothing is generated."""
    normalise: str = "none"
    """What a log-likelihood was divided by before the likeliest was taken."""
    written: str | None = None
    """How a choice was written after the prompt, where log-likelihoods were compared."""
    template: Template = "unknown"
    """``chat``: the model's own chat template made one text of the messages. ``plain``: they were read as text.
    ``unknown``: a server or a service did it and does not say."""
    by_itself: bool = False
    """A rule or a record: it is not prompted, so that no protocol applies."""
    notes: tuple[str, ...] = ()
    """What is odd about the template, one sentence each."""

    @property
    def words(self) -> str:
        """In a few words, for example ``a generated answer held to the choices``."""
        if self.by_itself:
            return "an answer of its own making"
        if self.protocol == "loglikelihood":
            by = "" if self.normalise == "none" else f", normalised by {self.normalise}"
            by = ", less the log-likelihood without the prompt" if self.normalise == "unconditional" else by
            return f"the log-likelihood of the given choices{by}"
        kind = "sampled answers" if self.protocol == "sample" else "a generated answer"
        return kind + {None: "", True: " held to the choices", False: " that is free"}[self.held]


class Told(msgspec.Struct, frozen=True):
    """What a candidate was told about one item."""

    item: str
    """The item's id."""
    text: str
    """The text the engine read, or the messages as they were sent, one after the other."""
    exact: bool
    """Whether `text` is what the engine read, after its chat template."""
    continuations: tuple[str, ...] = ()
    """The given texts that were scored behind it, where log-likelihoods were compared."""
