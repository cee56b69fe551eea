"""A model card: the fields at its head, and its text by sections, links and sentences."""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass, field
from typing import Any

from weighbridge.audit.openness.listing import Listing
from weighbridge.audit.openness.yaml_table import yaml_table

MOST_SECTIONS = 500
MOST_LINKS = 1000
EMPTY = re.compile(r"\[?\b(more information needed|to be (added|announced)|tba|tbd|coming soon)\b\]?", re.I)
HIDDEN = (("<!--", "-->"), ("```", "```"), ("~~~", "~~~"))
"""What encloses text that is not prose: comments and code."""
LINK = re.compile(
    r"\[([^\]\n]{0,300})\]\(\s*<?(https?://[^\s)>]{1,500})>?[^)\n]{0,100}\)|(https?://[^\s)\]>\"'`]{4,500})"
)
HEADING = re.compile(
    r"^(?:(?P<level>#{1,6})[ \t]+(?P<hash>[^\n]{1,200})|\*\*(?P<bold>[^*\n]{2,80})\*\*:?[ \t]*)$", re.M
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link, and the line that it stands in."""

    url: str
    text: str
    line: str
    section: str
    number: int
    """Of the line, from 1."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    body: str
    """Up to the next heading of any level."""
    line: int
    whole: str = ""
    """With the sections below it."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card that was read; empty fields and no sections where there is none."""

    path: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    sections: tuple[Section, ...] = ()
    links: tuple[Link, ...] = ()
    first: int = 0
    """Lines before the text."""

    @property
    def words(self) -> int:
        """Words of its prose: without links, code, tables' rules and empty template fields."""
        return len(re.findall(r"[^\W\d_]{2,}", prose(self.text)))

    def strings(self, name: str) -> list[str]:
        """A field that holds one text or several."""
        value = self.fields.get(name)
        values = value if isinstance(value, list) else [value]
        return [str(one).strip() for one in values if isinstance(one, (str, int, float)) and str(one).strip()][:200]

    def under(self, *titles: str) -> list[Section]:
        """Sections whose heading holds one of `titles` (regular expressions) and that say something."""
        rule = re.compile("|".join(titles), re.I)
        return [one for one in self.sections if rule.search(one.title) and len(prose(one.whole).split()) >= 5]


def prose(text: str) -> str:
    """Text without code, comments, links' targets and fields of a template that were left empty."""
    plain = text
    for start, end in HIDDEN:
        plain = without(plain, start, end)
    plain = re.sub(r"\]\([^()\n]{0,600}\)|https?://\S+|<[^<>\n]{1,300}>", " ", plain)
    return EMPTY.sub(" ", plain)


def without(text: str, start: str, end: str) -> str:
    """Text without what stands between `start` and `end`, its line breaks kept; in time linear in its length."""
    kept: list[str] = []
    place = 0
    while True:
        opened = text.find(start, place)
        closed = text.find(end, opened + len(start)) if opened >= 0 else -1
        if closed < 0:
            return "".join(kept) + text[place:]
        kept += [text[place:opened], "\n" * text.count("\n", opened, closed), " "]
        place = closed + len(end)


def find_card(listing: Listing) -> str:
    """The path of the model card; empty where there is none."""
    for pattern in (
        r"^readme\.(md|rst|txt|markdown)$",
        r"^model_?card\.(md|txt)$",
        r"^readme$",
        r"model_?card.*\.md$",
    ):
        found = listing.named(pattern)
        if found:
            return found[0]
    return next((path for path in listing.texts if path.lower() == "readme.md"), "")


def read_card(listing: Listing, path: str | None = None) -> Card:
    """The model card of a release. What is damaged in it is noted as a problem, and the rest is read."""
    path = find_card(listing) if path is None else path
    given = listing.fields.get("cardData")
    hub = given if isinstance(given, dict) else {}
    text = listing.text(path) if path else None
    if text is None:
        return Card(path="", fields=hub)
    head, body = split_head(text)
    fields = {} if head is None else yaml_table(listing, path, head, "front matter", first_line=2)
    first = text.count("\n", 0, len(text) - len(body))
    body = without(body, "<!--", "-->")
    sections = _sections(body, first)
    return Card(path, hub | fields, body, sections, _links(body, sections, first), first)


def split_head(text: str) -> tuple[str | None, str]:
    """The front matter and what follows it; None where a card has none."""
    found = re.match(r"\s*---[ \t]*\r?\n(.*?)(?:\r?\n)?^---[ \t]*(?:\r?\n|\Z)", text, re.S | re.M)
    return (found[1], text[found.end() :]) if found else (None, text)


def _sections(body: str, first: int) -> tuple[Section, ...]:
    code = [found.span() for found in re.finditer(r"```.*?```", body, re.S)]
    marks = [
        found for found in HEADING.finditer(body) if not any(start <= found.start() < end for start, end in code)
    ]
    top = body[: marks[0].start()] if marks else body
    sections = [Section("", top, first + 1, top)]
    levels = [len(mark["level"] or "######") for mark in marks]
    for place, mark in enumerate(marks):
        title = re.sub(r"[*_`#]|\[|\]\([^()]*\)", "", mark["hash"] or mark["bold"]).strip()
        until = marks[place + 1].start() if place + 1 < len(marks) else len(body)
        ends = (marks[other].start() for other in range(place + 1, len(marks)) if levels[other] <= levels[place])
        line = first + body[: mark.start()].count("\n") + 1
        sections.append(Section(title, body[mark.end() : until], line, body[mark.end() : next(ends, len(body))]))
    return tuple(sections)


def _links(body: str, sections: tuple[Section, ...], first: int) -> tuple[Link, ...]:
    links: list[Link] = []
    starts = [one.line for one in sections]
    for number, line in enumerate(body.splitlines(), first + 1):
        if "http" not in line:
            continue
        if len(links) >= MOST_LINKS:
            break
        section = sections[max(bisect(starts, number) - 1, 0)].title
        for found in LINK.finditer(line[:5000]):
            url = (found[2] or found[3]).rstrip(".,;:")
            links.append(Link(url, (found[1] or "").strip(), line[:1000], section, number))
    return tuple(links[:MOST_LINKS])
