"""What the store's journal keeps of lots: written before a lot is sent, so that none is ever sent twice.

A lot goes through steps: ``meant`` (nothing was sent yet), ``sent`` (it may have arrived), ``known`` (the vendor gave
it an id), ``over`` (all its results are in the store, or it never was). A process may be killed between any two; the
next one reads here how far it came.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Literal

import msgspec

from weighbridge.models.protocol import Model, Request
from weighbridge.store import Entry, Source, Store

SUBJECT = "batches"
Step = Literal["meant", "sent", "known", "over"]


class Ordered(msgspec.Struct, frozen=True, array_like=True):
    """One request of a lot: all that is needed to read its answer and to store it. The prompt is not kept."""

    key: str
    """The store's key, in hexadecimal."""
    item: str
    repeat: int
    choices: tuple[str, ...] | None = None
    logprobs: bool = False
    json_schema: str | None = None

    @property
    def request(self) -> Request:
        """As far as reading the answer needs it."""
        return Request((), choices=self.choices, logprobs=self.logprobs, json_schema=self.json_schema)


class Lot(msgspec.Struct, frozen=True):
    """A lot on its way."""

    token: str
    spec: str
    engine: str
    source: Source
    size: int
    after: str
    """The newest lot at the vendor before this one was sent; empty where there was none."""
    step: Step = "meant"
    id: str | None = None
    """The vendor's name for it."""
    at: float = 0.0
    """Unix time of the latest step."""


class _Line(msgspec.Struct, frozen=True):
    token: str
    step: Step
    lot: Lot | None = None
    id: str | None = None


_decode = msgspec.json.Decoder(_Line).decode
_orders = msgspec.json.Decoder(list[Ordered]).decode


class LotLog:
    """The lots of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, model: Model | None = None) -> list[Lot]:
        """Lots that are not over, oldest first: those of one model, or all."""
        lots: dict[str, Lot] = {}
        for entry in self._store.journal(SUBJECT):
            try:
                line = _decode(entry.body)
            except msgspec.MsgspecError:
                continue
            lot = line.lot or lots.get(line.token)
            if lot is None:
                continue
            now = entry.written or 0.0
            lots[line.token] = msgspec.structs.replace(lot, step=line.step, id=line.id or lot.id, at=now)
        return [
            lot
            for lot in lots.values()
            if lot.step != "over" and (model is None or (lot.spec, lot.engine) == (model.spec, model.engine))
        ]

    def orders(self, lot: Lot) -> list[Ordered]:
        """The requests of a lot."""
        found: list[Ordered] = []
        for entry in self._store.journal(f"batch {lot.token}"):
            found += _orders(entry.body)
        return found

    def ids(self) -> set[str]:
        """Every id that a vendor ever gave to a lot of this store."""
        found = set()
        for entry in self._store.journal(SUBJECT):
            with contextlib.suppress(msgspec.MsgspecError):
                found.add(_decode(entry.body).id or "")
        return found - {""}

    async def mean(self, lot: Lot, orders: Iterable[Ordered]) -> None:
        """Write down that `lot` is about to be sent; returns once it is on the disk."""
        kept = msgspec.json.encode(list(orders)).decode()
        entries = [
            Entry(f"batch {lot.token}", "orders", kept),
            Entry(SUBJECT, "meant", msgspec.json.encode(_Line(lot.token, "meant", lot)).decode()),
        ]
        await asyncio.to_thread(self._store.enter, entries)

    async def step(self, token: str, step: Step, lot: str | None = None) -> None:
        """Write down the next step; returns once it is on the disk."""
        line = msgspec.json.encode(_Line(token, step, id=lot)).decode()
        await asyncio.to_thread(self._store.enter, [Entry(SUBJECT, step, line)])


@contextlib.asynccontextmanager
async def alone(store: Store, model: Model) -> AsyncIterator[None]:
    """Keep other processes on this machine from sending lots of the same model for the same store meanwhile.

    The lock goes with the process, however it ends. Where the system has no such locks, nothing is kept.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    name = "\n".join((str(Path(store.location).absolute()), model.spec, model.engine))
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    path = Path(tempfile.gettempdir()) / f"weighbridge-{os.getuid()}-{digest}.lock"
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.1)
        yield
