"""Whether a licence is open, and by whose word.

Open is what the Model Openness Framework's tool counts: approved by the Open Source Initiative, or free by the Free
Software Foundation (both as the SPDX License List 3.27.0 marks them), or one of the open-data and open-content
licences that it names, or OpenMDW-1.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from weighbridge.audit.openness.components import Kind
from weighbridge.audit.openness.evidence import Standing

OPEN_DATA = frozenset(
    [
        "CC-BY-1.0",
        "CC-BY-2.0",
        "CC-BY-2.5",
        "CC-BY-2.5-AU",
        "CC-BY-3.0",
        "CC-BY-3.0-AT",
        "CC-BY-3.0-AU",
        "CC-BY-3.0-DE",
        "CC-BY-3.0-IGO",
        "CC-BY-3.0-NL",
        "CC-BY-3.0-US",
        "CC-BY-4.0",
        "CC-BY-SA-1.0",
        "CC-BY-SA-2.0",
        "CC-BY-SA-2.0-UK",
        "CC-BY-SA-2.1-JP",
        "CC-BY-SA-2.5",
        "CC-BY-SA-3.0",
        "CC-BY-SA-3.0-AT",
        "CC-BY-SA-4.0",
        "CC0-1.0",
        "CDLA-Permissive-1.0",
        "CDLA-Permissive-2.0",
        "CDLA-Sharing-1.0",
        "ODbL-1.0",
        "ODC-By-1.0",
        "ODC-PDDL-1.0",
        "OGL-Canada-2.0",
        "OGL-UK-2.0",
        "OGL-UK-3.0",
    ]
)
"""Open for data and documents though no software licence. ODC-PDDL-1.0 is the framework's own id; SPDX says PDDL-1.0,
which its tool does not count."""
NOT_FRAMEWORK = frozenset({"W3C-20150513"})
"""Approved after the framework's list was made; its tool does not count it."""
OPEN_MODEL = frozenset({"OpenMDW-1.0", "OpenMDW-1.1"})
FREE_DATA = frozenset({"PDDL-1.0"})
"""Open by any reading, though the framework's tool misses the id."""

FILLER = re.compile(r"\b(the|licen[cs]e|version|public|general)\b|[\s_,]+|\bv(?=\d)")
CODE_ONLY = re.compile(r"^(Apache|MIT|BSD|GPL|LGPL|AGPL|MPL|ISC|EPL|EUPL|Artistic|0BSD|Zlib|BSL)\b", re.I)
NOTHING = frozenset({"", "unlicensed", "none", "no license", "no licence", "null", "na", "n/a", "undisclosed"})
VAGUE = frozenset({"other", "unknown", "custom", "license", "see license", "see licence", "licence"})


@dataclass(frozen=True, slots=True)
class Terms:
    """A licence as it was written, and what it counts as."""

    written: str
    id: str | None
    """SPDX id or ours; None where none was recognised."""
    standing: Standing
    why: str
    osi: bool = False
    """Whether the Open Source Initiative approved it."""


@cache
def spdx() -> dict[str, frozenset[str]]:
    """Ids of the SPDX License List by who calls them open: ``osi``, ``fsf``, and ``other`` for nobody."""
    tree = msgspec.json.decode((files("weighbridge.audit.openness") / "data" / "spdx.json").read_bytes())
    return {name: frozenset(tree[name]) for name in ("osi", "fsf", "other")}


@cache
def _folded() -> dict[str, str]:
    known = [*OPEN_MODEL, *OPEN_DATA, *(one for ids in spdx().values() for one in ids)]
    return {one.lower(): one for one in known}


def framework_counts(licence: str | None) -> bool:
    """Whether the framework's tool counts this very id as open: no other spelling does."""
    if licence is None:
        return False
    known = spdx()
    is_open = licence in known["osi"] or licence in known["fsf"] or licence in OPEN_DATA or licence in OPEN_MODEL
    return is_open and licence not in NOT_FRAMEWORK


