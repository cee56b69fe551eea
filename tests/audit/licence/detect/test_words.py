"""What of a text is compared: words, not how they are set."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.audit.licence.detect.words import plain, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("You may NOT sell it.", "you may not sell it"),
        ("a “Licensee” isn’t", 'a "Licensee" isn\'t'),
        ("**Bold** _words_ and `code`", "Bold words and code"),
        ("see [the policy](https://example.org/a_(b)?c=d)", "see the policy"),
        ("see [the\npolicy](https://example.org/very-\nlong)", "see the policy"),
        ("at https://www.example.org/x", "at example.org/x"),
        ("<p class='a'>You &amp; <b>me</b></p>", "You & me"),
        ("<!-- hidden -->shown<script>var x = 1</script>", "shown"),
        ("&lt;span style='x'&gt;shown&lt;/span&gt;", "shown"),
        ("1\\. Terms\\_of use", "1. Terms of use"),
        ("// one\n// two", "one two"),
        (" * one\n * two", "one two"),
        ("organisation licence", "organization license"),
        ("zero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen"),
        ("ﬁne ﬂag", "fine flag"),
        ("\u00e2\u20ac\u0153Word\u00e2\u20ac\u009d", "Word"),
        ("one\r\ntwo\rthree", "one two three"),
    ],
)
def test_one_text_set_in_two_ways(one: str, other: str) -> None:
    assert words_of(one).words == words_of(other).words


@pytest.mark.parametrize(
    ("one", "other"), [("may", "may not"), ("700 million", "70 million"), ("1.5", "1.6"), ("free", "fee")]
)
def test_two_texts(one: str, other: str) -> None:
    assert words_of(one).words != words_of(other).words


def test_list_marks_are_soft_and_numbers_are_not() -> None:
    read = words_of("1. Terms\n(a) one; (ii) two\n3) within 30 days of version 2.0, section 5")
    marks = [word for word, soft in zip(read.words, read.soft, strict=True) if soft]
    assert marks == ["1", "a", "ii", "3"]


def test_lines_and_sentences_are_those_of_the_text_as_given() -> None:
    read = words_of("# Title\n\n<!-- two\nlines -->First one. Second\none.\n\n- an item")
    where = dict(zip(read.words, read.lines, strict=True))
    assert (where["title"], where["first"], where["item"]) == (1, 4, 7)
    assert len(set(read.sentences)) == 4
    assert read.sentences[0] in read.headings


@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet="ab.(1)\n <!-[]#*\\&;'\r\u2028", max_size=120))
def test_every_word_has_its_line(text: str) -> None:
    read = words_of(text)
    assert len(read.words) == len(read.lines) == len(read.soft) == len(read.sentences) == len(read.spans)
    shown = plain(text)
    for word, line, (begin, end) in zip(read.words, read.lines, read.spans, strict=True):
        assert word == shown[begin:end].lower().replace("'", "")
        assert line == shown[:begin].count("\n") + 1
    assert list(read.sentences) == sorted(read.sentences)
