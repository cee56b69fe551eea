"""A language model small enough for a test and real all the same: letters by the letter before them.

It generates greedily, is held to choices, scores given continuations, and reads messages through a chat template of
its own or as plain text.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from weighbridge.evidence import Completion, Finish, Scored, Usage
from weighbridge.models.protocol import Capabilities, ModelError, Reading, Request

TEXT = """is it hot? yes. is it cold? no. is it wet? yes. is it dry? no. yes yes no. hot yes, cold no.
the answer is yes. the answer is no. maybe. say yes or no. """


@dataclass
class Bigrams:
    """P(letter | letter before), with one added to every count."""

    name: str = "bigrams"
    text: str = TEXT
    template: str = "plain"
    scoring: bool = True
    held: bool = True
    broken: bool = False
    notes: tuple[str, ...] = ()
    side: str = "open"
    asked: list[Request] = field(default_factory=list)
    shown: int = 0

    spec = property(lambda self: f"bigrams:{self.name}")
    revision = "1"
    engine = "bigrams 1"
    endpoint = property(lambda self: self.spec)
    simulated = False
    concurrency = 4

    def __post_init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        for before, after in zip(self.text, self.text[1:], strict=False):
            self._counts.setdefault(before, Counter())[after] += 1
        self._letters = [*sorted(set(self.text)), "\x00"]

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(choices=self.held, scoring=self.scoring)

    def logprob(self, before: str, after: str) -> float:
        counts = self._counts.get(before, Counter())
        return math.log((counts[after] + 1) / (sum(counts.values()) + len(self._letters)))

    def score(self, context: str, text: str) -> float:
        return sum(self.logprob(a, b) for a, b in zip((context or " ")[-1] + text, text, strict=False))

    def read(self, request: Request) -> str:
        if self.template == "plain":
            return "\n\n".join(message.content for message in request.messages)
        turns = "".join(f"<{message.role}>{message.content}</>" for message in request.messages)
        return f"{turns}<assistant>"

    async def rendered(self, request: Request) -> str | None:
        self.shown += 1
        if self.broken:
            raise ModelError("no text to show", kind="bad_request")
        return self.read(request)

    async def reading(self) -> Reading:
        return Reading(self.template, self.notes)

    async def complete(self, request: Request) -> Completion:
        self.asked.append(request)
        context = self.read(request)
        usage = Usage(input_tokens=len(context), output_tokens=0)
        if request.continuations is not None:
            scored = [Scored(text, self.score(context, text), len(text)) for text in request.continuations]
            best = max(range(len(scored)), key=lambda k: self._normal(scored[k], request.normalise))
            return Completion(scored[best].text, usage=usage, scored=scored)
        if request.choices:
            return Completion(max(request.choices, key=lambda text: self.score(context, text)), usage=usage)
        text = ""
        while len(text) < min(12, request.sampling.max_tokens):
            text += max(self._letters[:-1], key=lambda letter: self.logprob((context + text)[-1], letter))
        return Completion(text, Finish.STOP, usage)

    def _normal(self, one: Scored, by: str) -> float:
        if by == "unconditional":
            return one.logprob - self.score("", one.text)
        return one.logprob / (1 if by == "none" else len(one.text))

    async def close(self) -> None:
        pass


def counts(models: Sequence[Bigrams]) -> list[int]:
    return [len(model.asked) for model in models]
