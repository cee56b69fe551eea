"""The text before and after a licence: notices and README, or sentences that set terms of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from weighbridge.audit.licence.detect.comparison import is_notice
from weighbridge.audit.licence.detect.cues import COPYRIGHT, NAMES_IT, RIGHTS, STRONG, VERB, sets_terms
from weighbridge.audit.licence.detect.identified import Passage
from weighbridge.audit.licence.detect.words import Words

_README = re.compile(
    r"^\s*#{1,6}\s(?!.{0,40}(?:licen[sc]e|terms|agreement|policy))"
    r"|^\s*```|^\s*~~~"
    r"|\bpip3? install\b|!\[[^\]]*\]\(|^\s*\$ \w|^\s*(?:import|from) \w+|^---\s*$|^\s*\|.*\|\s*$|<img\b|^={4,}\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_TITLE = re.compile(r"licen[sc]e|agreement|terms|policy|notice|appendix|exhibit|readme|contents", re.IGNORECASE)
_DATED = re.compile(
    r"^(?:last (?:modified|updated|revised)|effective(?: date)?|version|release date|date|published)\b", re.IGNORECASE
)
_ALTERED = re.compile(
    r"\b(?:modified|amended|altered|customi[sz]ed|custom|adapted|extended|restricted)\b(?! bsd).{0,24}"
    r"\b(?:licen[sc]e|apache|mit|agreement|terms)\b|\blicen[sc]e\b.{0,40}\bwith\b.{0,40}"
    r"\b(?:modifications?|restrictions?|exceptions?|clause|rider|conditions?|addendum)\b",
    re.IGNORECASE,
)
"""A title that says itself that the licence is another one."""
_LIMITS = re.compile(
    r"(?:not|no|never|only|for|in|within|outside|except|without|excluding|unless|if)\b", re.IGNORECASE
)
"""Short lines that begin so are no titles: ``Not in Switzerland``, ``For advertising``."""
_LETTER = re.compile(r"\w")
SHORT = 16
"""Words in sentences around a licence up to which each has to be explained: no README is as short."""
SECTION = 40
"""The same for the section of a README that the licence stands in."""


def stretches(words: Words, taken: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The words outside `taken` (first, one after the last), as stretches."""
    found, at = [], 0
    for first, after in sorted(taken):
        if first > at:
            found.append((at, first))
        at = max(at, after)
    if at < len(words.words):
        found.append((at, len(words.words)))
    return found


def around(words: Words, raw: str, free: list[tuple[int, int]]) -> tuple[list[Passage], list[str]]:
    """Sentences outside any licence that set terms, and what was not read.

    `raw` is the text with its markup, `free` are the stretches outside. Where little is said around a licence and
    nothing of a README, every sentence that is no title or notice is reported, whatever its words.
    """
    rows = raw.splitlines()
    shown = (rows[words.lines[first] - 1 : words.lines[after - 1]] for first, after in free)
    readme = _README.search("\n".join("\n".join(lines) for lines in shown)) is not None
    terms: list[tuple[int, int]] = []
    other: list[tuple[int, int]] = []
    unread: list[tuple[int, int]] = []
    for first, last in _sentences(words, free):
        said = words.said(first, last)
        if _foreign(said):
            unread.append((first, last))
        elif is_notice(said):
            continue
        elif _ALTERED.search(said) or sets_terms(_without_name(COPYRIGHT.sub(" ", RIGHTS.sub(" ", said)))):
            terms.append((first, last))
        elif not _explained(said, words, first, last):
            other.append((first, last))
    if not readme and sum(last - first + 1 for first, last in (*other, *unread)) <= SHORT:
        terms, other, unread = sorted([*terms, *other, *unread]), [], []
    for part in _sections(words, free):
        # The licence's own section of a README says what the licence is, and little else.
        beside = [one for one in other if one[0] in part]
        if sum(last - first + 1 for first, last in beside) <= SECTION:
            terms = sorted([*terms, *beside])
            other = [one for one in other if one not in beside]
    found = []
    for first, last in terms:
        said = words.said(first, last)
        weight = "restricts" if STRONG.search(said) else "duty"
        found.append(Passage("outside", words.lines[first], words.lines[last], "", said, (), 0, weight))
    notes = [f"{len(unread)} sentences around it are in a script that is not read"] if unread else []
    return found, notes


def _sections(words: Words, free: list[tuple[int, int]]) -> Iterator[range]:
    """The words between a licence and the headings before and after it; nothing where there is no heading."""
    for first, after in free:
        headings = [at for at in range(first, after) if words.sentences[at] in words.headings]
        if not headings:
            continue
        if first > 0:
            yield range(first, headings[0])
        if after < len(words.words):
            yield range(headings[-1] + 1, after)


def _sentences(words: Words, free: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for first, after in free:
        begin = first
        for at in range(first + 1, after + 1):
            if at == after or words.sentences[at] != words.sentences[begin]:
                yield begin, at - 1
                begin = at


def _without_name(said: str) -> str:
    """Without the phrase that only says which licence this is under."""
    return re.sub(
        r"\b(?:is|are|be|been)?\s*(?:licen[sc]ed|released|distributed|available|published|provided|covered|governed)"
        r"\s+(?:under|by)\s+(?:the\s+)?(?:terms of\s+)?(?:the\s+)?[\w.\- ]{0,40}?(?:licen[sc]e|terms|agreement)\b",
        " ",
        said,
        flags=re.IGNORECASE,
    )


def _explained(said: str, words: Words, first: int, last: int) -> bool:
    """A title, a name, a date, a heading, a single word, or naming the licence."""
    count = last - first + 1
    if count == 1 or not _LETTER.search(RIGHTS.sub(" ", said)):
        # A word that the end of the file cut, or nothing beside the phrase.
        return True
    if _DATED.search(said) or NAMES_IT.search(said):
        return True
    if _LIMITS.match(said):
        return False
    if words.sentences[first] in words.headings:
        return True
    if VERB.search(said):
        return False
    if count < 6 and not _TITLE.search(said):
        # "Banks pick another model." is a sentence by its stop, and no title.
        end = words.spans[last][1]
        stopped = words.text[end : end + 1] in (".", ";", ":", "!")
        return not (stopped and any(word[0].islower() for word in said.split()))
    if count < 6:
        return True
    raw = [words.text[slice(*words.spans[at])] for at in range(first, last + 1)]
    return (count < 14 and bool(_TITLE.search(said))) or (count < 9 and not any(one[0].islower() for one in raw))


def _foreign(said: str) -> bool:
    letters = [char for char in said if char.isalpha()]
    other = sum(ord(char) > 0x24F for char in letters)
    return other >= 6 and other > 0.3 * len(letters)
