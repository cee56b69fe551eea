"""Who a candidate is apart from its answers: its catalogue entry, where it runs, and under which data policy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from weighbridge.audit.target import Target, find_target
from weighbridge.catalog.models import ModelFacts, catalogue
from weighbridge.catalog.naming import vendor_and_model
from weighbridge.catalog.vendors import Policy, policies, policy, policy_of
from weighbridge.errors import UsageError
from weighbridge.evidence import Column, Side

Hosting = Literal["own", "vendor", "unknown"]

NO_ENTRY = "none"
"""`facts: none`: the candidate has no entry in the catalogue, even if one has its name."""

_ON_DISK = ("path", "onnx", "gguf")


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be looked up about a candidate before it is asked anything."""

    name: str
    side: Side
    spec: str
    target: Target | None = None
    """Its catalogue entry or its folder; None where neither is known."""
    policy: Policy | None = None
    """What becomes of what is sent to it; None where it is not known."""
    hosting: Hosting = "unknown"
    """Whether it runs on one's own machines or is a vendor's service."""
    rule: bool = False
    """Whether it is a function of the user's own, of which no licence and no policy speaks."""

    @property
    def entry(self) -> ModelFacts | None:
        """What the catalogue says of it."""
        return None if self.target is None else self.target.facts

    @property
    def vendor(self) -> str | None:
        """Our name of the vendor who serves it."""
        if self.policy is not None and self.policy.vendor is not None:
            return self.policy.vendor
        named = vendor_and_model(self.spec)
        return None if named is None else named[0]


def subject_of(column: Column) -> Subject:
    """Who stands behind a column.

    `Column.facts` and `Column.policy` count where they are stated; else the spec is looked up, or the name of scores
    and recordings that have none. Raises `UsageError` for an entry or a policy that is stated and not there.
    """
    target = _target(column)
    rule = column.side == "rule" and target is None
    known = _policy(column, target, rule)
    hosting: Hosting = "unknown"
    if known is not None:
        hosting = "own" if known.channel == "own" else "vendor"
    elif column.side == "closed" or vendor_and_model(column.spec) is not None:
        hosting = "vendor"
    return Subject(column.name, column.side, column.spec, target, known, hosting, rule)


def subjects_of(columns: tuple[Column, ...]) -> tuple[Subject, ...]:
    """One for each column."""
    return tuple(subject_of(column) for column in columns)


def model_named(spec: str, name: str) -> str:
    """The model's own name in a spec; `name` where the spec holds none (stored scores, recordings, rules)."""
    spec = spec.removeprefix("ray:")
    kind, colon, rest = spec.partition(":")
    if not colon or kind in ("simulated", "python"):
        return name
    if kind in ("http", "https", "recorded"):
        return spec.partition("#")[2] or name
    return rest.rpartition("/")[2] if kind == "anyllm" else rest


def _target(column: Column) -> Target | None:
    if column.facts == NO_ENTRY:
        return None
    if column.facts is not None:
        return find_target(column.facts)
    if column.side == "rule" or column.simulated:
        return None
    spec = column.spec.removeprefix("ray:")
    model = model_named(spec, column.name)
    if spec.partition(":")[0] in _ON_DISK:
        path = Path(model).expanduser()
        folder = path.parent if path.is_file() and path.suffix != ".json" else path
        if folder.is_dir():
            return find_target(str(folder))
    try:
        entry = catalogue().find(model.partition("@")[0])
    except UsageError:
        return None
    return Target(name=entry.id, facts=entry)


def _policy(column: Column, target: Target | None, rule: bool) -> Policy | None:
    if column.policy is not None:
        return policy(column.policy)
    kind = column.spec.removeprefix("ray:").partition(":")[0]
    if rule:
        return policies().get("self_hosted")
    if kind not in ("recorded", "simulated", "python", "stored", ""):
        return policy_of(column.spec.removeprefix("ray:"))
    # A recording and a stored score do not say where the model ran: the catalogue's entry does, if it has one.
    stated = "" if target is None or target.facts is None else target.facts.says("data_policy")
    return policies().get(stated)
