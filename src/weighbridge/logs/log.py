"""What another tool's result holds, in one shape: a run's settings and its rows, streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.evidence import Answering, Side, Status


class Row(msgspec.Struct, frozen=True):
    """One answer to one item, as the log has it; None where the log says nothing."""

    item_id: str
    score: float | None
    """In [0, 1]; None where the log has no score that can be read as one (it may be scored again)."""
    status: Status = Status.OK
    repeat: int = 0
    """Epoch, sample number or trial, from 0."""
    question: str | None = None
    """The item's input as text."""
    prompt: str | None = None
    """The rendered prompt, all messages joined, where the log keeps it."""
    reference: str | None = None
    answer: str | None = None
    extracted: str | None = None
    cost: float | None = None
    latency: float | None = None
    """Seconds."""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cluster: str | None = None
    meta: dict[str, str] = {}
    error: str | None = None


class Settings(msgspec.Struct, frozen=True):
    """How the answers came about; what differs between two runs makes them hard to compare."""

    task: str | None = None
    task_version: str | None = None
    model: str | None = None
    prompt_template: str | None = None
    """Template text or its hash."""
    system_prompt: str | None = None
    shots: int | None = None
    decoding: dict[str, Any] = {}
    """temperature, max_tokens, top_p, seed, stop, ... as far as known."""
    scorer: str | None = None
    metric: str | None = None
    tool: str | None = None
    """Name and version of the tool that made the log."""
    when: str | None = None
    revision: str | None = None
    answering: Answering | None = None
    """Generated or by log-likelihood, where the log says so."""


@dataclass(frozen=True, slots=True)
class Log:
    """One run of one model on one task. `rows` opens the file anew at each call and streams."""

    path: Path
    format: str
    """Registered format name, for example ``inspect``."""
    model: str
    rows: Callable[[], Iterator[Row]]
    settings: Settings = field(default_factory=Settings)
    side: Side = "unknown"
    reported: dict[str, float] = field(default_factory=dict)
    """Aggregate figures the log itself reports, by metric name, to check the import against."""
    notes: tuple[str, ...] = ()
    """What could not be read, in sentences."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A format: `recognise` looks at content (never at the name alone), `read` gives the logs of a path."""

    name: str
    title: str
    looks_for: str
    """One phrase for the message when nothing is recognised: what makes a file this format."""
    recognise: Callable[[Path], bool]
    read: Callable[[Path], list[Log]]
    """Raises UsageError naming the file (and entry or line) for anything unreadable."""
