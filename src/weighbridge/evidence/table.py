"""The item x candidate score table, with cost, latency and statuses: what every verdict rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weighbridge.evidence.answering import Answering, Told
from weighbridge.evidence.question import Side
from weighbridge.evidence.score import NOT_ASKED, STATUS_CODES

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Column:
    """Who one column of the table belongs to."""

    name: str
    side: Side
    spec: str = ""
    """The model's spec string, or ``stored`` for imported scores."""
    simulated: bool = False
    """True where the answers come from `simulated:`; every output says so."""
    prompt: str | None = None
    """Name of the prompt variant."""
    cost_known: bool = False
    price_note: str | None = None
    """How the cost was reckoned, for example ``0.50 per machine hour at 4.1 requests/s``."""
    answering: Answering | None = None
    """How its answers came about; None where scores or answers were imported."""
    told: tuple[Told, ...] = ()
    """What it was told about the first items drawn."""
    versions: tuple[str, ...] = ()
    """Versions of the model that its answers name, in the order in which they were met."""
    facts: str | None = None
    """Its entry in the catalogue, where the user names one; ``none``: it has none."""
    policy: str | None = None
    """The data policy its calls go under, where the user names one."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """K candidates by N items, in data-set order. A cell that was not asked holds NaN (status 255).

    `order` is the seeded random order in which items are drawn: item index at each draw position.
    """

    columns: tuple[Column, ...]
    items: tuple[str, ...]
    """Item ids, length N."""
    order: NDArray[np.int64]
    """Shape (N,): a permutation; with clusters, whole clusters stand together."""
    score: Floats
    """Shape (K, N), in [0, 1]; the mean over repeats where there are repeats."""
    status: NDArray[np.uint8]
    """Shape (K, N): position in `STATUS_CODES`; the worst of the repeats; 255 = not asked."""
    cost: Floats
    """Shape (K, N): money for one request (mean over repeats); NaN = not asked or unknown."""
    latency: Floats
    """Shape (K, N): seconds to the last token (mean over repeats); NaN = not asked or unknown."""
    first_token: Floats
    """Shape (K, N): seconds to the first token; NaN = not asked or not streamed."""
    tokens_in: Floats
    tokens_out: Floats
    repeats: NDArray[np.int64]
    """Shape (K,): answers per item that `score` averages."""
    within: Floats
    """Shape (K, N): variance of the score over the repeats of one item (ddof 1); NaN with one repeat."""
    at_once: Floats | None = None
    """Shape (K, N): calls under way at once at the endpoint while the latency was taken; NaN = unknown."""
    cluster: NDArray[np.int64] | None = None
    """Shape (N,): cluster number 0..C-1 of each item; None where items stand alone."""
    answers: tuple[tuple[str | None, ...], ...] | None = None
    """K rows of N answer texts (first repeat), where they are kept."""
    extracted: tuple[tuple[str | None, ...], ...] | None = None
    questions: tuple[str, ...] | None = None
    """N item texts to show in a report."""
    references: tuple[str, ...] | None = None
    meta: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Metadata columns by name, N values each, for slicing and filtering."""
    whole: Evidence | None = None
    """The table as it was read, with its gaps; None where no score was missing from it."""

    @property
    def asked(self) -> NDArray[np.bool_]:
        """Shape (K, N): whether the cell was asked."""
        return np.not_equal(self.status, NOT_ASKED)

    def statuses(self, candidate: int) -> dict[str, int]:
        """How many items of `candidate` ended in each status."""
        counts = np.bincount(self.status[candidate], minlength=256)
        return {status.value: int(counts[code]) for code, status in enumerate(STATUS_CODES)}

    def to_polars(self) -> polars.DataFrame:
        """One row per item and candidate that was asked, as a polars frame; see `evidence.frames`."""
        from weighbridge.evidence.frames import evidence_columns, polars_frame

        return polars_frame(evidence_columns(self))

    def to_pandas(self) -> pandas.DataFrame:
        """The same as a pandas frame."""
        from weighbridge.evidence.frames import evidence_columns, pandas_frame

        return pandas_frame(evidence_columns(self))

    def to_arrow(self) -> pyarrow.Table:
        """The same as an arrow table."""
        from weighbridge.evidence.frames import arrow_table, evidence_columns

        return arrow_table(evidence_columns(self))
