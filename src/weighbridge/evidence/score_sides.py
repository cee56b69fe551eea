"""Which side a stored model is on: from the score table, from a list of models, or as told."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence.question import Side
from weighbridge.evidence.score_faults import place, shown
from weighbridge.evidence.score_source import ScoreSource

if TYPE_CHECKING:
    import duckdb


def read_side(text: str, where: str) -> Side:
    """`text` as a side, case aside. UsageError with the nearest match."""
    side = text.strip().lower()
    if side not in get_args(Side):
        raise UsageError(
            f"there is no side {shown(text)}",
            where=where,
            fix=f"{nearest(side, get_args(Side))} (open: published weights; closed: reachable as a service only)",
        )
    return cast(Side, side)


def side_column(con: duckdb.DuckDBPyConnection, source: ScoreSource, roles: Mapping[str, str]) -> dict[str, Side]:
    """Side by chosen model, from the table's own column. UsageError: a model on two sides."""
    if "side" not in roles:
        return {}
    rows = con.execute(
        "select model, lower(side), min(rid) from raw join chosen using (model) where side is not null "
        "group by all order by 3"
    ).fetchall()
    sides: dict[str, Side] = {}
    for model, text, record in rows:
        if model in sides:
            raise UsageError(
                f"model {shown(model)} is both {sides[model]} and {text}",
                where=place(source, record),
                fix="a model is on one side, the same in every row",
            )
        sides[model] = read_side(text, place(source, record) if text not in get_args(Side) else "")
    return sides


def model_sides(path: str | Path | None, known: Sequence[str]) -> dict[str, Side]:
    """Side by model, from a csv with columns `model` and `side` (or `camp`); other models are passed over."""
    if path is None:
        return {}
    file = Path(path).expanduser()
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            header = list(rows.fieldnames or [])
            column = next((name for name in ("side", "camp") if name in header), None)
            if column is None or "model" not in header:
                raise UsageError(
                    f"a list of models needs the columns model and side; it has: {', '.join(header) or 'none'}",
                    where=str(file),
                    fix="rename them",
                )
            return {
                row["model"]: read_side(row[column], f"{file}:{rows.line_num}")
                for row in rows
                if row["model"] in known and row[column]
            }
    except FileNotFoundError:
        beside = [other.name for other in file.parent.iterdir()] if file.parent.is_dir() else []
        raise UsageError("there is no such file", where=str(file), fix=nearest(file.name, beside)) from None
    except UnicodeDecodeError:
        raise UsageError("the text is not UTF-8", where=str(file), fix="save it as UTF-8") from None
    except OSError as error:
        raise UsageError(
            f"the file cannot be read: {error.strerror}", where=str(file), fix="check the path"
        ) from None
