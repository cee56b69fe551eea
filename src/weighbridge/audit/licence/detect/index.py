"""What is known of each licence's text: hashes of its words, where its sentences end, and what each does.

The index holds no text. Its words are 32-bit hashes; a clause is named by its number and by what it does, in our words.
"""

from __future__ import annotations

import base64
import functools
import os
import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from weighbridge.errors import UsageError

VARIABLE = "WEIGHBRIDGE_LICENCE_TEXTS"
"""Names a folder or JSONL file of the user's own licence texts, or an index that was built from one."""


def hashed(word: str) -> int:
    """A word as 32 bits."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


class Clause(msgspec.Struct, frozen=True):
    """One sentence of a licence."""

    words: int
    label: str
    """Its clause number, where it has one, and what it does in our words: ``2: grants rights``."""
    optional: bool = False
    """A text without it is still complete: headings, instructions on how to apply the licence, remarks about it."""


class Entry(msgspec.Struct, frozen=True):
    """One text of one licence."""

    key: str
    licence: str
    """The catalogue's id, or the SPDX id, or the key."""
    name: str
    clauses: tuple[Clause, ...]
    coded: str
    """The words' hashes: base64 of zlib of 32-bit little-endian integers."""
    soft: tuple[int, ...] = ()
    """Positions of list marks."""
    slots: tuple[tuple[int, int], ...] = ()
    """Positions (first, one after the last) of names that each licensor puts in for itself."""
    policy: bool = False
    """A policy that a licence refers to, and no licence itself."""

    def hashes(self) -> tuple[int, ...]:
        """The words, in order."""
        numbers = array("I")
        numbers.frombytes(zlib.decompress(base64.b64decode(self.coded)))
        return tuple(numbers)


def coded(hashes: Iterable[int]) -> str:
    """What `Entry.hashes` reads back."""
    return base64.b64encode(zlib.compress(array("I", hashes).tobytes(), 9)).decode("ascii")


class Stored(msgspec.Struct, frozen=True):
    """An index file."""

    built: str
    """The day it was built on."""
    source: str
    """Where the texts came from."""
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


def unpacked(entries: Iterable[Entry]) -> Index:
    """The index of entries."""
    known = []
    for entry in entries:
        hashes = entry.hashes()
        clause = tuple(at for at, one in enumerate(entry.clauses) for _ in range(one.words))
        if len(clause) != len(hashes):
            raise UsageError(f"the index's entry {entry.key!r} is damaged", fix="build the index again")
        optional = tuple(one.optional for one in entry.clauses for _ in range(one.words))
        slot = frozenset(at for first, after in entry.slots for at in range(first, after))
        shingles = frozenset(zip(hashes, hashes[1:], hashes[2:], strict=False))
        known.append(Known(entry, hashes, clause, optional, frozenset(entry.soft), slot, shingles))
    return Index(tuple(known))


@functools.cache
def shipped() -> Index:
    """The licences that come along."""
    from importlib import resources

    raw = resources.files("weighbridge.catalog").joinpath("data", "licence_texts.json").read_bytes()
    return unpacked(msgspec.json.decode(raw, type=Stored).entries)


def index(own: str | Path | None = None) -> Index:
    """The licences that come along, and those of `own` (or of the folder or file that the environment names).

    Raises `UsageError` where `own` is not there, or is neither a folder or JSONL file of texts nor an index.
    """
    own = own or os.environ.get(VARIABLE)
    return shipped() if not own else shipped().joined(index_of(Path(own)))


def index_of(path: Path) -> Index:
    """The index in a file, or that of the texts in a folder or JSONL file."""
    from weighbridge.audit.licence.detect.building import built_from

    path = path.expanduser()
    if path.is_file() and path.suffix == ".json":
        try:
            return unpacked(msgspec.json.decode(path.read_bytes(), type=Stored).entries)
        except (msgspec.DecodeError, zlib.error, ValueError) as error:
            raise UsageError(
                f"this is not an index of licence texts: {error}",
                where=str(path),
                fix="build one from a folder of texts: python scripts/build_licence_index.py FOLDER --out FILE",
            ) from None
    return unpacked(built_from(path))
