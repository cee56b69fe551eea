"""How far a user's own calls are bound to one vendor: which other endpoints would take them as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from weighbridge.audit.continuity.calls import Call
from weighbridge.models.protocol import Capabilities
from weighbridge.models.remote.servers.found import Name
from weighbridge.models.remote.wires.vendor import Vendor

OWN_SERVERS: tuple[Name, ...] = ("vllm", "llama.cpp", "ollama")


@dataclass(frozen=True, slots=True)
class Used:
    """One thing that calls use."""

    name: str
    calls: int
    kind: str
    """``ability``: our rows say who has it. ``field``: common, our rows do not say. ``bound``: one vendor's own."""
    where: str
    """The first call that uses it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How many of the calls one endpoint takes."""

    name: str
    own: bool
    """Whether it is a server of one's own for open models."""
    taken: int
    """Calls all of whose abilities it declares, and that use nothing bound to a vendor."""
    lacks: tuple[str, ...]
    """Abilities that calls need and it has not."""


@dataclass(frozen=True, slots=True)
class LockIn:
    """The calls, what they use, and who takes them."""

    calls: int
    used: tuple[Used, ...]
    endpoints: tuple[Endpoint, ...]
    """Servers of one's own first, then vendors, the most calls first."""
    tuned: int
    """Calls of models that a vendor tuned; their weights cannot be taken along."""

    @property
    def bound(self) -> int:
        """Calls that no other endpoint takes as they are, as far as is known."""
        return self.calls - max((one.taken for one in self.endpoints), default=0)

    def words(self) -> str:
        """One sentence."""
        best = max((one for one in self.endpoints if one.own), key=lambda one: one.taken, default=None)
        text = (
            f"{best.taken} of {self.calls} calls go to a server of one's own ({best.name}) as they are"
            if best
            else ""
        )
        held = [f"{one.name} ({one.calls})" for one in self.used if one.kind == "bound"]
        text += f"; one vendor's own: {', '.join(held)}" if held else "; nothing in them is one vendor's own"
        return text + (f"; {self.tuned} ask for a model tuned by a vendor" if self.tuned else "")


def lock_in(calls: Iterable[Call], vendor: str | None = None) -> LockIn:
    """What the calls use and which endpoints take them; `vendor` is the one they go to now, and left out."""
    known = tuple(calls)
    first: dict[tuple[str, str], str] = {}
    count: Counter[tuple[str, str]] = Counter()
    for call in known:
        for kind, names in (("ability", call.needs), ("field", call.common), ("bound", call.bound)):
            for name in names:
                count[kind, name] += 1
                first.setdefault((kind, name), call.where)
    used = tuple(
        Used(name, number, kind, first[kind, name])
        for (kind, name), number in sorted(count.items(), key=lambda row: (-row[1], row[0]))
    )
    rows = [_endpoint(name, able, known, own=own) for name, able, own in _offers() if name != vendor]
    rows.sort(key=lambda one: (not one.own, -one.taken, one.name))
    return LockIn(len(known), used, tuple(rows), sum(call.tuned for call in known))


def _endpoint(name: str, able: Capabilities, calls: tuple[Call, ...], *, own: bool) -> Endpoint:
    lacks = sorted({need for call in calls for need in call.needs if not getattr(able, need)})
    taken = sum(not call.bound and all(getattr(able, need) for need in call.needs) for call in calls)
    return Endpoint(name, own, taken, tuple(lacks))


def _offers() -> list[tuple[str, Capabilities, bool]]:
    """Every endpoint with its declared abilities: our own servers by their kind, vendors by an example of theirs."""
    from weighbridge.models.remote.servers.found import Found
    from weighbridge.models.remote.servers.offers import offer_of
    from weighbridge.models.remote.wires.vendors import VENDORS

    rows: list[tuple[str, Capabilities, bool]] = []
    for name in OWN_SERVERS:
        offer = offer_of(Found(name))
        # Tools and pictures depend on the model that is served; the servers take them.
        able = Capabilities(
            streaming=True,
            seed=offer.seed,
            json_schema=offer.json_schema,
            logprobs=offer.logprobs,
            tools=True,
            images=True,
            reasoning_effort=name == "vllm",
        )
        rows.append((name, able, True))
    rows += [(one.name, _widest(one), one.side == "open") for one in VENDORS.values() if one.name not in OWN_SERVERS]
    return rows


def _widest(vendor: Vendor) -> Capabilities:
    """What some model of the vendor's can: which of them is asked is not settled yet."""
    more = {ability: True for special in vendor.specials for ability in special.can}
    return msgspec.structs.replace(vendor.capabilities, **more)
