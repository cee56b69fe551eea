"""A model's folder, or a hub's listing of it: which licence its card names, and which its texts are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.audit.licence.gather import of_base, of_folder
from weighbridge.audit.licence.known import Gathered, modality_of
from weighbridge.audit.licence.ruling import Component, Role, Statement
from weighbridge.audit.target import Target
from weighbridge.catalog.licences import catalogue_of_licences, folded_licence
from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from weighbridge.audit.licence.detect import Identified
    from weighbridge.audit.openness.card import Card
    from weighbridge.audit.openness.listing import Listing

TEXT = re.compile(r"(^|/)(un)?(licen[cs]e|copying)([-_.]?[a-z0-9.-]*)?(\.(md|txt|rst))?$", re.I)
NO_TEXT = re.compile(r"\.(py|json|ya?ml|toml|html|pdf|png|sh|cfg)$", re.I)
TOKENIZER = re.compile(
    r"(^|/)(tokenizer(\.json|\.model|_config\.json)?|vocab\.(json|txt)|merges\.txt|spiece\.model)$"
)
DEEPEST = 8
"""Base models that are followed."""


def of_release(target: Target, above: set[str] | None = None) -> Gathered:
    """The components of a folder or listing. What is damaged in it is noted, and the rest is read."""
    from weighbridge.audit.openness.card import read_card
    from weighbridge.audit.openness.listing import read_listing

    path = target.path
    if path is None:
        raise UsageError(f"{target.name} is no folder and no listing", fix="name a model's folder")
    listing = read_listing(path, target.name)
    card = read_card(listing)
    above = above or set()
    adapter = listing.json("adapter_config.json") if "adapter_config.json" in listing.files else None
    main: Role = "adapter" if adapter is not None else "weights"
    tag = _tag(card, listing)
    texts = [(path, role, *_text(listing, path)) for path, role in _texts(listing, main)]
    said: dict[Role, list[Statement]] = {}
    for _, role, statement, _ in texts:
        said.setdefault(role, []).append(statement)
    weights = [*([tag] if tag else []), *said.get(main, [])]
    disagreements = _disagreements(target, tag, [(path, found) for path, role, _, found in texts if role == main])
    weights = _settled(weights, [found for _, role, _, found in texts if role == main])
    named = weights or [Statement(None, f"neither a card nor a licence text in {target.name}")]
    components = [Component(main, target.name, tuple(named))]
    if any(path.endswith(".py") for path in listing.files) or "code" in said:
        components.append(Component("code", target.name, tuple(said.get("code") or named)))
    if any(TOKENIZER.search(path) for path in listing.files):
        components.append(Component("tokenizer", target.name, tuple(said.get("tokenizer") or named)))
    bases = _bases(card, adapter)
    # Whose card names a base model was tuned, and answers for what it was tuned on.
    components += _data(card, said.get("data"), path, tuned=bool(bases))
    found = Gathered(tuple(components), _multimodal(target, card, listing), disagreements, tuple(listing.problems))
    if not bases and target.facts is not None:
        bases = [base] if (base := target.facts.says("base_model")) else []
    for base in bases:
        found = found.over(_base(base, above | {str(path.resolve())}, path))
    return _without_data_note(found, card, bases)


def of_text(path: Path) -> Gathered:
    """A licence's text alone, as the licence of something's weights. Raises `UsageError` for what is no licence."""
    from weighbridge.audit.licence.detect import read_text

    statement, found = _said_by(path.name, read_text(path))
    if found is None or found.licence is None:
        raise UsageError(
            f"the file is no licence: {'it is empty' if found is None else found.statement}",
            where=str(path),
            fix="name the licence (licence:NAME), or put its terms into a facts file of your own",
        )
    return Gathered((Component("weights", path.name, (statement,)),))


def _tag(card: Card, listing: Listing) -> Statement | None:
    """What the card, or else the hub, calls the licence."""
    names = card.strings("license") or card.strings("licence")
    where = f"{card.path}:{_line(card, listing, 'licen[cs]e')}" if card.path else "the hub's card data"
    if not names:
        tags = listing.fields.get("tags")
        names = [str(tag)[8:] for tag in tags if str(tag).startswith("license:")] if isinstance(tags, list) else []
        where = "the hub's tags"
    if [name.lower() for name in names] in (["other"], ["unknown"], []):
        own = card.strings("license_name")
        if own:
            return Statement(" AND ".join(own), f"{card.path}:{_line(card, listing, 'license_name')}")
        if not names:
            return None
        return Statement(None, f"{where}: license: {names[0]}, without license_name", "")
    return Statement(" AND ".join(names), where)


def _line(card: Card, listing: Listing, field: str) -> int:
    lines = (listing.text(card.path) or "").splitlines()
    return next((number for number, line in enumerate(lines, 1) if re.match(rf"\s*{field}\s*:", line)), 1)


def _texts(listing: Listing, main: Role) -> list[tuple[str, Role]]:
    """Files that hold licences, with what they are about: by their name, else the whole release."""
    found: list[tuple[str, Role]] = []
    for path in listing.named(TEXT.pattern):
        if NO_TEXT.search(path) or path.count("/") > 1 or path in listing.pointers:
            continue
        name = path.rpartition("/")[2].lower()
        role: Role = main
        for word, other in (("code", "code"), ("data", "data"), ("token", "tokenizer")):
            if re.search(rf"[-_.]{word}", name):
                role = other  # type: ignore[assignment] # the words above are roles
        found.append((path, role))
    return found[:8]


def _text(listing: Listing, path: str) -> tuple[Statement, Identified | None]:
    text = listing.text(path)
    if text is None:
        return Statement(None, f"{path} cannot be read here"), None
    return _said_by(path, text)


def _said_by(path: str, text: str) -> tuple[Statement, Identified | None]:
    """What a text says of itself, and what it was found to be."""
    from weighbridge.audit.licence.detect import identify

    if not text.strip():
        return Statement(None, f"{path} is empty"), None
    found = identify(text)
    if found.status == "complete" and not found.also:
        return Statement(found.licence, f"{path}: {found.statement}"), found
    if found.licence is None:
        return Statement(None, f"{path}: {found.statement}"), found
    names = [found.licence, *(one.licence for one in found.also if one.licence)]
    if found.intact:
        return Statement(" AND ".join(names), f"{path}: {found.statement}, and others"), found
    first = f"; {found.passages[0]}" if found.passages else ""
    doubt = f"the text is {'broken off' if found.status == 'incomplete' else 'not the licence as published'}{first}"
    return Statement(" AND ".join(names), f"{path}: {found.statement}", doubt[:400]), found


def _settled(weights: list[Statement], texts: list[Identified | None]) -> list[Statement]:
    """A nameless tag (``other``) beside a text that names the licence says nothing more."""
    named = [one for one in weights if one.says is not None]
    if named and any(found is not None and found.licence for found in texts):
        return named
    return weights


def _disagreements(
    target: Target, tag: Statement | None, texts: list[tuple[str, Identified | None]]
) -> tuple[str, ...]:
    names = catalogue_of_licences().names
    said: list[tuple[str, str]] = []
    if tag is not None and tag.says is not None:
        said.append((tag.where, tag.says))
    said += [(path, found.licence) for path, found in texts if found is not None and found.licence]
    if target.facts is not None and (fact := target.facts.facts.get("licence")) is not None:
        said.append((f"the catalogue on {target.facts.id}", str(fact.value)))
    ids = {where: names.get(folded_licence(says), says) for where, says in said}
    if len(set(ids.values())) < 2:
        return ()
    words = "; ".join(f"{where} says {licence}" for where, licence in ids.items())
    return (f"{words}: the stricter of what the files say is taken",)


def _bases(card: Card, adapter: dict[str, object] | None) -> list[str]:
    named = card.strings("base_model")
    if not named and adapter is not None and isinstance(adapter.get("base_model_name_or_path"), str):
        named = [str(adapter["base_model_name_or_path"])]
    return list(dict.fromkeys(named))[:16]


def _base(name: str, above: set[str], folder: Path) -> Gathered:
    if len(above) > DEEPEST:
        return Gathered((), None, (), (f"base models deeper than {DEEPEST} are not followed: {name}",))
    last = name.rpartition("/")[2]
    if name.startswith(("/", "~", ".")):
        named = Path(name).expanduser()
        here = named if named.is_absolute() else folder / named
    else:
        here = folder.parent / last if last not in ("", ".", "..") else folder
    # A card may name any folder of this machine: one that holds no model is not looked into.
    if _holds_model(here) and here.resolve() != folder.resolve():
        return of_folder(here.resolve(), above)
    return of_base(name, above)


def _holds_model(folder: Path) -> bool:
    try:
        return any(
            (folder / name).is_file() for name in ("config.json", "adapter_config.json", "README.md", "LICENSE")
        )
    except (OSError, ValueError):
        return False


def _data(card: Card, own: list[Statement] | None, folder: Path, tuned: bool) -> list[Component]:
    """Data that the card names. Their licences are not in a card, so a tuned model's answer hangs on them."""
    if own:
        return [Component("data", "the training data", tuple(own), inherited=True)]
    found: list[Component] = []
    for name in card.strings("datasets"):
        beside = folder.parent / name.rpartition("/")[2]
        said = _told_beside(beside) if _holds_model(beside) and beside.resolve() != folder.resolve() else []
        if said:
            found.append(Component("data", name, tuple(said), inherited=True))
        elif tuned:
            where = "the card names it, and its licence is not told here: --with data:LICENCE"
            found.append(Component("data", name, (Statement(None, where),), inherited=True))
    return found


def _told_beside(folder: Path) -> list[Statement]:
    """What a folder beside the model's says of its own licence: a data set's card."""
    parts = of_release(Target(name=folder.name, path=folder)).components
    return [one for one in parts[0].statements if one.says is not None]


def _without_data_note(found: Gathered, card: Card, bases: list[str]) -> Gathered:
    named = card.strings("datasets")
    if bases or not named:
        return found
    note = f"training data is the maker's own answer and not weighed: {', '.join(named[:5])} (--with data:LICENCE)"
    return Gathered(found.components, found.multimodal, found.disagreements, (*found.notes, note))


def _multimodal(target: Target, card: Card, listing: Listing) -> bool | None:
    kind = " ".join([*card.strings("pipeline_tag"), str(listing.fields.get("pipeline_tag") or "")])
    if re.search(r"image|audio|video|visual|any-to-any|speech", kind):
        return True
    config = listing.json("config.json") if "config.json" in listing.files and listing.root else None
    if config is not None:
        return any(
            name in config for name in ("vision_config", "audio_config", "visual", "vision_tower", "mm_vision_tower")
        )
    if "text-generation" in kind:
        return False
    return modality_of(target.facts) if target.facts is not None else None
