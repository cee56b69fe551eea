"""One model's way through its vendor's batch interface: lots go out, their state is asked for, results come back.

A lot is known by a token of ours before it is sent. Vendors that keep names keep the token; of the others a lot is
known again by the keys of its requests. So a lot whose sending was cut off is found again rather than sent twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import msgspec

from weighbridge.evidence import Completion
from weighbridge.models.protocol import ModelError, Request
from weighbridge.models.remote.batch.carrier import Carrier
from weighbridge.models.remote.wires.protocol import Wire

Status = Literal["working", "cancelling", "ended", "failed"]
"""``failed``: the vendor took the lot and refused it whole; nothing of it was worked on. ``ended`` covers lots that
were cancelled or expired: what was done of them is among the results."""


class State(msgspec.Struct, frozen=True):
    """A lot at the vendor, as the vendor last told."""

    id: str
    status: Status
    token: str | None = None
    """The name we gave it; None where the vendor keeps none."""
    total: int | None = None
    """Requests in it; None where the vendor does not say (yet)."""
    done: int | None = None
    word: str = ""
    """The vendor's own word for its status."""
    why: str | None = None
    """Why it failed."""
    kind: Literal["bad_request", "rate_limit", "server", "quota"] = "bad_request"
    """What sort of failure that is."""
    places: tuple[str, ...] = ()
    """Where its results are, in the vendor's terms."""
    inline: bytes = b""
    """The results themselves, where the state brings them."""


class Result(msgspec.Struct, frozen=True):
    """What came of one request: a whole answer of the live interface, or an error of its form."""

    id: str
    body: bytes = b""
    status: int = 200
    """As the live interface would have answered."""
    lapsed: str | None = None
    """Why the vendor never worked on it: it expired or was cancelled. Nothing is billed for it."""
    request_id: str | None = None


class Format(Protocol):
    """A vendor's batch interface for one model. It builds and reads; the carrier moves bytes."""

    most: int
    """Requests in one lot."""
    most_bytes: int
    hours: int
    """After which a lot expires."""

    def line(self, key: str, request: Request) -> bytes:
        """One request of a lot. Raises ModelError (``bad_request``) for what this format cannot say."""
        ...

    async def submit(self, token: str, lines: Sequence[bytes]) -> State:
        """Hand in a lot. Raises ModelError."""
        ...

    def recent(self) -> AsyncIterator[State]:
        """Lots at the vendor, newest first, whoever made them."""
        ...

    async def state(self, lot: str) -> State:
        """Raises ModelError; ``dead`` with status 404 where there is no such lot."""
        ...

    def results(self, state: State) -> AsyncIterator[Result]:
        """Every result of a lot that has ended, in the vendor's order, in constant memory where it sends a file."""
        ...

    async def cancel(self, lot: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a lot is looked at, in seconds."""

    first: float = 2.0
    most: float = 60.0
    growth: float = 1.5
    settle: float = 20.0
    """After a lot was sent and no word came back: how long the vendor's list is looked through before it counts as
    never arrived."""

    def waits(self, number: int) -> float:
        """The wait before look `number` (from 0)."""
        return min(self.most, self.first * self.growth ** min(number, 50))


@dataclass(slots=True)
class Lots:
    """Everything that can be done with the lots of one model."""

    where: str
    format: Format
    wire: Wire = field(repr=False)
    carrier: Carrier = field(repr=False)
    refused: Callable[[Request], ModelError | None] = field(repr=False)
    clean: Callable[[Completion], Completion] = field(repr=False)
    first: int
    """Items asked ahead in the first round."""
    patience: Patience = Patience()

    def line(self, key: str, request: Request) -> bytes:
        """One request as it goes out. Raises ModelError (``bad_request``) for what the model has not."""
        no = self.refused(request)
        if no is not None:
            raise no
        return self.format.line(key, request)

    async def newest(self) -> str:
        """Id of the newest lot at the vendor, whoever made it; empty where there is none. Raises ModelError.

        A server without a list is taken at that: only a lot whose receipt is lost needs one.
        """
        try:
            async for state in self.format.recent():
                return state.id
        except ModelError as error:
            if error.status not in (404, 405, 501):
                raise
        return ""

    async def find(self, token: str, keys: Collection[str], after: str, others: Collection[str] = ()) -> State | None:
        """The lot sent under `token` with these keys, if it arrived; those up to `after` were there before it.

        `others`: ids of lots that are known to be other ones. Where the vendor keeps no names, a lot of the same size
        is looked into once it has ended. Raises ModelError.
        """
        async for state in self.format.recent():
            if state.id == after:
                return None
            if state.token == token:
                return state
            if state.token is not None or state.id in others or state.total not in (None, len(keys)):
                continue
            ended = await self.ended(state)
            if await self._holds(ended, keys):
                return ended
        return None

    async def ended(self, state: State) -> State:
        """`state` once the lot is over. Raises ModelError."""
        number = 0
        while state.status in ("working", "cancelling"):
            await asyncio.sleep(self.patience.waits(number))
            number += 1
            state = await self.format.state(state.id)
        return state

    async def _holds(self, state: State, keys: Collection[str]) -> bool:
        if state.status == "failed":
            return False
        async for result in self.format.results(state):
            return result.id in keys
        return False

    def completion(self, result: Result, request: Request) -> Completion:
        """The answer in a result, read as a live one is. Raises ModelError."""
        if result.lapsed is not None:
            raise self.carrier.named(ModelError(result.lapsed, kind="server", where=self.where))
        try:
            found = self._read(result, request)
        except ModelError as error:
            raise self.carrier.named(error) from None
        if found.request_id is None and result.request_id is not None:
            found = msgspec.structs.replace(found, request_id=result.request_id)
        # Nobody waited for it: a batch has no latency.
        usage = msgspec.structs.replace(found.usage, duration=None, first_token=None, batched=True)
        return self.clean(msgspec.structs.replace(found, usage=usage))

    def _read(self, result: Result, request: Request) -> Completion:
        if result.status != 200:
            failed = self.wire.failure(result.status, _NO_HEADERS, result.body, self.where)
            if isinstance(failed, ModelError):
                raise failed
            return failed
        reader = self.wire.reader(self.where, request)
        reader.document(result.body)
        return reader.completion()


_NO_HEADERS: Mapping[str, str] = {}


@runtime_checkable
class Batching(Protocol):
    """A model that may be asked in lots."""

    @property
    def lots(self) -> Lots | None:
        """None where it is to be asked call by call."""
        ...


def lots_of(model: object) -> Lots | None:
    """The lots of a model that is to be asked in lots; None of any other."""
    return model.lots if isinstance(model, Batching) else None
