"""From tokens to text as they come: never half a character, and cut at the texts where an answer stops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_BEFORE = 5
"""Tokens of the prompt read along, so that a first token's blank is not lost at the beginning of a text."""
_HALF = "\ufffd"


class Detokeniser:
    """`add` gives the text that a token completes, which is empty while a character is incomplete."""

    def __init__(self, tokenizer: Any, before: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._ids = list(before[-_BEFORE:])
        self._from = 0
        """Where decoding begins: what a token looks like can depend on those before it."""
        self._read = len(self._ids)
        self._known = self._decode(self._ids)

    def add(self, token: int) -> str:
        self._ids.append(token)
        text = self._decode(self._ids[self._from :])
        if len(text) <= len(self._known) or text.endswith(_HALF):
            return ""
        return self._emit(text)

    def rest(self) -> str:
        """What is still held back, when no token follows, less a character of which only a part has come."""
        text = self._decode(self._ids[self._from :]).rstrip(_HALF)
        return self._emit(text) if len(text) > len(self._known) else ""

    def _emit(self, text: str) -> str:
        fresh = text[len(self._known) :]
        self._from, self._read = self._read, len(self._ids)
        self._known = self._decode(self._ids[self._from :])
        return fresh

    def _decode(self, ids: Sequence[int]) -> str:
        if not ids:
            return ""
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text


class Stops:
    """Finds stop texts in a growing text, wherever the borders of its pieces lie."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._longest = max(map(len, self._stops), default=0)
        self._text = ""
        self._told = 0
        self.found = False

    @property
    def text(self) -> str:
        """All of it, up to the first stop."""
        return self._text

    def add(self, piece: str) -> str:
        """Take a piece; what can be told of the text now: nothing that may yet turn out to begin a stop."""
        if not piece or self.found:
            return ""
        begin = max(0, len(self._text) - self._longest + 1)
        self._text += piece
        places = [at for stop in self._stops if (at := self._text.find(stop, begin)) >= 0]
        if places:
            self._text = self._text[: min(places)]
            self.found = True
        held = 0 if self.found else self._held()
        fresh = self._text[self._told : len(self._text) - held]
        self._told += len(fresh)
        return fresh

    def rest(self) -> str:
        """What was held back, when no more follows."""
        fresh = self._text[self._told :]
        self._told = len(self._text)
        return fresh

    def _held(self) -> int:
        """Length of the longest end of the text that begins a stop."""
        most = min(self._longest - 1, len(self._text))
        for size in range(most, 0, -1):
            end = self._text[-size:]
            if any(stop.startswith(end) for stop in self._stops):
                return size
        return 0
