"""Text from strangers is shown, never obeyed."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from weighbridge.report.clean import cells, clean_line, clean_text, encodable, without_surrogates

ANYTHING = st.text(st.characters(codec=None), max_size=60)


@given(ANYTHING)
def test_a_line_holds_no_control_and_no_break(text: str) -> None:
    line = clean_line(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in line)
    assert not set(line) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200f")
    line.encode()


@given(ANYTHING)
def test_a_text_keeps_its_breaks_and_nothing_else_that_acts(text: str) -> None:
    shown = clean_text(text)
    assert all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") for c in shown)
    assert shown.count("\n") == text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    shown.encode()


@given(ANYTHING, st.sampled_from(["ascii", "latin-1", "utf-8", "cp437", "no-such-encoding"]))
def test_what_is_printed_can_be_encoded(text: str, encoding: str) -> None:
    ready = encodable(clean_line(text), encoding)
    ready.encode("ascii" if encoding == "no-such-encoding" else encoding)


def test_overrides_and_nul_are_named() -> None:
    assert clean_line("a\u202eb\x00c\x1b[31m\ud83d") == "a<U+202E>b␀c␛[31m\ufffd"
    assert clean_line("a\r\n\tb") == "a b"
    assert clean_text("a\r\nb\x1b") == "a\nb␛"


def test_ordinary_writing_of_any_script_stays() -> None:
    for text in ("naïve café", "日本語", "עברית", "العربية", "🙂👍🏽", "a\u200db"):
        assert clean_line(text) == text


def test_a_long_line_is_cut_where_asked() -> None:
    assert clean_line("x" * 300, 10) == "x" * 9 + "…"
    assert clean_text("x" * 300, 10) == "x" * 10


def test_surrogate_pairs_are_joined_and_halves_replaced() -> None:
    assert without_surrogates("\ud83d\ude42 \ud83d") == "🙂 \ufffd"


def test_width_in_a_terminal() -> None:
    assert (cells("abc"), cells("日本"), cells("e\u0301")) == (3, 4, 1)
