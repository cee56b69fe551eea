"""The framework's own model files (YAML or JSON): what a releaser lists, and the class that its tool gives it.

A file says what is claimed: that GPT-4's parameters are listed there under "Proprietary" does not make them released.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from weighbridge.audit.openness.components import BY_NAME, Kind
from weighbridge.audit.openness.mof import Progress, progress
from weighbridge.audit.openness.terms import framework_counts, terms_of

Reading = Literal["strict", "lenient"]
"""``strict``: a licence counts only by its exact id, as the framework's tool has it. ``lenient``: other spellings of
an open licence, such as "Apache 2.0", count too."""


class Named(msgspec.Struct, frozen=True):
    """A licence as such a file names it."""

    name: str | None = None


class Listed(msgspec.Struct, frozen=True):
    """One component as it is listed."""

    name: str
    license: str | None = None


class Licences(msgspec.Struct, frozen=True):
    """Licences for all components, and for those of a kind."""

    distribution: Named | None = None
    code: Named | None = None
    data: Named | None = None
    document: Named | None = None


class Release(msgspec.Struct, frozen=True):
    """The part of such a file that the class is made from."""

    name: str
    components: tuple[Listed, ...] = ()
    license: Licences | Annotated[list[object], msgspec.Meta(max_length=0)] | None = None
    """An empty list where there is none: the framework's tool writes it so."""


class ModelFile(msgspec.Struct, frozen=True):
    """A file of the framework."""

    release: Release


def read_model_file(tree: object) -> ModelFile:
    """A parsed file. Raises `msgspec.ValidationError` where it is none of the framework's."""
    return msgspec.convert(tree, ModelFile, strict=False)


def licence_for(release: Release, listed: Listed, kind: Kind) -> str | None:
    """The licence of a component: its own, else that of its kind, else that of the distribution."""
    if listed.license:
        return listed.license
    given = release.license if isinstance(release.license, Licences) else Licences()
    by_kind = {"code": given.code, "data": given.data, "document": given.document}.get(kind)
    for one in (by_kind, given.distribution):
        if one is not None and one.name:
            return one.name
    return None


def declared(file: ModelFile, reading: Reading = "strict") -> Progress:
    """The class and progress of what a file declares. Components that the framework does not know are passed over."""
    counting: set[str] = set()
    for listed in file.release.components:
        component = BY_NAME.get(listed.name.strip().lower())
        if component is None or component.mof is None:
            continue
        licence = licence_for(file.release, listed, component.kind)
        is_open = framework_counts(licence) if reading == "strict" else terms_of(licence).standing == "open"
        if is_open:
            counting.add(component.id)
    return progress(counting)
