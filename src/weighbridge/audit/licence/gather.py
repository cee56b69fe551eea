"""The components of what is audited, and who says under which licence each is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.audit.licence.ruling import Component, Role, Statement
from weighbridge.audit.target import Target, find_target
from weighbridge.catalog.licences import catalogue_of_licences, folded_licence
from weighbridge.errors import UsageError, nearest

if TYPE_CHECKING:
    from weighbridge.catalog.fact import Fact
    from weighbridge.catalog.models import ModelFacts

LICENCE = "licence:"
"""Before a licence's name: the licence itself is the target."""

KINDS: dict[str, Role] = {
    "adapter": "adapter",
    "data": "data",
    "dataset": "data",
    "code": "code",
    "tokenizer": "tokenizer",
    "base": "base",
    "weights": "weights",
    "outputs": "outputs",
    "outputs-of": "outputs",
}


@dataclass(frozen=True, slots=True)
class Gathered:
    """Components with what is said of them."""

    components: tuple[Component, ...]
    multimodal: bool | None = None
    """Whether the model takes or gives more than text; None where nothing says."""
    disagreements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def with_(self, other: Gathered) -> Gathered:
        """Both together; what kind of model it is stays this one's."""
        return Gathered(
            (*self.components, *other.components),
            self.multimodal,
            (*self.disagreements, *other.disagreements),
            (*self.notes, *other.notes),
        )


def gathered(target: Target, more: tuple[str, ...] = ()) -> Gathered:
    """The components of `target` and of what `more` names. Raises `UsageError` for names that mean nothing."""
    found = _of_target(target)
    for text in more:
        found = found.with_(_beside(text))
    return found


def licence_target(text: str) -> Target:
    """The target that `text` names: as `find_target` does, or a licence by ``licence:NAME``, or a licence's text.

    A licence's name alone will do where no model and no folder is called so. Raises `UsageError`.
    """
    if text.lower().startswith(LICENCE):
        name = text[len(LICENCE) :].strip()
        if not name:
            raise UsageError(
                "no licence is named", where=text, fix="write licence:llama-3.1, or licence:'MIT OR GPL-3.0'"
            )
        return Target(name=LICENCE + name)
    path = Path(text).expanduser()
    if path.is_file() and path.suffix.lower() != ".json":
        return Target(name=path.name, path=path)
    try:
        return find_target(text)
    except UsageError:
        if folded_licence(text) in catalogue_of_licences().names:
            return Target(name=LICENCE + text)
        raise


def _of_target(target: Target) -> Gathered:
    if target.path is not None:
        from weighbridge.audit.licence.release import of_release, of_text

        lone = target.path.is_file() and target.path.suffix.lower() != ".json"
        return of_text(target.path) if lone else of_release(target)
    if target.facts is not None:
        return of_facts(target.facts)
    if target.name.startswith(LICENCE):
        name = target.name[len(LICENCE) :]
        role: Role = "service" if _is_service(name) else "weights"
        return Gathered((Component(role, name, (Statement(name, "named as the target"),)),))
    raise UsageError(
        f"nothing is known of {target.name!r}", fix="name a model of the catalogue, its folder, or licence:NAME"
    )


def _is_service(name: str) -> bool:
    known = catalogue_of_licences()
    found = known.names.get(folded_licence(name))
    return found is not None and known.licences[found].kind == "terms of service"


FACTS: dict[str, Role] = {
    "licence": "weights",
    "licence_code": "code",
    "licence_tokenizer": "tokenizer",
    "licence_data": "data",
    "licence_adapter": "adapter",
}
"""Facts about a model that name licences."""


def of_facts(model: ModelFacts) -> Gathered:
    """The components that the catalogue knows of a model."""
    components: list[Component] = []
    notes: list[str] = []
    closed = model.says("side") == "closed" or model.says("weights") == "api-only"
    for name, role in FACTS.items():
        fact = model.facts.get(name)
        if fact is None and name != "licence":
            continue
        kind: Role = "service" if closed and role == "weights" else role
        statement = _of_fact(model, name, fact)
        components.append(Component(kind, model.id, (statement,), inherited=role == "data"))
    note = model.facts.get("note")
    if note is not None and "licen" in str(note.value).lower():
        notes.append(f"the catalogue on {model.id}: {note.value}")
    found = Gathered(tuple(components), modality_of(model), (), tuple(notes))
    base = model.says("base_model")
    return found.with_(of_base(base, {model.id})) if base else found


