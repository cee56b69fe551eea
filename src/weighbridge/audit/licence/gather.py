"""The components of what is audited, and who says under which licence each is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from weighbridge.audit.licence.job import MODEL
from weighbridge.audit.licence.known import Gathered, family, model_named, named_modality, of_facts
from weighbridge.audit.licence.ruling import Component, Role, Statement
from weighbridge.audit.target import Target, find_target
from weighbridge.catalog.licences import catalogue_of_licences, folded_licence
from weighbridge.errors import UsageError, nearest

if TYPE_CHECKING:
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
        name = text.removeprefix("hf:").partition("@")[0]
        if family(name) is not None or model_named(name) is not None:
            return Target(name=name)
        raise


def _of_target(target: Target) -> Gathered:
    if target.path is not None:
        from weighbridge.audit.licence.release import of_release, of_text

        lone = target.path.is_file() and target.path.suffix.lower() != ".json"
        return of_text(target.path) if lone else of_release(target)
    if target.facts is not None:
        return of_model(target.facts, set())
    if target.name.startswith(LICENCE):
        name = target.name[len(LICENCE) :]
        role: Role = "service" if _is_service(name) else "weights"
        return Gathered((Component(role, name, (Statement(name, "the name given"),)),))
    if family(target.name) is not None or model_named(target.name) is not None:
        return of_base(target.name, set(), "weights")
    raise UsageError(
        f"nothing is known of {target.name!r}", fix="name a model of the catalogue, its folder, or licence:NAME"
    )


def _is_service(name: str) -> bool:
    known = catalogue_of_licences()
    found = known.names.get(folded_licence(name))
    return found is not None and known.licences[found].kind == "terms of service"


def of_model(model: ModelFacts, above: set[str]) -> Gathered:
    """A model of the catalogue, with what it was made from."""
    found, base = of_facts(model), model.says("base_model")
    return found.over(of_base(base, above | {model.id})) if base else found


def of_folder(path: Path, above: set[str]) -> Gathered:
    """A base model in a folder of this machine."""
    from weighbridge.audit.licence.release import of_release

    if str(path.resolve()) in above:
        return Gathered((), None, (), (f"{path.name} names itself as its base",))
    return _as(of_release(Target(name=path.name, path=path), above), "base")


def of_base(name: str, above: set[str], role: Role = "base") -> Gathered:
    """What a model was made from, and that in turn. `above`: names on the way, against circles."""
    one = family(name)
    if one is not None:
        where = f"all models called {' or '.join(f'{start}*' for start in one.families)} are: {', '.join(one.source)}"
        said = Statement(one.id, f"{where}, seen {one.seen}")
        part = Component(role, name, (said,), changed=role == "base")
        return Gathered((part,), named_modality(name, one.id))
    model = model_named(name)
    if model is None:
        statement = Statement(None, f"{name} is not in the catalogue, and not here")
        return Gathered((Component(role, name, (statement,), changed=role == "base"),))
    if model.id in above:
        return Gathered(
            (), None, (), (f"{name} names itself as its base, on the way over {', '.join(sorted(above))}",)
        )
    found = _as(of_model(model, above), role)
    taken = f"{name} is taken for {model.id} of the catalogue"
    return found if name.lower() == model.id else replace(found, notes=(*found.notes, taken))


def _as(found: Gathered, role: Role) -> Gathered:
    """Components of another model in the place that it has here: a base's weights, say, are used in a changed form.

    What a model's outputs may do hangs on its weights and what those were made from, not on its code or tokenizer.
    """
    moved = MODEL if role == "outputs" else ("weights", "service")
    parts = tuple(
        msgspec.structs.replace(one, role=role, changed=role == "base") if one.role in moved else one
        for one in found.components
        if role != "outputs" or one.role in moved
    )
    return replace(found, components=parts)


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
