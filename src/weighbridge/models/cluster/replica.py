"""One engine of a crew: an actor on a node, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from weighbridge.models.cluster.places import Node
from weighbridge.models.cluster.words import Identity, Told, Work

RESTARTS = 3
"""Times in a row that an engine may be lost before it is given up on its node."""


PATIENCE = 8
"""Refusals in a row, half a second apart, that opening takes for a start under way rather than for another loss."""


class LostError(Exception):
    """The engine was lost with the call; the call may be asked again of another."""

    def __init__(self, why: str, told: Told | None = None, for_good: bool = False, passing: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.told = told
        """What the engine said of its end, where it did."""
        self.for_good = for_good
        self.passing = passing
        """Ray may be starting it again at this moment: what is sent meanwhile is refused with the same words as what
        was under way when it fell."""


class UnfitError(Exception):
    """The node cannot run this engine as the others do."""

    def __init__(self, told: Told) -> None:
        super().__init__(told.what)
        self.told = told


@dataclass(slots=True, eq=False)
class Replica:
    """`busy` calls are under way of the `slots` it takes side by side."""

    node: Node
    handle: Any
    state: Literal["opening", "ready", "gone"] = "opening"
    slots: int = 1
    busy: int = 0
    answered: bool = False
    """Since it was last opened."""
    falls: int = 0
    """Losses since it last answered."""
    host: str = field(default="")

    async def open(self, work: Work, versions: dict[str, str]) -> Identity:
        """Open the model there. Raises `LostError`, and `UnfitError` with the node's name where it cannot be."""
        met = await _from(self.handle.meet.remote())
        for name, label in (("python", "Python"), ("weighbridge", "Weighbridge")):
            if met[name] == versions[name]:
                continue
            has = f"has {label} {met[name]}" if met[name] else f"has no {label}"
            raise UnfitError(
                Told(
                    f"{self.node} {has}, and this machine {label} {versions[name]}",
                    "usage",
                    fix=f"install {label} {versions[name]} there, with the extras that the model needs",
                )
            )
        key = (work.key_name, work.key) if work.key_name and work.key else None
        tag, data = await _from(self.handle.open.remote(work.spec, work.options, work.base_dir, key))
        if tag == "failed":
            told = msgspec.msgpack.decode(data, type=Told)
            raise UnfitError(msgspec.structs.replace(told, what=f"{self.node}: {told.what}"))
        return msgspec.msgpack.decode(data, type=Identity)

    async def ask(self, method: str, data: bytes) -> tuple[str, bytes]:
        """One call: ``done`` or ``failed`` with its data. Raises `LostError`."""
        tag, result = await _from(self.handle.ask.remote(method, data))
        return self._checked(tag, result)

    async def stream(self, data: bytes, emit: Any) -> tuple[str, bytes]:  # noqa: ANN401 - a callable of one text
        """One call whose pieces go to `emit`. Raises `LostError`."""
        import ray

        pieces = self.handle.stream.options(num_returns="streaming").remote(data)
        try:
            async for piece in pieces:
                tag, result = await _from(piece)
                if tag != "piece":
                    return self._checked(tag, result)
                emit(result.decode("utf-8", "surrogatepass"))
        except ray.exceptions.RayError as error:
            raise _lost(error) from None
        finally:
            ray.cancel(pieces)
        raise LostError("the stream of pieces ended without its end")

    def _checked(self, tag: str, data: bytes) -> tuple[str, bytes]:
        if tag == "closed":
            raise LostError("the engine was started again by Ray")
        if tag == "died":
            told = msgspec.msgpack.decode(data, type=Told)
            raise LostError(told.what, msgspec.structs.replace(told, what=f"{self.node}: {told.what}"))
        self.answered = True
        self.falls = 0
        return tag, data


async def _from(reference: Any) -> Any:  # noqa: ANN401 - whatever the actor's method returns
    """What a call on an actor returns; the call is cancelled there where it is cancelled here."""
    import asyncio

    import ray

    try:
        return await reference
    except asyncio.CancelledError:
        ray.cancel(reference)
        raise
    except ray.exceptions.RayError as error:
        raise _lost(error) from None


def _lost(error: Exception) -> LostError:
    import ray

    why = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    for_good = isinstance(error, ray.exceptions.ActorDiedError | ray.exceptions.ActorUnschedulableError)
    passing = isinstance(error, ray.exceptions.ActorUnavailableError)
    return LostError(why[:300], for_good=for_good, passing=passing)
