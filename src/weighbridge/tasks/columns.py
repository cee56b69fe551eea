"""What each column is for: named by the user, or guessed from its name, and said aloud either way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.errors import UsageError, nearest
from weighbridge.tasks.source import ROW_NUMBER, DataSource

ID = (
    *("id", "item_id", "uid", "uuid", "qid", "question_id", "example_id", "sample_id", "instance_id", "row_id"),
    *("request_id", "ticket_id", "message_id", "case_id", "record_id", "prompt_id", "_id", "idx", "index", "key"),
)
REFERENCE = (
    *("answer", "label", "target", "expected", "reference", "gold", "answers", "references", "labels", "targets"),
    *("expected_answer", "expected_output", "correct_answer", "ground_truth", "gold_answer", "gold_label", "ideal"),
    *("reference_answer", "answer_key", "answerkey", "correct", "true_label", "output", "response", "completion"),
    *("summary", "translation", "class", "category", "intent", "sentiment", "y"),
)
INPUT = (
    *("question", "input", "inputs", "text", "prompt", "query", "message", "content", "instruction", "problem"),
    *("context", "passage", "document", "article", "sentence", "sentence1", "sentence2", "premise", "hypothesis"),
    *("title", "subject", "body", "request", "utterance", "description", "review", "email", "story", "task", "ctx"),
)
CLUSTER = (
    *("cluster", "cluster_id", "group", "group_id", "conversation_id", "conversation", "session_id", "thread_id"),
    *("dialogue_id", "dialog_id", "document_id", "doc_id", "passage_id", "customer_id", "user_id", "patient_id"),
)
CHOICES = ("choices", "options", "endings", "choice_list", "answer_choices")
LETTERS = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")
SPOILERS = ("rationale", "explanation", "solution", "reasoning", "cot", "chain_of_thought", "hint", "evidence")
"""Columns that may give the answer away; the default prompt never shows them."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column is what. None or empty: there is no such column."""

    id: str | None
    """None: rows are numbered."""
    reference: tuple[str, ...]
    """One column; several make one object."""
    input: tuple[str, ...]
    """What the default prompt and the reports show."""
    choices: tuple[str, ...] = ()
    """One column that holds a list, or one column per option."""
    cluster: str | None = None
    meta: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    """Which of the above were guessed: ``id``, ``reference``, ..."""


def map_columns(columns: Sequence[str], source: DataSource, where: str) -> tuple[ColumnMap, list[str]]:
    """The map and the sentences that say what was guessed.

    Raises UsageError, with the nearest column, for a named column that is not there.
    """
    notes: list[str] = []
    guessed: list[str] = []
    named = (source.reference,) if isinstance(source.reference, str) else source.reference or ()
    options = (source.choices,) if isinstance(source.choices, str) else source.choices or ()
    wanted = {"reference": named, "choices": options, "input": source.input, "meta": source.meta}
    for role, names in {**wanted, "id": _one(source.id, ROW_NUMBER), "cluster": _one(source.cluster)}.items():
        for name in names:
            if name not in columns:
                raise UsageError(
                    f"there is no column {name!r}", where=f"{where} ({role})", fix=nearest(name, map(str, columns))
                )

    def guess(role: str, known: Sequence[str], taken: set[str]) -> str | None:
        found = [column for name in known for column in columns if column not in taken and _plain(column) == name]
        if not found:
            return None
        guessed.append(role)
        others = f" ({', '.join(found[1:4])} would fit too; name one with `{role}:`)" if found[1:] else ""
        notes.append(f"{role}: column {found[0]!r}, guessed from its name{others}")
        return found[0]

    taken = {*named, *options, *source.input, *source.meta, *_one(source.id, ROW_NUMBER), *_one(source.cluster)}
    ident = None if source.id == ROW_NUMBER else source.id or guess("id", ID, taken)
    taken |= {*_one(ident)}
    if not options:
        options = _options(columns, taken, notes, guessed)
        taken |= {*options}
    if not named:
        named = _one(guess("reference", REFERENCE, taken))
        taken |= {*named}
    cluster = source.cluster or guess("cluster", CLUSTER, taken)
    taken |= {*_one(cluster)}
    shown = source.input
    if not shown:
        shown = _inputs(columns, taken)
        guessed.append("input")
        notes.append(f"input: {', '.join(map(repr, shown)) or 'no column'}, guessed")
    return ColumnMap(ident, named, shown, options, cluster, source.meta, tuple(guessed)), notes


def _one(name: str | None, but: str | None = None) -> tuple[str, ...]:
    return (name,) if name is not None and name != but else ()


def _plain(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def _options(columns: Sequence[str], taken: set[str], notes: list[str], guessed: list[str]) -> tuple[str, ...]:
    free = {_plain(column): column for column in columns if column not in taken}
    found: tuple[str, ...] = next(((free[name],) for name in CHOICES if name in free), ())
    for prefix in ("", "option_", "choice_", "option", "choice"):
        if found:
            break
        letters = [free.get(f"{prefix}{letter}") for letter in LETTERS]
        present = [name for name in letters[: letters.index(None) if None in letters else None] if name is not None]
        found = tuple(present) if len(present) > 1 else ()
    if found:
        guessed.append("choices")
        notes.append(f"choices: {', '.join(map(repr, found))}, guessed")
    return found


def _inputs(columns: Sequence[str], taken: set[str]) -> tuple[str, ...]:
    free = [column for column in columns if column not in taken]
    known = tuple(column for column in free if _plain(column) in INPUT)
    if known:
        return known
    return tuple(column for column in free if not _gives_away(_plain(column)))


def _gives_away(column: str) -> bool:
    words = set(column.split("_"))
    return column in REFERENCE or bool(words & {"answer", "label", "target", "gold", *SPOILERS})
