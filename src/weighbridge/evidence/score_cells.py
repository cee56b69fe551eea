"""Turns the rows of a stored score table into the arrays of `Evidence`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weighbridge.evidence.question import Side
from weighbridge.evidence.score import NOT_ASKED
from weighbridge.evidence.score_columns import NUMBERS
from weighbridge.evidence.score_rows import number, status_code
from weighbridge.evidence.table import Column, Evidence, Floats

if TYPE_CHECKING:
    import duckdb

MOST_TEXT = 256_000_000
"""Characters of answers, beyond which they stay in the file: they are for reading, no verdict needs them."""


class TwiceError(Exception):
    """A cell was given two scores; `score_checks.check_duplicates` finds out where."""


def gather(
    con: duckdb.DuckDBPyConnection, roles: Mapping[str, str], chosen: Sequence[str], sides: Mapping[str, Side]
) -> tuple[Evidence, list[str]]:
    """Evidence of the chosen models; cells without a score are left not asked. Second: sentences to show.

    TwiceError: two rows are of one item and model, and no `repeat` column says that this is meant.
    """
    status = status_code() if "status" in roles else "null"
    measures = [role for role in NUMBERS if role in roles]
    more = "".join(f", {number(role)} as {role}" for role in measures)
    # A row without a score but with a status that explains why counts 0; without either it is a missing cell.
    con.execute(
        f"""create temp table cells as select * from (
            select rid, k, item_id, {status} as status,
            coalesce({number("score")}, case when {status} > 0 then 0.0 end) as score {more}
            from raw join chosen using (model)) where score is not null"""  # noqa: S608 - made of constants
    )
    con.execute(
        "create temp table items as select item_id, row_number() over (order by min(rid)) - 1 as n "
        "from raw join chosen using (model) group by item_id"
    )
    ids = tuple(str(row[0]) for row in con.execute("select item_id from items order by n").fetchall())
    averages = "".join(f", coalesce(avg({role}), 'nan'::double) as {role}" for role in measures)
    found = con.execute(
        f"""select k, n, avg(score) as score, coalesce(max(status), 0) as status, count(*) as repeats,
        coalesce(var_samp(score), 'nan'::double) as within {averages}
        from cells join items using (item_id) group by k, n"""  # noqa: S608 - made of constants
        if "repeat" in roles
        else f"""select k, n, score, coalesce(status, 0) as status, 1 as repeats, 'nan'::double as within
        {"".join(f", coalesce({role}, 'nan'::double) as {role}" for role in measures)}
        from cells join items using (item_id)"""  # noqa: S608 - made of constants
    ).fetchnumpy()
    shape = (len(chosen), len(ids))
    at = (np.asarray(found["k"], dtype=np.int64), np.asarray(found["n"], dtype=np.int64))

    if np.bincount(at[0] * len(ids) + at[1], minlength=1).max() > 1:
        raise TwiceError

    def spread(name: str, scale: float = 1.0) -> Floats:
        table = np.full(shape, np.nan)
        if name in found:
            table[at] = np.asarray(found[name], dtype=np.float64) * scale
        return table

    codes = np.full(shape, NOT_ASKED, dtype=np.uint8)
    codes[at] = np.asarray(found["status"], dtype=np.uint8)
    counts = np.zeros(shape, dtype=np.int64)
    counts[at] = np.asarray(found["repeats"], dtype=np.int64)
    cost = spread("cost")
    notes: list[str] = []
    evidence = Evidence(
        columns=tuple(
            Column(
                name,
                sides.get(name, "unknown"),
                spec="stored",
                cost_known=bool(np.isfinite(cost[k]).any()),
                price_note="as stored" if np.isfinite(cost[k]).any() else None,
            )
            for k, name in enumerate(chosen)
        ),
        items=ids,
        order=np.arange(len(ids), dtype=np.int64),
        score=spread("score"),
        status=codes,
        cost=cost,
        latency=spread("latency") if "latency" in found else spread("latency_ms", 1e-3),
        first_token=spread("first_token"),
        tokens_in=spread("tokens_in"),
        tokens_out=spread("tokens_out"),
        repeats=np.maximum(1, counts.max(axis=1)) if ids else np.ones(len(chosen), dtype=np.int64),
        within=spread("within"),
        cluster=_clusters(con, len(ids)) if "cluster" in roles else None,
        answers=_texts(con, "answer", roles, shape, notes),
        extracted=_texts(con, "extracted", roles, shape, notes),
        questions=_of_items(con, "question") if "question" in roles else None,
        references=_of_items(con, "reference") if "reference" in roles else None,
    )
    return evidence, notes


def _clusters(con: duckdb.DuckDBPyConnection, n: int) -> NDArray[np.int64] | None:
    """Cluster number of each item; an item without a cluster stands alone. None where no two items share one."""
    rows = con.execute(
        "select n, min(cluster) from raw join chosen using (model) join items using (item_id) group by n order by n"
    ).fetchall()
    numbers: dict[str, int] = {}
    codes = np.empty(n, dtype=np.int64)
    for item, label in rows:
        key = f"item {item}" if label is None else f"cluster {label}"
        codes[item] = numbers.setdefault(key, len(numbers))
    return codes if len(numbers) < n else None


def _texts(
    con: duckdb.DuckDBPyConnection, role: str, roles: Mapping[str, str], shape: tuple[int, int], notes: list[str]
) -> tuple[tuple[str | None, ...], ...] | None:
    if role not in roles:
        return None
    joined = "raw join chosen using (model) join items using (item_id)"
    size = con.execute(f"select coalesce(sum(length({role})), 0) from {joined}").fetchone()  # noqa: S608 - constants
    if size is not None and size[0] > MOST_TEXT:
        notes.append(
            f"The {role} texts ({size[0] / 1e6:.0f} million characters) are too many to show and were left out."
        )
        return None
    table: list[list[str | None]] = [[None] * shape[1] for _ in range(shape[0])]
    # In falling order, so that the first of repeated answers is the one kept.
    cursor = con.execute(f"select k, n, {role} from {joined} where {role} is not null order by rid desc")  # noqa: S608 - constants
    while rows := cursor.fetchmany(50_000):
        for k, item, text in rows:
            table[k][item] = text
    return tuple(tuple(row) for row in table)


def _of_items(con: duckdb.DuckDBPyConnection, role: str) -> tuple[str, ...]:
    rows = con.execute(
        f"select coalesce(arg_min({role}, rid), '') from raw join chosen using (model) join items using (item_id) "  # noqa: S608 - constants
        "group by n order by n"
    ).fetchall()
    return tuple(str(row[0]) for row in rows)
