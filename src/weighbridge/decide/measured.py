"""The scores behind a decision in a form that travels in its JSON, so that it can be decided again without a call."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from weighbridge.evidence import NOT_ASKED, Column, Evidence, Side
from weighbridge.stats.fixed.means import Floats

MOST_CELLS = 100_000
"""Items times candidates beyond which a JSON report would be too large to carry them."""

Numbers = list[float | None]


class MeasuredColumn(msgspec.Struct, frozen=True):
    """One candidate's cells, in the order of `Measured.items`; null where it was not asked or it is not known."""

    name: str
    """The candidate."""
    score: Numbers
    """In [0, 1]; the mean over repeats."""
    status: list[int]
    """0 ok, 1 refused, 2 truncated, 3 unparsable, 4 failed, 255 not asked."""
    cost: Numbers
    """Money for one request."""
    latency: Numbers
    """Seconds to the last token."""
    first_token: Numbers
    """Seconds to the first token."""
    tokens_in: Numbers
    """Input tokens."""
    tokens_out: Numbers
    """Generated tokens."""
    within: Numbers
    """Variance of the score over the repeats of one item."""
    down: str | None = None
    """Why it was taken down in the middle of the run, if it was."""


class Measured(msgspec.Struct, frozen=True):
    """The score table."""

    items: list[str]
    """Ids."""
    order: list[int]
    """Position in `items` at each draw."""
    columns: list[MeasuredColumn]
    """In the order of the candidates."""
    cluster: list[int] | None = None
    """Cluster number of each item."""


def measured_of(evidence: Evidence, down: dict[str, str] | None = None) -> Measured | None:
    """The table to keep; None where it is too large. `down`: candidates taken down, and why."""
    if evidence.score.size > MOST_CELLS:
        return None
    return Measured(
        items=list(evidence.items),
        order=evidence.order.tolist(),
        columns=[
            MeasuredColumn(
                name=column.name,
                score=_numbers(evidence.score[k]),
                status=evidence.status[k].tolist(),
                cost=_numbers(evidence.cost[k]),
                latency=_numbers(evidence.latency[k]),
                first_token=_numbers(evidence.first_token[k]),
                tokens_in=_numbers(evidence.tokens_in[k]),
                tokens_out=_numbers(evidence.tokens_out[k]),
                within=_numbers(evidence.within[k]),
                down=(down or {}).get(column.name),
            )
            for k, column in enumerate(evidence.columns)
        ],
        cluster=None if evidence.cluster is None else evidence.cluster.tolist(),
    )


def evidence_from(measured: Measured, columns: tuple[Column, ...], repeats: list[int]) -> Evidence:
    """The score table again. Raises ValueError where its rows do not fit together."""
    size = len(measured.items)
    status = np.array([one.status for one in measured.columns], dtype=np.uint8)
    order: NDArray[np.int64] = np.array(measured.order, dtype=np.int64)
    if status.shape != (len(columns), size) or sorted(measured.order) != list(range(size)):
        raise ValueError("rows of different lengths, or an order that is not one")

    def table(name: str) -> Floats:
        rows = [getattr(one, name) for one in measured.columns]
        found: Floats = np.array([[math.nan if v is None else v for v in row] for row in rows], dtype=np.float64)
        if found.shape != status.shape:
            raise ValueError(f"{name} has rows of another length")
        return found

    score = table("score")
    asked = np.not_equal(status, NOT_ASKED)
    if not bool(((score[asked] >= 0) & (score[asked] <= 1)).all()):
        raise ValueError("a score does not lie in [0, 1]")
    return Evidence(
        columns=columns,
        items=tuple(measured.items),
        order=order,
        score=score,
        status=status,
        cost=table("cost"),
        latency=table("latency"),
        first_token=table("first_token"),
        tokens_in=table("tokens_in"),
        tokens_out=table("tokens_out"),
        repeats=np.array(repeats, dtype=np.int64),
        within=table("within"),
        cluster=None if measured.cluster is None else np.array(measured.cluster, dtype=np.int64),
    )


def column_again(name: str, side: Side, spec: str, **known: str | bool | None) -> Column:
    """A column of a decision read back."""
    return Column(
        name,
        side,
        spec=spec,
        simulated=bool(known.get("simulated")),
        prompt=_text(known.get("prompt")),
        facts=_text(known.get("facts")),
        policy=_text(known.get("policy")),
    )


def _text(value: str | bool | None) -> str | None:
    return value if isinstance(value, str) else None


def _numbers(values: Floats) -> Numbers:
    return [float(v) if math.isfinite(v) else None for v in values]
