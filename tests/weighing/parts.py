"""Small real parts for the weighing room's tests: a model in this process, tasks, and prompts."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from weighbridge.evidence import Completion, Price, Score, Usage
from weighbridge.models.protocol import Capabilities, ModelError, Request, Sampling
from weighbridge.tasks.item import Item, Message
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate

Speak = Callable[[str, int], str | ModelError]
"""(item text, number of this attempt at it) -> answer, or what goes wrong."""


@dataclass
class LocalModel:
    """Answers from a function, after a wait; counts what it was asked."""

    name: str
    speak: Speak = lambda text, attempt: "yes"
    wait: Callable[[int], float] | None = None
    """Seconds to wait before the n-th call answers."""
    place: str = "here://engine"
    slots: int = 8
    local: bool = False
    fixed: bool = False
    usage: Usage = field(default_factory=lambda: Usage(input_tokens=10, output_tokens=2))
    asked: list[str] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0
    closed: bool = False
    cancelled: int = 0

    spec = property(lambda self: f"local:{self.name}")
    revision = ""
    engine = "test"
    endpoint = property(lambda self: self.place)
    side = "open"
    simulated = False
    concurrency = property(lambda self: self.slots)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(needs_item=self.local, fixed_concurrency=self.fixed)

    async def complete(self, request: Request) -> Completion:
        text = request.messages[-1].content
        number = len(self.asked)
        attempt = self.asked.count(text)
        self.asked.append(text)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            if self.wait is not None:
                await asyncio.sleep(self.wait(number))
            said = self.speak(text, attempt)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1
        if isinstance(said, ModelError):
            raise said
        return Completion(said, usage=self.usage)

    async def close(self) -> None:
        self.closed = True


@dataclass(frozen=True)
class Plain:
    """A prompt that is the item's text."""

    name: str = "plain"
    key: str = "plain"

    def render(self, item: Item) -> tuple[Message, ...]:
        return (Message("user", str(item.fields["text"])),)


def exact(item: Item, completion: Completion) -> Score:
    return Score(float(completion.text == item.reference), extracted=completion.text)


def task_of(items: int, *, clusters: int | None = None, scorer=exact, key: str = "exact") -> Task:
    """Items ``item-0`` ..., all with the reference ``yes``."""
    return Task(
        name="test",
        items=tuple(
            Item(
                id=str(number),
                fields={"text": f"item-{number}"},
                reference="yes",
                cluster=None if clusters is None else f"c{number % clusters}",
            )
            for number in range(items)
        ),
        scorer=scorer,
        scorer_key=key,
        prompts={"default": Plain()},
    )


def coin(name: str, share: float) -> Speak:
    """Right on a fixed `share` of the items, by a hash of name and item: the same in every process."""

    def speak(text: str, attempt: int) -> str:
        digest = hashlib.sha256(f"{name} {text}".encode()).digest()
        return "yes" if int.from_bytes(digest[:4]) / 2**32 < share else "no"

    return speak


def candidate(model: LocalModel, **settings) -> Candidate:
    settings.setdefault("price", Price(per_request=0.01))
    settings.setdefault("sampling", Sampling(max_tokens=16))
    return Candidate(settings.pop("name", model.name), model, settings.pop("prompt", Plain()), **settings)


def pair(*shares: float, **settings) -> list[Candidate]:
    """Candidates a, b, ... right on these shares of the items."""
    return [
        candidate(LocalModel(name, coin(name, share), place=f"here://{name}"), **settings)
        for name, share in zip("abcdefgh", shares, strict=False)
    ]


def heard(events: Sequence[object], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]
