"""Repositories, datasets and bases that lie in folders beside a model, by the names that people give such folders."""

from __future__ import annotations

import re
from pathlib import Path

from weighbridge.audit.openness.card import Card, prose, read_card
from weighbridge.audit.openness.evidence import Hit, State
from weighbridge.audit.openness.listing import Listing, read_listing
from weighbridge.audit.openness.seen_files import gated, repository_hits
from weighbridge.audit.openness.seen_licence import licensing_seen
from weighbridge.errors import UsageError

DATA_FILES = r"\.(parquet|jsonl|json|csv|tsv|arrow|txt|zst|gz|bz2|xz|zip|tar|tgz|npy|bin|tfrecord|mds|warc)$"
NO_DATA = r"^(dataset_infos?|dataset_dict|state|readme|requirements|licen[cs]e)[^/]*$|^\."
CARD_TOPICS = (
    (r"source|collect|curat|origin|composition|provenance|creat",),
    (r"licen[cs]|terms|legal|copyright",),
    (r"process|filter|dedup|clean|preprocess|annotation",),
    (r"structure|fields|statistics|instances|splits|format|summary|description|details",),
    (r"\buse|limitation|bias|consideration|privacy|sensitive|personal",),
)


def folder_of(name: str, target: Path | None, kind: str = "models") -> Path | None:
    """The folder (or listing) beside `target` that holds ``org/name``; None where there is none."""
    if target is None or not re.fullmatch(r"[\w.-]{1,120}(/[\w.-]{1,120})?", name) or ".." in name:
        return None
    org, _, short = name.rpartition("/")
    here = target.resolve()
    if here.parent.name == "snapshots":
        here = here.parent.parent
    spellings = (
        [f"{kind}--{org}--{short}", f"{org}--{short}", f"{org}__{short}", name, f"{org}_{short}"] if org else []
    )
    spellings += [f"{kind}--{short}", short]
    for place in (here.parent, here.parent.parent, here.parent / kind, here.parent.parent / kind, here / kind):
        for spelling in spellings:
            for path in (place / spelling, place / f"{spelling}.json"):
                if path.exists() and path.resolve() != here and not path.is_symlink():
                    return path
    return None


def code_beside(name: str, target: Path | None, problems: list[str]) -> list[Hit] | None:
    """What a code repository beside the model holds; None where it is not there."""
    path = folder_of(name, target, "code")
    if path is None or not path.is_dir():
        return None
    listing = _listing(path, name, problems)
    if listing is None:
        return None
    card = read_card(listing)
    licensing = licensing_seen(listing, card)
    hits = repository_hits(listing, f"{path.name}/")
    if card.path and any(hit.component in ("training_code", "inference_code") for hit in hits):
        state: State = "released" if card.words >= 150 else "partial"
        hits.append(Hit("code_guide", state, "guide.readme", f"{path.name}/{card.path}", "file"))
    problems += [f"{path.name}: {one}" for one in listing.problems]
    own = licensing.whole or "unlicensed"
    return [hit if hit.licence else _under(hit, own) for hit in hits]


def _under(hit: Hit, licence: str) -> Hit:
    import msgspec

    return msgspec.structs.replace(hit, licence=licence)


def data_beside(name: str, component: str, target: Path | None, problems: list[str]) -> list[Hit] | None:
    """What a dataset's folder beside the model holds; None where it is not there."""
    path = folder_of(name, target, "datasets")
    if path is None:
        return None
    listing = _listing(path, name, problems)
    if listing is None:
        return None
    card = read_card(listing)
    licence = licensing_seen(listing, card).whole or "unlicensed"
    files = [one for one in listing.named(DATA_FILES) if not re.search(NO_DATA, one, re.I) and listing.files[one]]
    gate = gated(listing, card)
    hits: list[Hit] = []
    if files:
        state: State = "partial" if gate or said_partial(card) else "released"
        hits.append(Hit(component, state, "data.files", f"{path.name}/{files[0]}", "file", licence, gate or ""))
    elif card.path:
        hits.append(Hit(component, "described", "data.card", f"{path.name}/{card.path}", "file", licence))
    if card.path:
        told = sum(bool(card.under(*titles)) for titles in CARD_TOPICS)
        told += bool(card.fields.get("license")) and not card.under(*CARD_TOPICS[1])
        full: State = "released" if told >= 3 and card.words >= 80 else "partial"
        hits.append(
            Hit("data_card", full, "data.card", f"{path.name}/{card.path}", "file", licence, f"{told} of 5 topics")
        )
    problems += [f"{path.name}: {one}" for one in listing.problems]
    return hits


def said_partial(card: Card) -> bool:
    """Whether a dataset's card says that it is but a part of what was used."""
    return bool(re.search(r"\b(extract|subset|sample|portion|part) of\b", prose(card.text)[:3000], re.I))


def _listing(path: Path, name: str, problems: list[str]) -> Listing | None:
    try:
        return read_listing(path, name)
    except UsageError as error:
        problems.append(f"{path.name}: {error.what}")
        return None
