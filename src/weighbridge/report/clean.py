"""Text from models, data files and users, made safe to show.

Nothing here escapes for HTML; that is the page's job. What is dealt with here survives escaping: control characters
(a terminal obeys them), NUL and lone surrogates (UTF-8 has no form for them), and the direction overrides of Unicode
(https://www.unicode.org/reports/tr9/), which let a text show itself in another order than it is written.
"""

from __future__ import annotations

import re
import unicodedata

_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSEEN = _OVERRIDES + "\u200b\u200e\u200f\u2028\u2029\u2060\ufeff\u061c"
_STRAY = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_UNSEEN}]")
_STRAY_IN_TEXT = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_OVERRIDES}]")


def _named(found: re.Match[str]) -> str:
    """A visible stand-in: the control picture for C0, U+FFFD for half a surrogate pair, else the code point."""
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"<U+{code:04X}>"


def _one_space(text: str) -> str:
    return re.sub(r"[\t\n\r]+", " ", text)


def clean_line(text: str, limit: int = 200) -> str:
    """`text` on one line of at most `limit` characters: for names, ids and sentences."""
    short = text[: limit + 1]
    line = _STRAY.sub(_named, _one_space(short))
    return line if len(text) <= limit else line[: limit - 1] + "…"


def clean_text(text: str, limit: int | None = None) -> str:
    """`text` with its line breaks and tabs, its control characters made visible, cut after `limit` characters."""
    part = text if limit is None else text[:limit]
    return _STRAY_IN_TEXT.sub(_named, part.replace("\r\n", "\n").replace("\r", "\n"))


def encodable(text: str, encoding: str) -> str:
    """`text` with what `encoding` cannot write as backslash escapes, so that printing it cannot fail."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode("ascii")
    return text


def without_surrogates(text: str) -> str:
    """`text` that UTF-8 can write: surrogate pairs joined, lone halves replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def wide(character: str) -> int:
    """Columns of a terminal that one character takes: 0, 1 or 2 (Unicode Standard Annex 11)."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def cells(text: str) -> int:
    """Columns that `text` takes in a terminal."""
    return sum(wide(character) for character in text) if not text.isascii() else len(text)
