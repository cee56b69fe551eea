"""Licences and terms of service as dated facts: what each grants, demands and forbids, and in which clause."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from weighbridge.catalog.fact import Confidence, Day, Source, real_day
from weighbridge.catalog.models import VARIABLE, user_file
from weighbridge.catalog.reading import as_type, read_bytes, shipped, tree_of
from weighbridge.errors import UsageError, nearest

FILE = "licences.json"

Given = Literal["yes", "no", "if", "unknown"]
"""``if``: granted under the rules that the licence also holds. ``unknown``: its text was not read, or is silent."""

Right = Literal["use", "commercial", "change", "share", "host", "sublicense", "patent", "train"]
"""``use``: run it. ``change``: modify it. ``share``: pass it on. ``host``: let others use it over a network.
``train``: train other models on its outputs."""

RIGHTS: tuple[Right, ...] = ("use", "commercial", "change", "share", "host", "train", "sublicense", "patent")

Trigger = Literal[
    "use", "host", "ship", "product", "ship_changed", "change", "train", "trained_on", "trained_on_shipped"
]
"""What sets a rule off. ``ship``: weights go to others. ``product``: a product that holds them does.
``ship_changed``: changed weights go to others. ``train``: outputs train another model.
``trained_on``: the thing itself trained the model that is used; ``trained_on_shipped``: and that goes to others."""

Effect = Literal["forbids", "requires", "unclear"]


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a right is given, and where it says so."""

    given: Given
    clause: str
    says: str = ""
    confidence: Confidence | None = None
    source: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a licence forbids or demands, under conditions that must all hold.

    No condition can be met by doing less, so that a smaller job is never forbidden what a larger one is allowed.
    """

    effect: Effect
    when: tuple[Trigger, ...]
    says: str
    """The rule in our own words."""
    clause: str
    commercial: bool = False
    """Only where the job is commercial."""
    seat_in: tuple[str, ...] = ()
    """Only for organisations with their seat there; ``EU`` and ``EEA`` stand for their members."""
    users_in: tuple[str, ...] = ()
    """Only where there are users there."""
    multimodal: bool = False
    """Only for models that take or give more than text."""
    users_over: int | None = None
    """Only above so many monthly active users."""
    revenue_over: float | None = None
    """Only above so much revenue, USD a year."""
    fields: tuple[str, ...] = ()
    """Only in these fields of use."""
    unless: str = ""
    """A way out that the job does not speak of, in words: the rule stands unless it holds."""
    unless_fields: tuple[str, ...] = ()
    """Fields of use in which `unless` is known to hold."""
    as_of: Day | None = None
    """The month whose users count, where it is not the present."""
    spares_itself: bool = False
    """Not where outputs train a model that is itself under this licence, or made from one that is."""
    instead: str = ""
    """What opens the way, such as another licence."""
    confidence: Confidence | None = None
    source: tuple[str, ...] = ()


class LicenceTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One licence, or one vendor's terms of service. Facts in our own words; not legal advice."""

    id: str
    name: str
    kind: Literal[
        "public domain", "permissive", "copyleft", "share-alike", "responsible use", "community", "research",
        "non-commercial", "no derivatives", "source available", "terms of service", "none",
    ]  # fmt: skip
    source: tuple[str, ...]
    confidence: Confidence
    seen: Day
    spdx: str | None = None
    aliases: tuple[str, ...] = ()
    """SPDX ids, tags of model hubs, keys of licence texts, other names."""
    texts: tuple[str, ...] = ()
    """Keys of its texts in ScanCode LicenseDB."""
    families: tuple[str, ...] = ()
    """How the hub names of models begin that are all, whatever their size, under it."""
    multimodal_named: tuple[str, ...] | None = None
    """Of models under it, those whose name holds one of these take or give more than text, and no others do."""
    released: Day | None = None
    osi: bool | None = None
    """Whether the Open Source Initiative approved it; None where it has not decided."""
    fits: tuple[str, ...] = ()
    """What it is made for: ``code``, ``weights``, ``data``, ``docs``."""
    grants: dict[Right, Grant] = {}
    rules: tuple[Rule, ...] = ()
    ends: tuple[str, ...] = ()
    """How it ends, with the clause: breach, lawsuits, notice."""
    policy: str | None = None
    """The acceptable use policy that is part of it, and whether that can change."""
    notes: tuple[str, ...] = ()

    def grant(self, right: Right) -> Grant:
        """What it says of a right; ``unknown`` where nothing is recorded."""
        return self.grants.get(right) or Grant("unknown", "not recorded", "what it says of this is not known here")

    def over(self, older: LicenceTerms) -> LicenceTerms:
        """This entry over another of the same id: grants one by one, everything else where it is given."""
        given = {
            name: getattr(self, name) for name in self.__struct_fields__ if getattr(self, name) not in ((), None)
        }
        given["grants"] = older.grants | self.grants
        return msgspec.structs.replace(older, **given)


class _File(msgspec.Struct, frozen=True):
    """The part of a facts file that is about licences; the rest of a user's own file is the catalogue's."""

    sources: dict[str, Source] = {}
    licences: tuple[LicenceTerms, ...] = ()


