"""What is known of each licence's text: hashes of its words, where its sentences end, and what each does.

The index holds no text. Its words are 32-bit hashes; a clause is named by its number and, in our words, by what it
does.
"""

from __future__ import annotations

import base64
import functools
import os
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from weighbridge.audit.licence.detect.lexicon import hashed
from weighbridge.errors import UsageError

VARIABLE = "WEIGHBRIDGE_LICENCE_TEXTS"
"""Names a folder or JSONL file of the user's own licence texts, or an index that was built from one."""

UNSAID = "in the text"
"""Labels a sentence that has no number and of which no word says what it does."""
TITLE = 20
"""Words of a title, at most."""
CALLED = frozenset(hashed(word) for word in ("license", "agreement", "terms", "policy", "deed"))


class Clause(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """One sentence of a licence."""

    words: int
    label: str
    """Its clause number, where it has one, and what it does in our words: ``2: grants rights``."""
    optional: bool = False
    """A text without it is still complete: headings, instructions on how to apply the licence, remarks about it."""
    heading: bool = False


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One text of one licence."""

    key: str
    licence: str
    """The catalogue's id, or the SPDX id, or the key."""
    name: str
    clauses: tuple[Clause, ...]
    coded: str
    """The words: base64 of zlib of 16-bit little-endian positions in the index's vocabulary."""
    soft: tuple[int, ...] = ()
    """Positions of list marks."""
    slots: tuple[tuple[int, int], ...] = ()
    """Positions (first, one after the last) of names that each licensor puts in for itself."""
    policy: bool = False
    """A policy that a licence refers to, and no licence itself."""

    def hashes(self, vocabulary: Sequence[int]) -> tuple[int, ...]:
        """The hashes of the words, in order. Raises `IndexError` or `zlib.error` where the entry is damaged."""
        return tuple(vocabulary[at] for at in _unpacked("H", self.coded))


def packed(kind: Literal["H", "I"], numbers: Iterable[int]) -> str:
    """Numbers of 16 (``H``) or 32 (``I``) bits as text; `_unpacked` reads them back."""
    stored = array(kind, numbers)
    if sys.byteorder == "big":
        stored.byteswap()
    return base64.b64encode(zlib.compress(stored.tobytes(), 9)).decode("ascii")


def _unpacked(kind: Literal["H", "I"], text: str) -> array[int]:
    numbers = array(kind)
    numbers.frombytes(zlib.decompress(base64.b64decode(text)))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


class Stored(msgspec.Struct, frozen=True):
    """An index file."""

    built: str
    """The day it was built on."""
    source: str
    """Where the texts came from."""
    vocabulary: str
    """The words' hashes: base64 of zlib of 32-bit little-endian integers."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """An entry, unpacked for comparison."""

    entry: Entry
    hashes: tuple[int, ...]
    clause: tuple[int, ...]
    """Per word, the number of its clause."""
    optional: tuple[bool, ...]
    soft: frozenset[int]
    slot: frozenset[int]
    shingles: frozenset[tuple[int, int, int]]
    """Its runs of three words."""
    title: int = 0
    """How many words at its beginning only say what it is called and since when."""

    @property
    def required(self) -> int:
        """How many words a complete text has at least."""
        return sum(not optional for optional in self.optional)


@dataclass(frozen=True, slots=True)
class Index:
    """The licences that a text is held against."""

    known: tuple[Known, ...]

    def __len__(self) -> int:
        return len(self.known)

    def joined(self, other: Index) -> Index:
        """Both; the other's text comes instead of one of ours that has its key."""
        keys = {one.entry.key for one in other.known}
        return Index(tuple(one for one in self.known if one.entry.key not in keys) + other.known)


def unpacked(stored: Stored) -> Index:
    """The index that is stored. Raises `UsageError` where it is damaged."""
    known = []
    try:
        vocabulary = _unpacked("I", stored.vocabulary)
        for entry in stored.entries:
            known.append(_known(entry, entry.hashes(vocabulary)))
    except (ValueError, IndexError, zlib.error) as error:
        raise UsageError(f"the index of licence texts is damaged: {error}", fix="build it again") from None
    return Index(tuple(known))


def _known(entry: Entry, hashes: tuple[int, ...]) -> Known:
    clause = tuple(at for at, one in enumerate(entry.clauses) for _ in range(one.words))
    if len(clause) != len(hashes):
        raise ValueError(f"{entry.key!r} has {len(hashes)} words and clauses for {len(clause)}")
    optional = tuple(one.optional for one in entry.clauses for _ in range(one.words))
    slot = frozenset(at for first, after in entry.slots for at in range(first, after))
    shingles = frozenset(zip(hashes, hashes[1:], hashes[2:], strict=False))
    return Known(entry, hashes, clause, optional, frozenset(entry.soft), slot, shingles, _title(entry, hashes))


def _title(entry: Entry, hashes: Sequence[int]) -> int:
    """How many words at the beginning are a title: sentences that do nothing, where they name a licence."""
    count = 0
    for one in entry.clauses:
        if one.label != UNSAID or count + one.words > TITLE:
            break
        count += one.words
    return count if CALLED.intersection(hashes[:count]) else 0


@functools.cache
def shipped() -> Index:
    """The licences that come along."""
    from importlib import resources

    raw = resources.files("weighbridge.catalog").joinpath("data", "licence_texts.json").read_bytes()
    return unpacked(msgspec.json.decode(raw, type=Stored))


def index(own: str | Path | None = None) -> Index:
    """The licences that come along, and those of `own` (or of the folder or file that the environment names).

    Raises `UsageError` where `own` is not there, or is neither a folder or JSONL file of texts nor an index.
    """
    own = own or os.environ.get(VARIABLE)
    if not own:
        return shipped()
    path = Path(own).expanduser()
    return _with(path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.lru_cache(maxsize=4)
def _with(path: Path, changed: int) -> Index:
    """`changed`: a file that was written anew is read anew."""
    del changed
    return shipped().joined(index_of(path))


def index_of(path: Path) -> Index:
    """The index in a file, or that of the texts in a folder or JSONL file."""
    from weighbridge.audit.licence.detect.building import built, texts_of

    path = path.expanduser()
    if path.is_file() and path.suffix == ".json":
        try:
            return unpacked(msgspec.json.decode(path.read_bytes(), type=Stored))
        except msgspec.DecodeError as error:
            raise UsageError(
                f"this is not an index of licence texts: {error}",
                where=str(path),
                fix="build one from a folder of texts: python scripts/build_licence_index.py FOLDER --out FILE",
            ) from None
    return unpacked(built(texts_of(path)))
