"""From the paths of logs to one score table, with how it came about, what each log holds and what to say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Evidence, Side
from weighbridge.logs.answering import with_answering
from weighbridge.logs.conditions import settings_of
from weighbridge.logs.figures import Tally, disagreements, tallied
from weighbridge.logs.log import Log, Settings
from weighbridge.logs.recognise import read_logs, recognise
from weighbridge.logs.score_tables import may_be_table, table_logs
from weighbridge.logs.table import evidence_of

if TYPE_CHECKING:
    from weighbridge.logs.table import Missing


@dataclass(frozen=True, slots=True)
class Gathered:
    """The logs of a comparison, read."""

    evidence: Evidence
    notes: tuple[str, ...]
    """Sentences to show above the verdict."""
    settings: dict[str, Settings]
    """How the answers came about, by column name."""
    tallies: tuple[Tally, ...]
    """What each log holds, in the order read."""


def gather(
    paths: Sequence[str | Path],
    models: Sequence[str] | None,
    format: str | None,  # noqa: A002 - the word users know
    rescore: str | None,
    rescore_settings: Mapping[str, Any] | None,
    sides: Mapping[str, Side],
    missing: Missing,
) -> Gathered:
    """The score table of the logs at `paths`, and what is to be said of them.

    UsageError: a path given twice, a model or side that no log has, a log that cannot be read, or no common item.
    """
    seen: dict[Path, str | Path] = {}
    for path in paths:
        real = Path(path).expanduser().resolve()
        if real in seen:
            raise UsageError("the same log is named twice", where=str(path), fix="name each log once")
        seen[real] = path
    found = [log for path in paths for log in _read(Path(path).expanduser(), format)]
    chosen = _chosen(found, models, sides)
    if rescore is not None:
        from weighbridge.logs.rescore import rescored_logs

        chosen = rescored_logs(chosen, rescore, rescore_settings)
    elif rescore_settings:
        raise UsageError("settings of a scorer were given without one", where="rescore", fix="name the scorer too")
    counted = [tallied(log) for log in chosen]
    logs = [log for log, _ in counted]
    tallies = tuple(tally for _, tally in counted)
    evidence, notes = evidence_of(logs, missing=missing)
    settings = settings_of(logs)
    told = with_answering(evidence, logs, settings)
    return Gathered(told, (*disagreements(tallies), *notes), settings, tallies)


def _read(path: Path, format: str | None) -> list[Log]:  # noqa: A002 - the word users know
    """The logs at a path; a file that is no log but has the name of a table is read as one."""
    if format is None and may_be_table(path) and recognise(path) is None:
        return table_logs(path)
    return read_logs(path, format)


def _chosen(logs: Sequence[Log], models: Sequence[str] | None, sides: Mapping[str, Side]) -> list[Log]:
    """The logs of the named models in that order (all without names), with the sides that were said."""
    known = list(dict.fromkeys(log.model for log in logs))
    for name in [*(models or ()), *sides]:
        if name not in known:
            raise UsageError(f"no log is of a model {name!r}", where="models", fix=nearest(name, known))
    ordered = logs if models is None else [log for name in models for log in logs if log.model == name]
    return [replace(log, side=sides.get(log.model, log.side)) for log in ordered]
