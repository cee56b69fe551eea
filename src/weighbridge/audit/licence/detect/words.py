"""A text as words with their lines: what a licence says, without how it is set.

Case, punctuation, quotes, markdown, HTML, line breaks and spelling variants are how a text is set; so are list marks
(``1.``, ``(a)``, ``iv)``), which are kept but flagged as soft, since converters renumber and drop them.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

_TAG = re.compile(
    r"</?(?:a|b|i|u|p|br|hr|div|span|em|strong|h[1-6]|ul|ol|li|pre|code|table|t[rdh]|tbody|thead|html|head|body|title"
    r"|section|article|main|header|footer|nav|center|font|small|sup|sub|blockquote|dl|dt|dd|img|meta|link|cite|abbr)"
    r"(?:\s[^<>]*)?/?>|<[!?][a-z][^<>]*>",
    re.IGNORECASE,
)
_UNREAD = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"))
"""What a page does not show: from the first to the second."""
_LINK = re.compile(
    r"!?\[((?:[^\[\]\n]|\n(?!\s*\n)){1,300})\]"
    r"(?:\n[ \t]*(?=\(\s*(?:mailto:|#|[\w-]+(?:\.[\w-]+)+[/)])))?"
    r"\(\s*<?(?:[^()\s]|\n(?!\s*\n)){0,600}"
    r"(?:\([^()\s]*\)[^()\s]*)*>?(?:\s+\"[^\"\n]*\")?\s*\)"
)
_SCHEME = re.compile(r"\bh\s?t\s?t\s?p\s?s?\s?:\s?/\s?/", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!>~|])")
_COMMENT = re.compile(
    r"^[ \t]*(?://+|/\*+|\*+/|\*(?=\s)|#+(?=\s)|;;+|--(?=\s)|%+(?=\s)|>+|dnl\b)[ \t]*", re.IGNORECASE
)
_LIST_MARK = re.compile(
    r"^[ \t]*(?:(?:[-*+•◦▪‣●○·–—][ \t]+)|(?:\(?(?:\d{1,2}(?:\.\d{1,2})*|[a-z]|[ivxl]{1,6})[.)][ \t]))*", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+(?:['’ʼ`´][^\W_]+)*")
_SOFT = re.compile(r"\d{1,2}|[a-z]|[ivxl]{1,6}")
_IZE = re.compile(r"is(e|ed|es|er|ers|ing|ation|ations)$")
_SAME = {
    "licence": "license", "licences": "licenses", "licenced": "licensed", "sublicence": "sublicense",
    "acknowledgement": "acknowledgment", "judgement": "judgment", "fulfil": "fulfill", "favour": "favor",
    "behaviour": "behavior", "colour": "color", "defence": "defense", "offence": "offense", "labour": "labor",
    "whilst": "while", "programme": "program", "analogue": "analog", "artefact": "artifact", "cancelled": "canceled",
}  # fmt: skip
"""Spellings of one word, after SPDX's matching guideline on equivalent words."""
_SILENT = frozenset({"http", "https", "www"})


@dataclass(frozen=True, slots=True)
class Words:
    """A text's words, one entry each in all the lists."""

    words: tuple[str, ...]
    """Normalised: what is compared."""
    lines: tuple[int, ...]
    """In the text as given, from 1."""
    soft: tuple[bool, ...]
    """List marks and page numbers: their coming and going says nothing."""
    sentences: tuple[int, ...]
    """The number of the sentence that the word stands in, from 0."""
    spans: tuple[tuple[int, int], ...]
    """Where in `text`."""
    text: str
    """The text after markup was taken out; as many lines as the text as given."""
    headings: frozenset[int] = frozenset()
    """Sentences that are headings: markdown's, or short lines by themselves without an end."""

    def said(self, first: int, last: int) -> str:
        """What the words from `first` up to and with `last` say, on one line."""
        if first > last:
            return ""
        return re.sub(r"\s+", " ", self.text[self.spans[first][0] : self.spans[last][1]]).strip()


