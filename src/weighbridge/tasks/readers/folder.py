"""A dataset folder on disk: saved by the `datasets` library, or split files of parquet, csv or jsonl."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.tasks.readers.arrow import arrow_rows, open_shard
from weighbridge.tasks.readers.plain import class_names
from weighbridge.tasks.source import SUFFIXES, Row, Table

SHARD = re.compile(r"[-_.]?\d{3,}(?:[-_]of[-_]\d+)?(?:-[0-9a-f]{8,})?$")
"""``-00000-of-00003`` and the like at the end of a file's stem."""

PREFERRED = ("test", "validation", "valid", "dev", "val", "eval")
"""Splits to weigh on, in this order, where none is named: never the training split while there is another."""


def saved_dataset(folder: Path, split: str | None) -> tuple[Table, str | None] | None:
    """The rows of a folder written by `save_to_disk`, and the split taken; None where it is not such a folder."""
    splits = _json(folder / "dataset_dict.json")
    if splits is not None:
        names = [str(name) for name in splits.get("splits", [])]
        chosen = choose(folder, names, split)
        return _saved(folder / chosen), chosen
    if (folder / "state.json").is_file():
        if split is not None and split != _json_split(folder):
            raise UsageError(
                f"the folder holds one dataset without splits, so there is no split {split!r}",
                where=str(folder),
                fix="leave `split:` out",
            )
        return _saved(folder), None
    return None


def _json_split(folder: Path) -> str | None:
    name = (_json(folder / "state.json") or {}).get("_split")
    return name if isinstance(name, str) else None


def _saved(folder: Path) -> Table:
    state = _json(folder / "state.json")
    if state is None:
        raise UsageError(
            "the dataset folder has no state.json", where=str(folder), fix="save it again with save_to_disk"
        )
    shards = [folder / Path(str(entry["filename"])).name for entry in state.get("_data_files", [])]
    missing = [shard for shard in shards if not shard.is_file()]
    if missing or not shards:
        raise UsageError(
            "a data file of the dataset is missing",
            where=str(missing[0] if missing else folder),
            fix="copy the whole folder, or save it again with save_to_disk",
        )
    labels = class_names((_json(folder / "dataset_info.json") or {}).get("features"))
    notes = tuple(f"{column}: class numbers are shown as their names" for column in labels)
    rows: Iterator[Row] = chain.from_iterable(arrow_rows(shard, labels) for shard in shards)
    return Table(open_shard(shards[0]).columns, rows, "row", notes)


def split_files(folder: Path, split: str | None) -> tuple[list[Path], str | None]:
    """The data files of the split in name order, and the split taken (None where the files name none)."""
    groups: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if not path.is_file() or any(part.startswith(".") for part in parts):
            continue
        name = path.name.lower().removesuffix(".gz")
        if Path(name).suffix in SUFFIXES and name not in ("dataset_info.json", "dataset_infos.json", "state.json"):
            groups.setdefault(_split_of(parts), []).append(path)
    if not groups:
        raise UsageError(
            "the folder holds no data file",
            where=str(folder),
            fix="expected parquet, csv, jsonl or json files, or a dataset saved with save_to_disk",
        )
    chosen = next(iter(groups)) if len(groups) == 1 and split is None else choose(folder, list(groups), split)
    kinds = {Path(file.name.lower().removesuffix(".gz")).suffix for file in groups[chosen]}
    if len(kinds) > 1:
        names = ", ".join(file.name for file in groups[chosen][:4])
        raise UsageError(
            f"the split {chosen!r} is there in several kinds of file ({names})",
            where=str(folder),
            fix="name one of the files instead of the folder",
        )
    return groups[chosen], chosen


def _split_of(parts: tuple[str, ...]) -> str:
    """``data/test-00000-of-00001.parquet`` -> ``test``; ``test/0000.parquet`` -> ``test``."""
    name = parts[-1]
    stem = name[
        : len(name) - len("".join(Path(name).suffixes[-2:] if name.endswith(".gz") else Path(name).suffixes[-1:]))
    ]
    stem = SHARD.sub("", stem)
    folders = [part for part in parts[:-1] if part not in ("data", "default")]
    if stem in ("", "data", "part") or stem.isdigit():
        return "/".join(folders) or "all"
    return "/".join([*folders, stem]) if stem not in folders else "/".join(folders)


def choose(folder: Path, names: list[str], split: str | None) -> str:
    """The split named, or the one to weigh on; UsageError with the nearest name.

    ``test`` also finds ``main/test``, as long as only one folder has it.
    """
    for wanted in PREFERRED if split is None else (split,):
        ends = [name for name in names if name == wanted] or [n for n in names if n.split("/")[-1] == wanted]
        if len(ends) == 1:
            return ends[0]
        if ends:
            raise _which(folder, ends)
    if split is not None:
        raise UsageError(f"there is no split {split!r}", where=str(folder), fix=nearest(split, names))
    if len(names) == 1:
        return names[0]
    raise _which(folder, names)


def _which(folder: Path, names: list[str]) -> UsageError:
    return UsageError(
        "the folder holds several splits", where=str(folder), fix=f"name one with `split:`; {nearest('', names)}"
    )


def _json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"this file of the dataset is not JSON: {error}", where=str(path)) from None
    return value if isinstance(value, dict) else None
