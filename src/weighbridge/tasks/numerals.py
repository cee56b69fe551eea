"""Numbers in running text, read exactly (as decimals), with signs, thousands marks, percent and currency."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

DecimalMark = Literal[".", ","]

LONGEST = 400
"""Digits in one number, at most; longer runs of digits are not read as a number."""

CURRENCY = r"[$€£¥₹₽₩₺₴₫฿]|(?:USD|EUR|GBP|JPY|CHF|CAD|AUD|INR|CNY|US\$)"
_SPACES = "\u0020\u00a0\u2009\u202f"
_GOES_ON = re.compile(r"\d|[eE][-+]?[0-9]|[\u00b2\u00b3\u00b9\u2070-\u2079]")
"""Behind a number: it is longer than what was read (an exponent out of bounds, a power), so it is not read."""
_MINUS = "\u2212\u2012\u2013\ufe63\uff0d"


@dataclass(frozen=True, slots=True)
class Numeral:
    """One number found in a text."""

    value: Decimal
    start: int
    """Where it begins, sign included."""
    end: int
    """Just behind its last digit or percent sign."""
    percent: bool = False


@lru_cache(maxsize=2)
def _pattern(mark: DecimalMark) -> re.Pattern[str]:
    point = re.escape(mark)
    group = f"[{'.' if mark == ',' else ','}_'\u2019{_SPACES}]"
    # Thousands come in threes behind one and the same mark; each alternative is linear, so no text can stall it.
    whole = (
        rf"(?:[0-9]{{1,3}}(?:(?P<group>{group})[0-9]{{3}})(?:(?P=group)[0-9]{{3}})*(?![0-9])|[0-9]{{1,{LONGEST}}})"
    )
    indian = r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?![0-9])|" if mark == "." else ""
    return re.compile(
        rf"(?:(?<![0-9A-Za-z_)\]])(?P<sign>[-+])(?={CURRENCY}|[.,]?[0-9]))?"
        rf"(?:(?:{CURRENCY})[{_SPACES}]?(?P<inner>[-+])?)?"
        rf"(?P<number>(?:{indian}{whole})(?:{point}[0-9]{{1,{LONGEST}}})?|{point}[0-9]{{1,{LONGEST}}})"
        rf"(?P<exponent>[eE][-+]?[0-9]{{1,3}}(?![0-9A-Za-z]))?"
        rf"(?P<percent>[{_SPACES}]?%)?"
    )


def numerals(text: str, mark: DecimalMark = ".") -> list[Numeral]:
    """All numbers in `text`, in order. `mark` is the decimal mark; the other of ``.`` and ``,`` groups thousands.

    A digit inside a word (``gpt4``, ``A1``) is no number; one with a unit behind it (``5km``) is. ``3-4`` is 3 and
    4; ``- 3`` is 3 (a list, more often than a minus); ``1,5`` with the mark ``.`` is 1 and 5.
    """
    plain = _ascii_digits(text)
    found = []
    for match in _pattern(mark).finditer(plain):
        start, end = match.span()
        before = plain[match.start("number") - 1 : match.start("number")]
        if before and (before.isalnum() or before == "_") and match.start("number") == start:
            continue
        digits = match["number"]
        if match["group"]:
            digits = digits.replace(match["group"], "")
        if mark == ".":
            digits = digits.replace(",", "")
        digits = digits.replace(mark, ".")
        if len(digits) > LONGEST or _GOES_ON.match(plain, end):
            continue
        negative = (match["sign"] == "-") != (match["inner"] == "-")
        value = Decimal(("-" if negative else "") + digits + (match["exponent"] or ""))
        found.append(Numeral(value, start, end, bool(match["percent"])))
    return found


def only_numeral(text: str, mark: DecimalMark = ".") -> Numeral | None:
    """The number a text consists of (a unit or currency beside it allowed), or None for none or several."""
    found = numerals(text, mark)
    return found[0] if len(found) == 1 else None


def plain_numerals(text: str) -> str:
    """The text with each number in one spelling: no thousands marks, no plus, no trailing zeros, no exponent."""
    parts, position = [], 0
    for found in numerals(text):
        source = text[found.start : found.end]
        digit = next((index for index, char in enumerate(source) if char.isdigit() or char == "."), 0)
        lead = source[:digit].replace("+", "")
        sign = "-" if found.value < 0 else ""
        spelled = lead.replace("-", "").translate(dict.fromkeys(map(ord, _MINUS))) + sign + _spell(abs(found.value))
        parts += [text[position : found.start], spelled, "%" if found.percent else ""]
        position = found.end
    return "".join([*parts, text[position:]])


def _spell(value: Decimal) -> str:
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.lstrip("0") or "0" if "." not in text else text


def _ascii_digits(text: str) -> str:
    """Digits of every script as 0-9 and every minus as ``-``, one character for one: positions stay."""
    if text.isascii():
        return text
    return "".join(
        "-"
        if char in _MINUS
        else str(unicodedata.decimal(char))
        if not char.isascii() and unicodedata.decimal(char, None) is not None
        else char
        for char in text
    )