@dataclass(frozen=True, eq=False)
class Licences:
    """Licences by id, and the sources that their facts rest on."""

    sources: dict[str, Source]
    licences: dict[str, LicenceTerms]

    @cached_property
    def names(self) -> dict[str, str]:
        """Folded names of every kind, to ids; an id is never hidden by another licence's alias."""
        found: dict[str, str] = {}
        for one in self.licences.values():
            for name in (*one.aliases, *one.texts, one.spdx or "", one.name):
                if name:
                    found.setdefault(folded_licence(name), one.id)
        return found | {folded_licence(name): name for name in self.licences}


def catalogue_of_licences() -> Licences:
    """All that is known: the user's own facts over the shipped ones. Raises `UsageError` for a damaged file."""
    base, own = _shipped(), user_file()
    if own is None:
        return base
    mine = parsed_licences(read_bytes(own), str(own), base.sources)
    merged = dict(base.licences)
    for one in mine.licences.values():
        merged[one.id] = one.over(merged[one.id]) if one.id in merged else one
    return Licences(base.sources | mine.sources, merged)


def licences() -> dict[str, LicenceTerms]:
    """Every licence known here, by id."""
    return catalogue_of_licences().licences


def licence_id(text: str) -> str | None:
    """The id of the licence that `text` names: an id, an SPDX id, a hub's tag (``llama2``), a text's key or a name.

    None where no licence is called so.
    """
    return catalogue_of_licences().names.get(folded_licence(text))


def licence(text: str) -> LicenceTerms:
    """A licence by any of its names. Raises `UsageError` with the nearest match."""
    known = catalogue_of_licences()
    found = known.names.get(folded_licence(text))
    if found is None:
        names = {name for one in known.licences.values() for name in (one.id, one.name, *one.aliases)}
        raise UsageError(
            f"no licence is called {text!r} here",
            fix=f"{nearest(text, names)} (all: weighbridge audit licence list); facts of your own go into "
            f"`licences:` of a file named by {VARIABLE}",
        )
    return known.licences[found]


@lru_cache(4096)
def folded_licence(text: str) -> str:
    """A licence's name without what writers vary: case, blanks, hyphens, ``license``, ``the``, ``v2`` for ``2``."""
    plain = re.sub(r"^(licenseref-scancode-|license:)", "", text.strip().lower())
    plain = re.sub(r"\b(the|licen[sc]e|agreement|version)\b", " ", plain)
    plain = re.sub(r"(?<![a-z])v(?=\d)", "", plain)
    return re.sub(r"[^a-z0-9.+]", "", plain)


@cache
def _shipped() -> Licences:
    return parsed_licences(*shipped(FILE))


def parsed_licences(content: bytes, where: str, more_sources: dict[str, Source] | None = None) -> Licences:
    """Licences from a file's content. One without a known source, a date or clauses is refused."""
    tree: Any = tree_of(content, where)
    if not isinstance(tree, dict):
        raise UsageError("a facts file is a table", where=where, fix="write `sources:` and `licences:`")
    file = as_type({name: _plain(tree[name]) for name in ("sources", "licences") if tree.get(name)}, _File, where)
    sources = (more_sources or {}) | file.sources
    found: dict[str, LicenceTerms] = {}
    for one in file.licences:
        place = f"{where}: {one.id}"
        if one.id in found:
            raise UsageError(f"two licences have the id {one.id!r}", where=where, fix="give each an id of its own")
        _check(one, sources, place)
        found[one.id] = one
    return Licences(sources, found)


def _plain(tree: Any, key: str = "") -> Any:  # noqa: ANN401 - whatever the file holds
    """What YAML takes for dates and truths where text is meant: ``2026-08-05``, ``given: yes``, Norway's ``NO``."""
    if isinstance(tree, dict):
        return {name: _plain(value, str(name)) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_plain(value, key) for value in tree]
    if isinstance(tree, bool) and key == "given":
        return "yes" if tree else "no"
    if tree is False and key in ("seat_in", "users_in"):
        return "NO"
    return tree.isoformat() if isinstance(tree, date) else tree


def _check(one: LicenceTerms, sources: dict[str, Source], where: str) -> None:
    if not one.source:
        raise UsageError("the licence has no source", where=where, fix="write `source: [ID]`, and `sources: ID:`")
    parts: list[tuple[str, Grant | Rule]] = [(f"grants.{name}", grant) for name, grant in one.grants.items()]
    parts += [(f"rules[{number}]", rule) for number, rule in enumerate(one.rules)]
    for name in {*one.source, *(source for _, part in parts for source in part.source)}:
        if name not in sources:
            raise UsageError(
                f"there is no source {name!r}",
                where=where,
                fix=f"describe it under `sources`; {nearest(name, sources)}",
            )
    for place, part in parts:
        if not part.clause.strip():
            raise UsageError("the clause is missing", where=f"{where}.{place}", fix="write `clause:`, as in the text")
    for number, rule in enumerate(one.rules):
        if not rule.when or not rule.says.strip():
            raise UsageError(
                "a rule needs `when` and `says`",
                where=f"{where}.rules[{number}]",
                fix="write what sets it off, and what",
            )
    for day in (one.seen, one.released, *(rule.as_of for rule in one.rules)):
        if day is not None and not real_day(day):
            raise UsageError(f"{day!r} is no date", where=where, fix="write it as 2026-08-05")


def read_licences(path: Path) -> Licences:
    """Licences of one file of a user's own, its sources with those shipped."""
    return parsed_licences(read_bytes(path), str(path), _shipped().sources)
