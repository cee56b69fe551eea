"""Builds index entries from licence texts that the user has: a folder of text files, or JSON lines."""

from __future__ import annotations

import datetime
import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighbridge.audit.licence.detect.cues import does
from weighbridge.audit.licence.detect.index import UNSAID, Clause, Entry, Stored, packed
from weighbridge.audit.licence.detect.lexicon import hashed
from weighbridge.audit.licence.detect.reading import read_text
from weighbridge.audit.licence.detect.words import Words, words_of
from weighbridge.errors import UsageError

SUFFIXES = {".txt", ".md", ".rst", ".html", ".license", ".licence", ""}
APPENDICES: tuple[tuple[str, str | None], ...] = (
    ("appendix how to apply the", None),
    ("how to apply these terms to your new", None),
    ("creative commons is not a party to", None),
    ("creative commons corporation creative commons is not a law firm", "by exercizing the licensed rights"),
    ("preamble the gnu", "0 definitions this license refers to"),
    ("preamble the gnu", "0 this license applies to any program"),
    ("preamble the licenses for most software", "0 this license applies to any program"),
    ("for more information please refer to", None),
)
"""Where a part that sets no terms begins, and what follows it (None: it goes to the end). Words as `spelled`."""
SLOTS: tuple[str, ...] = (
    "name of the organization nor", "name of the copyright holder nor", "yyyy name of copyright owner",
    "year name of copyright holder", "year name of author", "year owner", "the authors or copyright holders be",
    "by the copyright holders and contributors", "shall the copyright holders or contributors be",
    "shall the copyright holder or contributors be", "isc disclaims", "the author disclaims", "shall isc be",
    "shall the author be",
)  # fmt: skip
"""Where licensors put in their own name: the words of these that are not `_KEPT`."""
_NOT_NAMES = "name of the by shall nor be and contributors or disclaims authors in"
_KEPT = frozenset(_NOT_NAMES.split())
_NUMBER = re.compile(
    r"\s*(?:#+\s*)?[*_\"“]*(?:(?:section|article|clause|paragraph|attachment|appendix|exhibit)\s+)?"
    r"(?P<number>(?:[ivxl]{2,6}|\d{1,2}(?:\.\d{1,2})*|\(?[a-z]\)|[a-z](?=\.))|(?:\(?[ivxl]{1,6}\)))[.):\s\\*_]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Text:
    """A licence's text and what it is called."""

    key: str
    licence: str
    name: str
    text: str
    policy: bool = False


def texts_of(path: Path) -> list[Text]:
    """The texts of a folder (``NAME.txt``) or of a JSONL file (fields ``key``, ``text``; ``name``, ``licence``).

    Raises `UsageError` where there is no such folder or file, or nothing to read in it.
    """
    if path.is_dir():
        texts = list(_folder(path))
    elif path.is_file():
        texts = list(_lines(path))
    else:
        raise UsageError(
            "there is no such folder or file of licence texts",
            where=str(path),
            fix="name a folder with one licence text per file, or a .jsonl file with the fields key and text",
        )
    if not texts:
        raise UsageError(
            "there is no licence text here",
            where=str(path),
            fix="put one licence text into each file: MY-LICENCE.txt",
        )
    return texts


def built(texts: Iterable[Text], source: str = "") -> Stored:
    """The index of texts; of two with one key the later one."""
    by_key = {text.key: text for text in texts}
    read = {key: words_of(text.text) for key, text in sorted(by_key.items())}
    vocabulary = sorted({hashed(word) for words in read.values() for word in words.words})
    if len(vocabulary) > 0xFFFF:
        raise UsageError(
            f"the texts have {len(vocabulary):,} different words, and an index holds {0xFFFF:,}",
            fix="leave out files that are no licences",
        )
    at = {word: place for place, word in enumerate(vocabulary)}
    entries = tuple(_entry(by_key[key], words, at) for key, words in read.items())
    return Stored(datetime.date.today().isoformat(), source, packed("I", vocabulary), entries)


def _entry(text: Text, words: Words, vocabulary: dict[int, int]) -> Entry:
    optional = _optional(words)
    clauses: list[Clause] = []
    first = 0
    place: list[str] = []
    for at in range(1, len(words.words) + 1):
        if at < len(words.words) and words.sentences[at] == words.sentences[first]:
            continue
        said = words.said(first, at - 1)
        begin = words.text.rfind("\n", 0, words.spans[first][0]) + 1
        place = _place(words.text[begin : words.spans[at - 1][1]], place)
        what = does(said)
        heading = words.sentences[first] in words.headings
        if not place:
            what = what and f"a sentence that {what}"
        label = ".".join(place) + (": " if place and what else "") + what
        clauses.append(Clause(at - first, label or UNSAID, heading or all(optional[first:at]), heading))
        first = at
    soft = tuple(at for at, soft in enumerate(words.soft) if soft)
    return Entry(
        key=text.key,
        licence=text.licence,
        name=text.name,
        clauses=tuple(clauses),
        coded=packed("H", (vocabulary[hashed(word)] for word in words.words)),
        soft=soft,
        slots=_slots(words.words),
        policy=text.policy,
    )


def _place(line: str, place: list[str]) -> list[str]:
    """The clause numbers that lead to this line: ``["1", "b", "iii"]``."""
    found = _NUMBER.match(line)
    if not found:
        return place
    number = found["number"].strip("().").lower()
    if re.fullmatch(r"\d{1,2}(\.\d{1,2})*", number):
        return number.split(".")
    roman = re.fullmatch(r"[ivxl]+", number) is not None
    depth = 1
    if roman and not (len(number) == 1 and len(place) > 1 and ord(number) == ord(place[1][:1] or " ") + 1):
        depth = 2 if len(place) > 1 and not re.fullmatch(r"[ivxl]+", place[1]) else 1
    return [*place[:depth], number]


def _optional(words: Words) -> list[bool]:
    """Per word, whether it stands in a part that sets no terms."""
    said = words.words
    optional = [False] * len(said)
    for opening, following in APPENDICES:
        begin = _find(said, tuple(opening.split()), 0)
        if begin is None:
            continue
        end = len(said) if following is None else _find(said, tuple(following.split()), begin)
        if end is None:
            continue
        # Whole sentences only, from the one that begins there.
        for at in range(begin, end):
            optional[at] = True
    return optional


def _slots(said: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    found: set[tuple[int, int]] = set()
    for phrase in SLOTS:
        parts = tuple(phrase.split())
        begin = _find(said, parts, 0)
        while begin is not None:
            name = [at for at, part in enumerate(parts) if part not in _KEPT]
            found.add((begin + name[0], begin + name[-1] + 1))
            begin = _find(said, parts, begin + 1)
    return tuple(sorted(found))


def _find(said: tuple[str, ...], phrase: tuple[str, ...], begin: int) -> int | None:
    for at in range(begin, len(said) - len(phrase) + 1):
        if said[at] == phrase[0] and said[at : at + len(phrase)] == phrase:
            return at
    return None


def _folder(path: Path) -> Iterator[Text]:
    for file in sorted(path.iterdir()):
        if file.is_file() and file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            key = file.stem if file.suffix else file.name
            yield Text(key, key, key, read_text(file))


def _lines(path: Path) -> Iterator[Text]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            where = f"{path}:{number}"
            try:
                row: Any = json.loads(line)
            except json.JSONDecodeError as error:
                raise UsageError(
                    f"this line is no JSON: {error.msg}", where=where, fix="one object per line"
                ) from None
            if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in ("key", "text")):
                raise UsageError(
                    "a licence text needs the fields key and text", where=where, fix='{"key": "...", "text": "..."}'
                )
            yield from _row(row)


def _row(row: dict[str, Any]) -> Iterator[Text]:
    key = row["key"]
    licence = row.get("licence") or key
    yield Text(key, str(licence), str(row.get("name") or key), row["text"], row.get("category") == "Use policy")
