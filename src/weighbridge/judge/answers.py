"""Answers that are there to be judged, from a table of any kind that a score table may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence.score_columns import ROLES
from weighbridge.tasks.reasoning import split

CARRIED = ("cost", "latency", "tokens_in", "tokens_out", "cluster", "side")
"""Columns that are handed on as they are, so that the judged table weighs what the answers cost."""

Cell = tuple[str, str]
"""(model, item id)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Who answered what. An empty or failed answer stands as an empty text; one that is absent, nowhere."""

    source: str
    items: tuple[str, ...]
    models: tuple[str, ...]
    texts: Mapping[Cell, str]
    """Without reasoning: a judge, like a user, sees the answer."""
    questions: Mapping[str, str]
    references: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[Cell, dict[str, str]] = field(default_factory=dict)
    scores: Mapping[Cell, float] = field(default_factory=dict)
    """What the table's own score column says, where it has one: human labels come this way."""
    specs: Mapping[str, str] = field(default_factory=dict)
    """Spec strings by model, where they are known: the family shows in them."""

    def model(self, name: str, what: str) -> str:
        """`name` itself. Raises `UsageError` with the nearest where there is no such model."""
        if name not in self.models:
            raise UsageError(f"there is no model {name!r} in the answers", where=what, fix=nearest(name, self.models))
        return name


def read_answers(path: str | Path, columns: Mapping[str, str] | None = None, encoding: str | None = None) -> Answers:
    """Answers in the file at `path` (csv, tsv, jsonl, json, parquet; columns as `score_columns.ROLES` names them).

    Of several answers of a model to an item the first is taken. UsageError: no such file, no column `item_id`,
    `model` or `answer`, nothing in it.
    """
    found = _read(Path(path).expanduser(), ("item_id", "model", "answer"), columns, encoding)
    if not found.texts:
        raise UsageError("the table holds no answers", where=str(path), fix="one row per item and model")
    return found


def read_labels(path: str | Path, columns: Mapping[str, str] | None = None) -> Answers:
    """Human labels: a table with the columns `item_id`, `model` and `score` in [0, 1], as `weighbridge rate` writes.

    UsageError: as `read_answers`, and scores that are no numbers in [0, 1].
    """
    return _read(Path(path).expanduser(), ("item_id", "model", "score"), columns, None)


def _roles(
    header: tuple[str, ...], given: Mapping[str, str] | None, required: tuple[str, ...], where: str
) -> dict[str, str]:
    found: dict[str, str] = {}
    for role, name in (given or {}).items():
        if role not in ROLES:
            raise UsageError(f"there is no column role {role!r}", where="option --column", fix=nearest(role, ROLES))
        if name not in header:
            raise UsageError(f"there is no column {name!r}", where=where, fix=nearest(name, header))
        found[role] = name
    lowered: dict[str, str] = {}
    for name in filter(None, header):
        lowered.setdefault(name.strip().lower(), name)
    taken = set(found.values())
    for role, names in ROLES.items():
        match = next((lowered[name] for name in names if name in lowered and lowered[name] not in taken), None)
        if role not in found and match is not None:
            found[role] = match
            taken.add(match)
    for role in required:
        if role not in found:
            raise UsageError(
                f"there is no column {role!r}; the table has: {', '.join(header) or 'no columns'}",
                where=where,
                fix=f"name the column that holds it: --column {role}=NAME ({nearest(role, header)})",
            )
    return found


def _read(path: Path, required: tuple[str, ...], columns: Mapping[str, str] | None, encoding: str | None) -> Answers:
    import duckdb

    from weighbridge.evidence.score_checks import check_keys
    from weighbridge.evidence.score_rows import ingest
    from weighbridge.evidence.score_source import open_scores

    con = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    try:
        with open_scores(con, path, encoding) as source:
            roles = _roles(source.header, columns, required, source.name)
            ingest(con, source, roles)
            check_keys(con, source)
        wanted = ("item_id", "model", "answer", "question", "reference", "score", "status", *CARRIED)
        picks = ", ".join(role if role in roles else f"null as {role}" for role in wanted)
        rows = con.execute(f"select {picks} from raw order by rid").fetchall()  # noqa: S608 - names of roles
    finally:
        con.close()
    texts: dict[Cell, str] = {}
    questions: dict[str, str] = {}
    references: dict[str, str] = {}
    carried: dict[Cell, dict[str, str]] = {}
    scores: dict[Cell, float] = {}
    items: dict[str, None] = {}
    models: dict[str, None] = {}
    for row in rows:
        item, model, answer, question, reference, score, status, *more = row
        cell = (model, item)
        items.setdefault(item)
        models.setdefault(model)
        if cell in texts:
            continue
        texts[cell] = "" if status == "failed" else shown(answer or "")
        if question and item not in questions:
            questions[item] = question
        if reference and item not in references:
            references[item] = reference
        carried[cell] = {role: value for role, value in zip(CARRIED, more, strict=True) if value is not None}
        if status:
            carried[cell]["status"] = status
        if "score" in required:
            scores[cell] = _score(score, item, model, path)
    return Answers(str(path), tuple(items), tuple(models), texts, questions, references, carried, scores)


def shown(text: str) -> str:
    """`text` without its reasoning, as a reader of the answer gets it."""
    return split(text).answer.strip()


def _score(text: str | None, item: str, model: str, path: Path) -> float:
    words = {"true": 1.0, "false": 0.0}
    try:
        value = words[text.lower()] if text and text.lower() in words else float(text or "")
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(
            f"the score of {model!r} on item {item!r} is {text!r}, not a number in [0, 1]",
            where=str(path),
            fix="divide ratings by the largest possible: 7 of 10 is 0.7",
        )
    return value
