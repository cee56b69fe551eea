"""A run's own rate of writing, to stand in place of the prediction of `weighbridge size`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError, nearest

if TYPE_CHECKING:
    from weighbridge.evidence import Evidence
    from weighbridge.sizing.interval import Interval


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run says of one candidate."""

    rate: Interval
    """Tokens a second of the whole machine."""
    at_once: int
    """Requests that were under way at a time, on average."""
    input_tokens: float | None
    """Of a request, on average; None: not recorded."""
    output_tokens: float


def seen_in(run: str, candidate: str | None) -> Seen:
    """The rate at which a candidate's answers came in a run: a project's store, a decision, or a table of scores.

    Raises `UsageError` where the run does not tell it.
    """
    import numpy as np

    from weighbridge.sizing.interval import Interval
    from weighbridge.sizing.observed import observed_rate

    evidence = _evidence(run)
    names = [column.name for column in evidence.columns]
    if candidate is None and len(names) > 1:
        raise UsageError(
            f"{run} has {len(names)} candidates", where="--measured-in", fix=f"--candidate {' or '.join(names[:6])}"
        )
    if candidate is not None and candidate not in names:
        raise UsageError(f"{run} has no candidate {candidate!r}", where="--candidate", fix=nearest(candidate, names))
    k = 0 if candidate is None else names.index(candidate)
    if evidence.columns[k].simulated:
        raise UsageError(
            f"{names[k]} was simulated: nothing was measured", where="--measured-in", fix="another candidate"
        )
    tokens, seconds = evidence.tokens_out[k], evidence.latency[k]
    told = np.isfinite(tokens) & np.isfinite(seconds)
    together = 1.0
    if evidence.at_once is not None and np.isfinite(evidence.at_once[k, told]).any():
        together = max(1.0, float(np.nanmean(evidence.at_once[k, told])))
    rate = observed_rate(tokens[told].tolist(), seconds[told].tolist(), together)
    read = evidence.tokens_in[k, told]
    return Seen(
        Interval(float(rate.low), float(rate.likely), float(rate.high)),
        max(1, round(together)),
        float(np.nanmean(read)) if np.isfinite(read).any() else None,
        float(tokens[told].mean()) if told.any() else 0.0,
    )


def _evidence(run: str) -> Evidence:
    from weighbridge.api.kept import kept_project, kept_report, kept_scores

    place = Path(run)
    if not place.exists():
        raise UsageError(
            f"there is no {run}",
            where="--measured-in",
            fix="name a project file, a decision (--json), or a table of scores",
        )
    if place.is_dir() and (place / "weighbridge.yaml").is_file():
        place = place / "weighbridge.yaml"
    if place.suffix in (".yaml", ".yml"):
        return kept_project(place).run.evidence
    if place.suffix == ".json":
        return kept_report(place).run.evidence
    return kept_scores([str(place)]).run.evidence