def terms_of(written: str | None) -> Terms:
    """What a licence, however it is written, counts as. An SPDX expression is open if one of its choices is."""
    text = " ".join((written or "").split())
    if text.lower() in NOTHING:
        return Terms(text, None, "none", "no licence is stated")
    if text.lower() in VAGUE:
        return Terms(text, None, "unknown", f"{text!r} does not say which licence it is")
    joined = re.split(r"\s+(OR|AND)\s+", text.strip("()"))
    if len(joined) > 1 and len(set(joined[1::2])) == 1:
        return _joined(text, [terms_of(part.strip("()")) for part in joined[::2]], joined[1])
    one = identified(text.split(" WITH ")[0])
    if one is None:
        return Terms(text, None, "not open", "it is none of the licences that are approved as open")
    if one in spdx()["osi"]:
        return Terms(text, one, "open", "approved by the Open Source Initiative", osi=True)
    if one in spdx()["fsf"]:
        return Terms(text, one, "open", "free by the Free Software Foundation")
    if one in OPEN_DATA or one in FREE_DATA:
        return Terms(text, one, "open", "an open licence for data and documents")
    if one in OPEN_MODEL:
        return Terms(text, one, "open", "an open licence for models")
    return Terms(text, one, "not open", "it is not approved as open")


def _joined(text: str, parts: list[Terms], word: str) -> Terms:
    order: list[Standing] = ["none", "not open", "unknown", "open"]
    choose = max if word == "OR" else min
    chosen = choose(parts, key=lambda part: order.index(part.standing))
    return Terms(text, text, chosen.standing, chosen.why, osi=chosen.osi)


def identified(written: str) -> str | None:
    """The id of a licence from any of its names: SPDX's, a hub tag, or a name. None for one that is not known."""
    text = " ".join(written.split())
    found = _folded().get(text.lower())
    if found is not None:
        return found
    plain = "-".join(FILLER.sub(" ", text.lower()).split())
    return _folded().get(NAMES.get(plain, plain)) or _catalogued(text)


def _catalogued(text: str) -> str | None:
    """An id of the catalogue's licences, which know the hub's tags and the vendors' own; SPDX's where it has one."""
    from weighbridge.catalog.licences import licence_id, licences

    if text.lower().startswith("modified "):
        # What was found to be changed is not the licence any more, whoever may be called so.
        return None
    found = licence_id(text)
    return None if found is None else licences()[found].spdx or found


NAMES = {
    "apache": "apache-2.0",
    "apache-2": "apache-2.0",
    "apache2": "apache-2.0",
    "apache2.0": "apache-2.0",
    "bsd": "bsd-3-clause",
    "bsd-3": "bsd-3-clause",
    "gpl-3.0": "gpl-3.0-only",
    "gpl-3": "gpl-3.0-only",
    "gpl-2": "gpl-2.0-only",
    "lgpl": "lgpl-3.0-only",
    "agpl-3": "agpl-3.0-only",
    "cc-by": "cc-by-4.0",
    "cc-by-sa": "cc-by-sa-4.0",
    "cc-by-nc": "cc-by-nc-4.0",
    "cc0": "cc0-1.0",
    "odc-by": "odc-by-1.0",
    "pddl": "pddl-1.0",
    "openmdw": "openmdw-1.0",
    "cdla-permissive-2": "cdla-permissive-2.0",
}
"""Names and hub tags that are no SPDX ids, to ids, both in lower case."""


def misfit(terms: Terms, kind: Kind) -> str | None:
    """Why an open licence was not made for this kind of part; None where it was. Such a part counts all the same."""
    if terms.standing != "open" or terms.id is None:
        return None
    if kind in ("data", "document") and CODE_ONLY.match(terms.id):
        return f"{terms.id} is written for code"
    if kind == "code" and (terms.id in OPEN_DATA):
        return f"{terms.id} is not written for code"
    return None
