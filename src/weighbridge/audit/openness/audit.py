"""The audit: every source of evidence into one table, its bases walked, three readings of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from weighbridge.audit.openness.base import DEEPEST, MOST, Named, bases_named, find_base, guessed, is_tuned
from weighbridge.audit.openness.beside import code_beside, data_beside
from weighbridge.audit.openness.card import Card, read_card
from weighbridge.audit.openness.criteria import System, criteria
from weighbridge.audit.openness.evidence import Hit, Table
from weighbridge.audit.openness.facts import facts_of, hits_of, known_systems, licensing_of
from weighbridge.audit.openness.listing import Listing, read_listing
from weighbridge.audit.openness.mof import capped_grade, grade
from weighbridge.audit.openness.openness import Base, Openness
from weighbridge.audit.openness.osi import capped_verdict, osi_verdict
from weighbridge.audit.openness.seen_card import access_hits, document_hits, withheld_hits
from weighbridge.audit.openness.seen_contents import checkpoint_hits, data_files, document_files
from weighbridge.audit.openness.seen_files import (
    config_hits,
    gated,
    repository_hits,
    weights_hits,
)
from weighbridge.audit.openness.seen_framework import framework_hits
from weighbridge.audit.openness.seen_licence import licensing_seen, stricter
from weighbridge.audit.openness.seen_links import (
    checkpoint_links,
    code_hits,
    dataset_hits,
    datasets_named,
    paper_hits,
    purpose,
    repositories,
)
from weighbridge.audit.openness.table import Licensing, assemble, both, capped, filled
from weighbridge.audit.openness.terms import terms_of
from weighbridge.audit.openness.washing import washing
from weighbridge.audit.target import Target

DATA_PARTS = ("datasets", "tuning_data")
"""What a model was trained on, which may be several datasets."""


@dataclass(slots=True)
class _Gathered:
    """What was found of one model, without its bases."""

    hits: list[Hit] = field(default_factory=list)
    licensing: Licensing = field(default_factory=Licensing)
    card: Card = field(default_factory=Card)
    bases: list[Named] = field(default_factory=list)
    tuned: bool = False
    problems: list[str] = field(default_factory=list)
    side: str = ""


@dataclass(frozen=True, slots=True)
class _Audited:
    openness: Openness
    table: Table
    """As it is read by the two definitions: no more open than its bases."""


@dataclass(frozen=True, slots=True)
class _Below:
    """A base that was found."""

    base: Base
    audited: _Audited


def audit_openness(target: Target) -> Openness:
    """How open `target` is, by what its files, its card and the catalogue tell.

    Files are read as data, with limits on their size; nothing of them is run. Raises `UsageError` where the target
    cannot be read at all; a single damaged file is named under `problems` instead.
    """
    return _audit(target, (), {}).openness


def _audit(target: Target, trail: tuple[str, ...], known: dict[str, _Audited]) -> _Audited:
    found = _gather(target)
    own = assemble(found.hits, found.licensing)
    bases, below = _walk(found, target, trail, known)
    for one in below:
        if one.base.relation == "quantized":
            own = filled(own, one.audited.table, one.base.name)
    table = _with_bases(own, found, bases, below)
    mof, osi = grade(table), osi_verdict(table)
    for one in below:
        mof = capped_grade(mof, one.audited.openness.mof, one.base.name)
        osi = capped_verdict(osi, one.audited.openness.osi)
    based = tuple(bases)
    openness = Openness(
        target=target.name,
        rows=tuple(table.values()),
        mof=mof,
        osi=osi,
        criteria=criteria(System(own, below[0].audited.table if below else None, found.tuned, bool(bases))),
        label=found.licensing.whole or "",
        licence=terms_of(found.licensing.whole).id or found.licensing.whole,
        bases=based,
        washing=washing(found.card, table, mof, osi, found.licensing.whole, based, found.side),
        problems=tuple(dict.fromkeys(found.problems)),
        credits=tuple(known_systems().credits([target.facts])) if target.facts is not None else (),
    )
    return _Audited(openness, table)


def _walk(
    found: _Gathered, target: Target, trail: tuple[str, ...], known: dict[str, _Audited]
) -> tuple[list[Base], list[_Below]]:
    """The bases that `target` names, and the audits of those that were found.

    Circles, depth and number are bounded: each base is audited once, though many may be made from it (`known`).
    """
    here = (*trail, _key(target.name))
    bases: list[Base] = []
    below: list[_Below] = []
    for named in found.bases:
        circle = _key(named.name) in here
        over = len(here) > DEEPEST or (len(known) >= MOST and _key(named.name) not in known)
        base = None if circle or over else find_base(named, target)
        if circle or over:
            why = "named in a circle" if circle else "not walked: too many bases, or too deep"
            found.problems.append(f"base {named.name}: {why}")
        if base is None or (base.path is not None and base.path == target.path):
            bases.append(Base(named.name, named.relation, ""))
            continue
        audited = known.get(_key(named.name)) or _audit(base, here, known)
        known[_key(named.name)] = audited
        place = str(base.path) if base.path is not None else "catalogue"
        bases.append(Base(named.name, named.relation, place, audited.openness.mof.low))
        below.append(_Below(bases[-1], audited))
        found.problems += [f"base {named.name}: {one}" for one in audited.openness.problems[:3]]
    return bases, below


def _with_bases(own: Table, found: _Gathered, bases: list[Base], below: list[_Below]) -> Table:
    """The table as the definitions read it: no more open than what it was made from."""
    table = own
    if found.tuned or any(one.relation not in ("quantized", "") for one in bases):
        # The data of a tuned model are those of its tuning as well as those of its base.
        table = own | {"datasets": both(own["datasets"], own["tuning_data"], known=bool(below))}
    for one in below:
        table = capped(table, one.audited.table, one.base.name, adapter=one.base.relation == "adapter")
    for base in bases:
        if not base.found:
            table = capped(table, assemble([], Licensing()), base.name, adapter=base.relation == "adapter")
    return table


def _key(name: str) -> str:
    return name.strip().lower().rpartition("/")[2]


def _gather(target: Target) -> _Gathered:
    found = _Gathered()
    if target.facts is not None:
        facts = facts_of(target.facts)
        found.hits += hits_of(facts)
        found.licensing = licensing_of(facts)
        found.side = facts.says("side")
    if target.path is None:
        found.tuned = bool(guessed(target.name))
        return found
    listing = read_listing(target.path, target.name)
    card = read_card(listing)
    found.card = card
    identity = str(listing.fields.get("id") or listing.fields.get("modelId") or target.name)
    found.bases = [one for one in bases_named(listing, card) if one.name not in (identity, target.name)]
    found.tuned = is_tuned(target.name, listing, card)
    if not found.bases and found.tuned:
        guess = guessed(identity)
        if guess is not None and find_base(guess, target) is not None:
            found.bases = [guess]
    found.hits += _hits(target, listing, card, found)
    seen = licensing_seen(listing, card)
    known = found.licensing
    if seen.whole and known.whole:
        chosen = stricter(terms_of(seen.whole), terms_of(known.whole)).written
        if chosen != seen.whole:
            found.problems.append(f"the card says {seen.whole}, the catalogue {known.whole}; the stricter counts")
        seen = Licensing(chosen, seen.source, True, seen.kinds)
    found.licensing = seen if seen.whole or not known.whole else known
    found.problems = [*listing.problems, *found.problems]
    return found


def _second_card(listing: Listing, card: Card, tuned: bool) -> list[Hit]:
    """What a file called model card tells beside a README."""
    for path in listing.named(r"^model_?card[^/]*\.(md|txt)$")[:1]:
        if path != card.path:
            second = read_card(listing, path)
            return [hit for hit in [*document_hits(second, tuned), *withheld_hits(second)] if hit.state != "unknown"]
    return []


def _hits(target: Target, listing: Listing, card: Card, found: _Gathered) -> list[Hit]:
    """Every rule on what lies in the target's files and beside it."""
    tuning = "tuning_data" if found.tuned or found.bases else "datasets"
    hits = [*weights_hits(listing, card), *config_hits(listing), *repository_hits(listing), *checkpoint_hits(listing)]
    hits += [*document_files(listing), *data_files(listing, tuning), *framework_hits(listing)]
    hits += [*document_hits(card, tuning == "tuning_data"), *withheld_hits(card)]
    hits += _second_card(listing, card, tuning == "tuning_data")
    hits += [*paper_hits(listing, card), *checkpoint_links(card), *access_hits(listing, card, gated(listing, card))]
    read: set[str] = set()
    for name, _ in repositories(card):
        beside = code_beside(name, target.path, found.problems)
        if beside is not None:
            read.add(name)
            hits += beside
    hits += code_hits(card, read)
    return hits + _data_hits(target, card, tuning, found)


def _data_hits(target: Target, card: Card, tuning: str, found: _Gathered) -> list[Hit]:
    """The datasets that the card names. All of them make the data: one that is not here leaves the rest a part."""
    read: set[str] = set()
    hits: list[Hit] = []
    for name, _ in datasets_named(card):
        beside = data_beside(name, purpose(name, tuning), target.path, found.problems)
        if beside is not None:
            read.add(name)
            hits += beside
    named = dataset_hits(card, tuning, read)
    whole = {part: all(hit.state == "released" for hit in hits if hit.component == part) for part in DATA_PARTS}
    return [_in_part(hit, whole, named) for hit in hits] + named


def _in_part(hit: Hit, whole: dict[str, bool], named: list[Hit]) -> Hit:
    elsewhere = any(other.component == hit.component for other in named)
    if hit.component not in DATA_PARTS or hit.state != "released" or (whole[hit.component] and not elsewhere):
        return hit
    return msgspec.structs.replace(hit, state="partial", note="not all of the datasets that the card names are here")
