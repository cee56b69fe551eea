"""Licence expressions as SPDX writes them: licences joined by AND, OR and WITH, and brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from weighbridge.errors import UsageError

MOST = 200
"""Words beyond which a text is no expression."""


@dataclass(frozen=True, slots=True)
class Named:
    """One licence by any of its names, with an exception where there is one."""

    name: str
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class Both:
    """All of these hold."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Who uses it chooses one of these."""

    parts: tuple[Expression, ...]


Expression = Named | Both | Either

_TOKEN = re.compile(r"\(|\)|[^\s()]+(?:\([^\s()]*\)[^\s()]*)?")


def expression(text: str, where: str | None = None) -> Expression:
    """What `text` says. Operators are written in capitals, as in SPDX: ``MIT OR (Apache-2.0 AND CC-BY-4.0)``.

    Raises `UsageError` for brackets or operators that do not fit.
    """
    tokens = _TOKEN.findall(text)
    if not tokens:
        raise UsageError("the licence expression is empty", where=where, fix="write one such as MIT or Apache-2.0")
    if len(tokens) > MOST:
        raise UsageError("this is a text and no licence expression", where=where, fix="write a licence's name")
    reader = _Reader(tokens, text, where)
    found = reader.either()
    if reader.at < len(tokens):
        raise reader.wrong(f"{tokens[reader.at]!r} does not belong there")
    return found


class _Reader:
    def __init__(self, tokens: list[str], text: str, where: str | None) -> None:
        self.tokens, self.text, self.where, self.at = tokens, text, where, 0

    def wrong(self, what: str) -> UsageError:
        fix = "write it as in SPDX: MIT OR (Apache-2.0 AND CC-BY-4.0)"
        return UsageError(f"the licence expression {self.text!r} cannot be read: {what}", where=self.where, fix=fix)

    def next_is(self, word: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] == word

    def either(self) -> Expression:
        parts = [self.both()]
        while self.next_is("OR"):
            self.at += 1
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self) -> Expression:
        parts = [self.one()]
        while self.next_is("AND"):
            self.at += 1
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def one(self) -> Expression:
        if self.next_is("("):
            self.at += 1
            inner = self.either()
            if not self.next_is(")"):
                raise self.wrong("a bracket is not closed")
            self.at += 1
            return inner
        name = self.words()
        if self.next_is("WITH"):
            self.at += 1
            return Named(name, self.words())
        return Named(name)

    def words(self) -> str:
        """A name of one or several words, up to an operator."""
        begin = self.at
        while self.at < len(self.tokens) and self.tokens[self.at] not in ("AND", "OR", "WITH", "(", ")"):
            self.at += 1
        if begin == self.at:
            raise self.wrong("a licence's name is missing")
        return " ".join(self.tokens[begin : self.at])
