"""Reads a stored score table into `Evidence`: one row per item and model, in any order, from any evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence.question import Side
from weighbridge.evidence.score_cells import TwiceError, gather
from weighbridge.evidence.score_checks import check_duplicates, check_keys, check_values
from weighbridge.evidence.score_columns import resolve_columns
from weighbridge.evidence.score_gaps import fill_gaps, keep_shared
from weighbridge.evidence.score_rows import ingest
from weighbridge.evidence.score_sides import model_sides, read_side, side_column
from weighbridge.evidence.score_source import ScoreSource, open_scores
from weighbridge.evidence.table import Evidence

if TYPE_CHECKING:
    import duckdb

Missing = Literal["shared", "failed"]


@dataclass(frozen=True, slots=True)
class StoredScores:
    """What a score table held."""

    evidence: Evidence
    """Items in file order; no cell is missing (see `missing` of `load_scores`)."""
    notes: tuple[str, ...]
    """What was left out or filled in, as sentences to show above the verdict."""
    columns: dict[str, str]
    """Role to column name, as read."""
    models: tuple[str, ...]
    """Every model in the file, in file order."""


def load_scores(
    source: str | Path | object,
    *,
    models: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    sides: Mapping[str, Side] | None = None,
    models_file: str | Path | None = None,
    missing: Missing = "shared",
    encoding: str | None = None,
) -> StoredScores:
    """Stored scores as evidence.

    source
        Path of a csv, tsv, jsonl, json or parquet file (text kinds also gzipped), or a data frame (polars, pandas,
        arrow), a list of rows or a dict of columns.
    models
        Which to weigh, in this order; None: all, in file order.
    columns
        Role to column name where names differ from `score_columns.ROLES`.
    sides
        Side by model name; goes before the table's `side` (or `camp`) column and before `models_file`.
    models_file
        A csv with columns `model` and `side` (or `camp`).
    missing
        ``shared``: only the items that every model in question has a score for are weighed. ``failed``: a missing
        score counts 0 with status ``failed``. Either is said in `StoredScores.notes`.

    Costs are money per request, latencies seconds. Repeated answers need a `repeat` column and are averaged within
    the item. UsageError: whatever cannot be read, with file and line.
    """
    import duckdb

    con = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    try:
        if isinstance(source, str | Path):
            with open_scores(con, Path(source).expanduser(), encoding) as opened:
                return _load(con, opened, models, columns, sides, models_file, missing)
        from weighbridge.evidence.score_frames import open_frame

        with open_frame(con, source) as opened:
            return _load(con, opened, models, columns, sides, models_file, missing)
    finally:
        con.close()


def _load(
    con: duckdb.DuckDBPyConnection,
    source: ScoreSource,
    models: Sequence[str] | None,
    given: Mapping[str, str] | None,
    sides: Mapping[str, Side] | None,
    models_file: str | Path | None,
    missing: Missing,
) -> StoredScores:
    roles = resolve_columns(source.header, given, source.name)
    ingest(con, source, roles)
    known = tuple(
        str(name)
        for (name,) in con.execute(
            "select model from raw where model is not null group by model order by min(rid)"
        ).fetchall()
    )
    check_keys(con, source)
    chosen = _chosen(models, known, source.name)
    con.execute("create temp table chosen (model varchar, k bigint)")
    con.executemany("insert into chosen values (?, ?)", [[name, k] for k, name in enumerate(chosen)])
    check_values(con, source, roles)
    side = {**model_sides(models_file, known), **side_column(con, source, roles), **_named_sides(sides, known)}
    try:
        evidence, notes = gather(con, roles, chosen, side)
    except TwiceError:
        check_duplicates(con, source, repeated=False)
        raise
    if missing == "failed":
        whole, gaps = fill_gaps(evidence)
    else:
        whole, gaps = keep_shared(evidence, source.name)
    return StoredScores(whole, (*notes, *gaps), roles, known)


def _chosen(models: Sequence[str] | None, known: Sequence[str], name: str) -> list[str]:
    if not known:
        raise UsageError("the table has a header and no rows", where=name, fix="write one row per item and model")
    chosen = list(known if models is None else models)
    for model in chosen:
        if model not in known:
            raise UsageError(f"there is no model {model!r} in the table", where=name, fix=nearest(model, known))
        if chosen.count(model) > 1:
            raise UsageError(f"model {model!r} is named twice", where="models", fix="name each model once")
    if not chosen:
        raise UsageError("no model is named", where="models", fix=nearest("", known))
    return chosen


def _named_sides(sides: Mapping[str, Side] | None, known: Sequence[str]) -> dict[str, Side]:
    for model, side in (sides or {}).items():
        if model not in known:
            raise UsageError(f"there is no model {model!r} to have a side", where="sides", fix=nearest(model, known))
        read_side(side, f"sides: {model}")
    return dict(sides or {})