def _of_fact(model: ModelFacts, name: str, fact: Fact | None) -> Statement:
    if fact is None:
        return Statement(None, f"the catalogue has no {name.replace('_', ' of the ')} of {model.id}")
    where = f"the catalogue on {model.id}: {', '.join(fact.source)}, seen {fact.seen}, confidence {fact.confidence}"
    doubt = ""
    if fact.contested_by:
        doubt = f"another source names {fact.contested_by[0].value}"
    elif fact.valid_to is not None:
        where += f", until {fact.valid_to}"
    value = fact.value
    return Statement(" AND ".join(value) if isinstance(value, list) else str(value), where, doubt)


def modality_of(model: ModelFacts) -> bool | None:
    """Whether the catalogue calls a model multimodal; None where it does not say."""
    said = model.words("modality") or model.words("modalities")
    if said is not None:
        return any(word.strip().lower() not in ("text", "code") for word in said)
    return True if "multimodal" in model.says("family").lower() else None


SUFFIXES = ("hf", "chat", "instruct", "base", "it", "pt", "gguf", "awq", "gptq", "bnb", "4bit", "8bit", "fp8", "bf16")


def of_base(name: str, above: set[str], role: Role = "base") -> Gathered:
    """What a model was made from, and that in turn. `above`: names on the way, against circles."""
    path = Path(name).expanduser()
    if name.startswith((".", "/", "~")) and path.exists():
        from weighbridge.audit.licence.release import of_release

        if str(path.resolve()) in above:
            return Gathered((), None, (), (f"{path.name} names itself as its base",))
        return _as(of_release(Target(name=path.name, path=path), above), role)
    known = catalogue_of_licences()
    for one in known.licences.values():
        for start in one.families:
            if name.lower().startswith(start.lower()):
                where = f"all models called {start}* are under it: {', '.join(one.source)}, seen {one.seen}"
                return Gathered((Component(role, name, (Statement(one.id, where),), changed=role == "base"),))
    model = _model(name)
    if model is None:
        statement = Statement(None, f"{name} is not in the catalogue, and not here")
        return Gathered((Component(role, name, (statement,), changed=role == "base"),))
    if model.id in above:
        return Gathered(
            (), None, (), (f"{name} names itself as its base, on the way over {', '.join(sorted(above))}",)
        )
    return _as(of_facts(model), role)


def _as(found: Gathered, role: Role) -> Gathered:
    """Components of a base model: its weights are that base, in a changed form."""
    from msgspec.structs import replace

    parts = tuple(
        replace(one, role=role, changed=role == "base") if one.role in ("weights", "service") else one
        for one in found.components
    )
    return Gathered(parts, found.multimodal, found.disagreements, found.notes)


def _model(name: str) -> ModelFacts | None:
    """A catalogue model by a hub's name, whose ending may say only how it is packed or tuned."""
    from weighbridge.catalog.models import catalogue

    known, rest = catalogue(), name
    while True:
        try:
            return known.find(rest)
        except UsageError:
            head, dash, tail = rest.rpartition("-")
            if not dash or tail.lower() not in SUFFIXES:
                return None
            rest = head


def _beside(text: str) -> Gathered:
    """What one ``KIND:NAME`` names."""
    kind, colon, name = text.partition(":")
    role = KINDS.get(kind.strip().lower())
    name = name.strip()
    if not colon or role is None or not name:
        raise UsageError(
            f"--with {text} cannot be read",
            fix=f"write KIND:NAME, such as outputs:gpt-4 or data:CC-BY-SA-4.0; {nearest(kind.lower(), KINDS)}",
        )
    written = re.search(r"(^|\s)(AND|OR|WITH)(\s|$)|[()]", name) is not None and not Path(name).exists()
    if written or folded_licence(name) in catalogue_of_licences().names:
        from weighbridge.audit.licence.expression import expression

        expression(name, f"--with {text}")
        return Gathered((Component(role, name, (Statement(name, f"--with {text}"),)),))
    try:
        target = licence_target(name)
    except UsageError as error:
        raise UsageError(
            f"{name!r} is no licence, no model of the catalogue and no folder here",
            where=f"--with {text}",
            fix=error.fix or "name its licence: weighbridge audit licence list",
        ) from None
    found = _of_target(target)
    if role in ("data", "code", "tokenizer"):
        return _only(found, role, name)
    return _as(found, role)


def _only(found: Gathered, role: Role, name: str) -> Gathered:
    """A folder or a model named as data, code or tokenizer: everything said of it is said of that."""
    said = tuple(statement for one in found.components for statement in one.statements)
    return Gathered((Component(role, name, said),), None, found.disagreements, found.notes)
