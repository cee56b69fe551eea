"""The licence of a release: what its card names, and what the licence file's text is.

Where the two disagree the stricter reading stands, and the disagreement is told.
"""

from __future__ import annotations

import re

from weighbridge.audit.openness.card import Card
from weighbridge.audit.openness.evidence import Standing
from weighbridge.audit.openness.listing import Listing
from weighbridge.audit.openness.table import STANDINGS, Licensing
from weighbridge.audit.openness.terms import Terms, terms_of

FILES = r"^(licen[cs]e|copying|unlicense)([-_. ][^/]*)?$|^[^/]*licen[cs]e(\.(txt|md|rst|pdf))?$"
LARGEST_LICENCE = 300_000
CODE_FILE = r"licen[cs]e[-_.]?code|code[-_.]?licen[cs]e"


def licensing_seen(listing: Listing, card: Card) -> Licensing:
    """The licence of the files in `listing`."""
    named = card_licence(listing, card)
    # A licence may stand in front matter that cannot be read: then none is not the same as none stated.
    unread = any("unreadable front matter" in one for one in listing.problems)
    searched = bool(card.path or listing.root is not None or listing.fields) and not unread
    kinds: dict[str, str] = {}
    text: str | None = None
    where = ""
    for path in listing.named(FILES)[:6]:
        if path.endswith((".py", ".pdf")) or listing.files[path] == 0:
            continue
        found = text_licence(listing, path)
        if found is None:
            continue
        if re.search(CODE_FILE, path, re.I):
            kinds["code"] = found
        elif text is None:
            text, where = found, path
    if named is None and text is None:
        return Licensing(searched=searched, kinds=kinds)
    if named is None or text is None:
        return Licensing(named or text, f"{card.path or 'hub'}: license" if named else where, searched, kinds)
    chosen = stricter(terms_of(named), terms_of(text))
    one, other = terms_of(named), terms_of(text)
    if (one.id or one.written.lower()) != (other.id or other.written.lower()) and one.standing != "unknown":
        listing.note(f"{where}: its text is {text}, the card says {named}; the stricter of the two counts")
    return Licensing(chosen.written, where if chosen.written == text else f"{card.path}: license", searched, kinds)


def stricter(named: Terms, text: Terms) -> Terms:
    """Of two readings the one that allows less; the text where the card does not say."""
    if named.standing == "unknown":
        return text
    order: tuple[Standing, ...] = STANDINGS
    return min((named, text), key=lambda terms: order.index(terms.standing))


def card_licence(listing: Listing, card: Card) -> str | None:
    """The licence that the card or the hub names; ``license_name`` where it is one of its own."""
    names = card.strings("license")
    own = card.strings("license_name")
    if own and (not names or names[0].lower() in ("other", "unknown")):
        return own[0]
    if names:
        return " AND ".join(names) if len(names) > 1 else names[0]
    tags = [str(tag) for tag in listing.fields.get("tags") or [] if str(tag).lower().startswith("license:")]
    if tags:
        return tags[0].partition(":")[2]
    return _told(card)


def _told(card: Card) -> str | None:
    """A licence that the text names under a heading of its own, or in a line such as "License: Apache 2.0"."""
    lines = [section.body for section in card.under(r"^licen[cs]")] + re.findall(
        r"(?im)^[-*\s]*\**licen[cs]e\**\s*[:(]\**\s*(.{2,120})$", card.text
    )
    for body in lines:
        text = re.sub(r"[*`\[\]]|\([^)]*\)", " ", body[:600])
        for name in re.findall(
            r"Apache[- ]?(?:License)?,?\s*(?:Version\s*)?2(?:\.0)?|\bMIT\b|BSD[- ]\d(?:-Clause)?|"
            r"CC[- ]BY(?:[- ](?:NC|SA|ND))*[- ]\d\.\d|"
            r"A?L?GPL[- ]?v?\d(?:\.0)?|Llama ?\d(?:\.\d)?|Gemma|OpenRAIL[-+\w]*|"
            r"BigScience[^.\n]{0,20}RAIL[^.\s]*|Falcon[^.\n]{0,20}License",
            text,
        ):
            return str(name).strip()
    return None


def text_licence(listing: Listing, path: str) -> str | None:
    """What the text of a licence file is; None where it cannot be read or is none."""
    from weighbridge.audit.licence.detect import identify

    text = listing.text(path, LARGEST_LICENCE)
    if text is None or not text.strip():
        return None
    found = identify(text)
    if found.status == "unknown" or found.licence is None:
        listing.note(f"{path}: no licence that is known")
        return None if len(text.split()) < 40 else "a licence of its own"
    if found.status == "complete":
        return found.licence
    listing.note(f"{path}: {found.statement}")
    if found.status == "incomplete" and not found.passages:
        return found.licence
    return f"modified {found.licence}"
