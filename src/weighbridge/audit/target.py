"""What is audited: a catalogue name, a model folder, or a hub-style listing on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from weighbridge.catalog.models import ModelFacts


@dataclass(frozen=True, slots=True)
class Target:
    """A model as it was named, with what there is to read about it."""

    name: str
    """As reports call it."""
    facts: ModelFacts | None = None
    """What the catalogue says of it; None where it does not know it."""
    path: Path | None = None
    """The model's folder, or the file with its listing; None for a catalogue name alone."""

    @property
    def listing(self) -> bool:
        """Whether `path` is a listing (a JSON file as a model hub answers) and not the files themselves."""
        return self.path is not None and self.path.is_file()


def find_target(text: str) -> Target:
    """The target that `text` names. What is on disk comes before the catalogue, whose facts are joined to it.

    A spec such as ``hf:org/name@revision``, ``path:FOLDER`` or ``openai:gpt-4.1`` is read as the model it names.
    Raises `UsageError` with the nearest match where there is neither such a path nor such a model.
    """
    from weighbridge.audit.openness.facts import known_systems

    if not text.strip():
        raise UsageError("no target is named", fix="name a model of the catalogue, a model folder or a .json listing")
    known = known_systems()
    kind, _, rest = text.partition(":")
    named = rest if rest and not Path(text).exists() and "/" not in kind else text
    path = Path(named).expanduser()
    here = kind not in ("hf", "openai", "anthropic", "google") and path.exists()
    if here and path.is_file() and path.suffix != ".json":
        raise UsageError(
            "a target is a model folder, a .json listing of one, or a name in the catalogue; this is another file",
            where=str(path),
            fix=f"name its folder: {path.parent}",
        )
    model = named if not here else path.resolve().name.removesuffix(".json")
    name, _, _ = model.partition("@")
    try:
        facts = known.find(name)
    except UsageError as error:
        if here:
            return Target(name=model, path=path)
        if named.startswith((".", "/", "~")) or named.endswith(("/", ".json")):
            raise UsageError("there is no such file or folder", where=named, fix="check the path") from error
        raise UsageError(
            f"{text!r} is neither a model of the catalogue nor a file or folder here", fix=error.fix
        ) from error
    return Target(name=facts.id if not here else model, facts=facts, path=path if here else None)