def plain(text: str) -> str:
    """The text without markup, mis-decoded quotes and invisible characters; every line keeps its number."""
    if "â€" in text:
        # UTF-8 that was read as Windows' code page: quotes and dashes come as three letters.
        text = re.sub(r"â€[\w\W]", " ", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\u2028", "\n")
    for opening, closing in _UNREAD:
        text = _without(text, opening, closing)
    text = _TAG.sub(_lines_kept, text)
    # Escaped markup is markup of a page that shows a page.
    text = _TAG.sub(_lines_kept, html.unescape(text))
    text = unicodedata.normalize("NFKC", text)
    text = "".join(
        char for char in text if char == "\n" or unicodedata.category(char) not in ("Cf", "Cc") or char == "\t"
    )
    text = _ESCAPE.sub(r"\1", text)
    text = _SCHEME.sub(_lines_kept, text)
    for _ in range(2):
        text = _LINK.sub(lambda found: found[1] + "\n" * (found[0].count("\n") - found[1].count("\n")), text)
    return text


def _without(text: str, opening: str, closing: str) -> str:
    """The text without what stands between; searched by hand, since a pattern looks for each missing end anew."""
    lower = text.lower()
    if opening not in lower or len(lower) != len(text):
        return text
    kept: list[str] = []
    at = 0
    while (begin := lower.find(opening, at)) >= 0 and (end := lower.find(closing, begin)) >= 0:
        kept += [text[at:begin], " ", "\n" * text.count("\n", begin, end)]
        at = end + len(closing)
    return "".join([*kept, text[at:]])


def _lines_kept(found: re.Match[str]) -> str:
    return " " + "\n" * found.group().count("\n")


def spelled(word: str) -> str:
    """One spelling of a word that has several; letters only change where both sides of a comparison are changed."""
    word = word.lower()
    if not word.isascii():
        word = "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
    word = re.sub(r"['’ʼ`´]", "", word)
    return _SAME.get(word) or _IZE.sub(r"iz\1", word)


def words_of(text: str) -> Words:
    """The words of `text`. A line comment's marks and list marks are no words of it; so are tags and link targets."""
    text = plain(text)
    words: list[str] = []
    lines: list[int] = []
    soft: list[bool] = []
    sentences: list[int] = []
    spans: list[tuple[int, int]] = []
    headings: set[int] = set()
    sentence, offset, fresh = 0, 0, True
    rows = text.split("\n")
    for number, row in enumerate(rows, 1):
        bare = row.strip()
        if not bare:
            sentence += not fresh
            fresh = True
            offset += len(row) + 1
            continue
        comment = _COMMENT.match(row)
        begin = comment.end() if comment else 0
        marked = _LIST_MARK.match(row, begin) if begin else _LIST_MARK.match(row)
        mark_end = marked.end() if marked else begin
        heading = _is_heading(rows, number - 1)
        if (heading or mark_end > begin) and not fresh:
            sentence += 1
        at = begin
        for found in _WORD.finditer(row, begin):
            word = spelled(found.group())
            if word in _SILENT:
                continue
            between = row[at : found.start()]
            if not fresh and lines and lines[-1] == number and re.search(r"[.;:!?][\"”’')\]*_]*\s", between):
                sentence += 1
            after = row[found.end() : found.end() + 1]
            before = row[: found.start()].rstrip(" \t(*_[")
            lone = (
                bool(_SOFT.fullmatch(word))
                and after in (".", ")")
                and bool(
                    found.end() <= mark_end
                    or not before
                    or before[-1] in ".;:,"
                    or (row[found.start() - 1 : found.start()] == "(" and after == ")" and not word.isdigit())
                )
            )
            words.append(word)
            lines.append(number)
            soft.append(lone)
            sentences.append(sentence)
            spans.append((offset + found.start(), offset + found.end()))
            at, fresh = found.end(), False
        if heading:
            headings.add(sentence)
            sentence += not fresh
            fresh = True
        elif not fresh and re.search(r"[.;:!?][\"”’')\]*_]*\s*$", row):
            sentence += 1
            fresh = True
        offset += len(row) + 1
    return Words(tuple(words), tuple(lines), tuple(soft), tuple(sentences), tuple(spans), text, frozenset(headings))


def _is_heading(rows: list[str], at: int) -> bool:
    """Markdown's headings, and short capitalised lines between empty ones that do not end like a sentence."""
    row = rows[at].strip()
    if re.match(r"#{1,6}\s", row):
        return True
    alone = (at == 0 or not rows[at - 1].strip()) and (at + 1 == len(rows) or not rows[at + 1].strip())
    if not alone or len(row.split()) > 9 or row[-1:] in ".;,":
        return False
    letters = re.findall(r"[^\W\d_]{4,}", row)
    return bool(letters) and all(word[0].isupper() for word in letters)
