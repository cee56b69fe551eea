"""What the store keeps: an answer, who gave it, and ways to choose and count answers."""

from __future__ import annotations

from typing import NewType

import msgspec

from weighbridge.evidence import Completion
from weighbridge.evidence.answering import Template

Key = NewType("Key", bytes)
"""32 bytes: the SHA-256 of everything that decides an answer. `weighbridge.store.key_of` makes it."""


class Source(msgspec.Struct, frozen=True):
    """Who was asked, and for which job. It describes an answer; the key alone decides which answer is read."""

    candidate: str
    model: str
    """The model's spec string, which never holds a secret."""
    task: str = ""
    revision: str = ""
    engine: str = ""
    simulated: bool = False


class Answer(msgspec.Struct, frozen=True):
    """One paid answer, and what is worth knowing about it later."""

    key: Key
    completion: Completion
    source: Source
    item: str
    """The item's id."""
    repeat: int = 0
    cost: float | None = None
    """Money reckoned when it was asked; None where the price was unknown."""
    machine_seconds: float | None = None
    """This call's share of the machine's busy time, for prices per hour; None where it was not measured."""
    written: float | None = None
    """Unix time at which the store wrote it, in seconds; the store fills it in where it is None."""


class Shown(msgspec.Struct, frozen=True):
    """What a candidate was told about one item; kept for the first few items that it was asked."""

    key: Key
    """The key of the answer to it."""
    source: Source
    item: str
    text: str
    """What the engine read after its chat template, or the messages as they were sent."""
    exact: bool
    """Whether `text` is what the engine read."""
    template: Template = "unknown"
    notes: tuple[str, ...] = ()
    """What is odd about the template."""
    written: float | None = None


class Selection(msgspec.Struct, frozen=True):
    """Which answers are meant. Parts that are None choose all; the others must all hold.

    Names may hold ``*`` and ``?`` as in file names; a candidate, model or task that is there exactly as written wins
    over the pattern.
    """

    candidate: str | None = None
    model: str | None = None
    task: str | None = None
    item: str | None = None
    key_prefix: str | None = None
    """First hexadecimal digits of the key."""
    before: float | None = None
    """Written before this Unix time."""
    since: float | None = None
    """Written at or after this Unix time."""

    @property
    def everything(self) -> bool:
        """Whether nothing is ruled out."""
        return all(getattr(self, name) is None for name in self.__struct_fields__)


class Group(msgspec.Struct, frozen=True):
    """Totals over the answers of one source."""

    source: Source
    answers: int
    items: int
    """Different items answered."""
    failed: int
    """Answers whose finish is ``error``."""
    first: float
    """Unix time of the oldest answer."""
    last: float
    """Unix time of the newest answer."""
    input_tokens: int | None
    """Sum over the answers that report it; None where none does."""
    output_tokens: int | None
    cost: float | None
    """Sum over the answers whose cost is known; None where none is."""
    uncosted: int
    """Answers whose cost is not known."""
