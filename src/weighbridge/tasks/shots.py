"""Few-shot examples: drawn with a seed from a separate file or split, never from what is weighed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from weighbridge.errors import UsageError
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.item import Item
from weighbridge.tasks.load import Loaded, load_items
from weighbridge.tasks.normalise import as_text, normalise, references
from weighbridge.tasks.source import DataSource


class FewShot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Examples to put in front of each item."""

    data: Annotated[
        DataSource, msgspec.Meta(description="File or split to draw from; columns as in the task's data.")
    ]
    count: Annotated[int, msgspec.Meta(ge=1, description="How many examples.")] = 4
    seed: Annotated[int, msgspec.Meta(description="Another seed draws other examples.")] = 0
    balanced: Annotated[bool, msgspec.Meta(description="Take turns among the references that occur.")] = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """The examples, the same for every item, and what to tell about the draw."""

    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()


def load_shots(few: FewShot, weighed: Loaded) -> Drawn:
    """Read the pool of examples and draw from it. Columns that are not named are those of the weighed data."""
    source, columns = few.data, weighed.columns
    source = msgspec.structs.replace(
        source,
        reference=source.reference or columns.reference or None,
        input=source.input or columns.input,
        choices=source.choices or columns.choices or None,
        missing_reference="skip" if source.missing_reference == "error" else source.missing_reference,
    )
    pool = load_items(source)
    by_id = pool.columns.id is not None and columns.id is not None
    return draw_shots(
        pool.items,
        weighed.items,
        few.count,
        few.seed,
        fields=columns.input,
        by_id=by_id,
        balanced=few.balanced,
        where=source.path,
    )


def draw_shots(
    pool: Sequence[Item],
    weighed: Sequence[Item],
    count: int,
    seed: int = 0,
    *,
    fields: Sequence[str] = (),
    by_id: bool = True,
    balanced: bool = False,
    where: str | None = None,
) -> Drawn:
    """`count` examples out of `pool`, without any that is weighed.

    An example is left out when an item to be weighed has the same id (with `by_id`; row numbers mean nothing across
    files) or the same content: equal `fields` (all columns if empty) after NFKC, case and blanks. The order depends
    on the seed and each example's content alone, so that adding examples to the pool moves no others.
    Raises UsageError where too few are left.
    """
    ids = {item.id for item in weighed} if by_id else set()
    contents = {content(item, fields) for item in weighed}
    same_content = {item.id for item in pool if content(item, fields) in contents}
    same_id = {item.id for item in pool if item.id in ids} - same_content
    left: dict[tuple[str, ...], Item] = {}
    for item in pool:
        if item.id not in same_content and item.id not in same_id:
            left.setdefault(content(item, fields), item)
    if len(left) < count:
        raise UsageError(
            f"{count} examples are wanted, but only {len(left)} of {len(pool)} may be used: "
            f"{len(same_content)} are among the items to be weighed, {len(same_id)} share an id with one",
            where=where,
            fix="draw from a separate file or split"
            + ('; if each file numbers its rows afresh, set `id: "@row"` for the examples' if same_id else ""),
        )
    ordered = sorted(
        left, key=lambda text: hashlib.blake2b("\0".join((str(seed), *text)).encode(), digest_size=16).digest()
    )
    chosen = [left[text] for text in ordered]
    notes = []
    if same_content or same_id:
        notes.append(
            f"{len(same_content) + len(same_id)} examples were left out: they are among the items to be weighed"
        )
    return Drawn(tuple((_in_turn(chosen) if balanced else chosen)[:count]), tuple(notes))


def content(item: Item, fields: Sequence[str]) -> tuple[str, ...]:
    """What an item asks, in a form that overlooks case, blanks and compatibility forms."""
    names = fields or sorted(item.fields)
    return tuple(_plain(item.fields.get(name)) for name in names)


def _plain(value: Cell) -> str:
    text = normalise(as_text(value), ("unicode", "case", "whitespace"))
    return text.encode("utf-8", "replace").decode()


def _in_turn(items: list[Item]) -> list[Item]:
    """One of each reference, then again one of each, in drawn order."""
    queues: dict[str, list[Item]] = {}
    for item in items:
        queues.setdefault(as_text(references(item.reference)[0]), []).append(item)
    rounds = max(map(len, queues.values()))
    return [queue[turn] for turn in range(rounds) for queue in queues.values() if turn < len(queue)]
