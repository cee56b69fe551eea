"""What a suite is: where its data are, how its rows become items, what is asked, and which figures it is known by."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Normalise = Literal["none", "characters", "bytes", "tokens", "unconditional"]
Protocol = Literal["generate", "choice", "loglikelihood"]


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the data are found."""

    files: tuple[str, ...]
    """Names in a data folder, without ending: files (jsonl, json, csv, tsv, parquet, also .gz) or dataset folders."""
    dataset: str | None = None
    """The dataset's name on the Hugging Face Hub."""
    config: str | None = None
    split: str | None = None
    shots: str | None = None
    """Split that examples are drawn from."""
    shots_files: tuple[str, ...] = ()
    fetch: str | None = None
    """Command that fetches the data, where they are not on the Hub."""


class Asking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model is told (templates see the item's columns; `options` and `choices` where it is a choice)."""

    user: str
    system: str | None = None
    answer: str = "{{ reference }}"
    """What an example's answer is."""


class Scoring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands before the options when their log-likelihoods are compared: lm-eval's prompt for this task."""

    user: str
    choice_as: str | None = None
    """An option as it is written after the prompt; its text or letter where absent, behind a blank in plain text."""
    letters: bool = False
    """Whether options are written by their letters."""
    normalise: Normalise = "none"


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One ready task."""

    name: str
    title: str
    about: str
    groups: tuple[str, ...]
    languages: tuple[str, ...] = ("en",)
    size: int
    """Items in the published split."""
    licence: str
    """Licence of the data, as their publishers state it; ``none stated`` where they do not."""
    source: str
    """Paper and authors."""
    data: Where
    shape: str = "plain"
    """How rows become items: a function of `suites.shapes`."""
    settings: dict[str, Any] = {}
    """Settings of the shape."""
    labels: dict[str, tuple[str, ...]] = {}
    """The possible answers, the same for every item, each with the ways it is written in the data."""
    reference: str = "label"
    """Column with the right answer, after the shape: text, or the number of an option from 0."""
    options: tuple[str, ...] = ()
    """Column with each item's own list of options, or one column an option."""
    id: str | None = None
    cluster: str | None = None
    """Column whose equal values mark items that belong together."""
    subset: str | None = None
    """Column by which a part can be asked for (`NAME/PART`)."""
    withheld: tuple[str, ...] = ()
    """Columns that give the answer away."""
    show: tuple[str, ...]
    """Columns that reports show as the question."""
    ask: Asking
    loglikelihood: Scoring | None = None
    protocols: tuple[Protocol, ...] = ()
    """Ways of answering that it can be run with; found from the rest where absent."""
    scorer: str | dict[str, Any] = "choice"
    """What the race compares, item by item."""
    metrics: tuple[str, ...]
    """The figures that the suite is known by, the first one foremost."""
    shots: int = 0
    """Examples shown where none are asked for."""
    max_tokens: int = 32
    stop: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader of its figures must know."""

    @property
    def ways(self) -> tuple[Protocol, ...]:
        """Ways of answering that it can be run with, the usual one first."""
        if self.protocols:
            return self.protocols
        if not (self.labels or self.options):
            return ("generate",)
        return ("generate", "choice", "loglikelihood") if self.loglikelihood is not None else ("generate", "choice")
