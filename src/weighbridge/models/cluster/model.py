"""``ray:SPEC``: the model of any other spec, its engines spread over the machines of a Ray cluster."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import pickle
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakSet

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Side
from weighbridge.models.cluster.address import LOCAL, find_address
from weighbridge.models.cluster.link import CrewEnd, Link, TellingError, acquire, release
from weighbridge.models.cluster.station import identity_of
from weighbridge.models.cluster.words import Identity, Method, Opened, Work
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, Known, Model, ModelError, Preparing, Reading, Request

_open: WeakSet[RayModel] = WeakSet()
"""Models that may share the GPUs of a cluster."""


@dataclass(slots=True, weakref_slot=True, eq=False)
class RayModel:
    """Gives every call to an engine on the cluster; to the store it is the model inside.

    On a cluster that is started for the run, the only node is this machine, and the model inside tells at once what
    it is. On another, the nodes are asked (`prepare`): their engines may run on other devices than this machine has.
    """

    inner: str
    options: ModelOptions
    base_dir: Path
    local: Model | None
    """The model inside, opened on this machine; None where it is not to be had here."""
    on_this_machine: bool
    identity: Identity
    prepared: bool
    _link: Link | None = field(default=None, repr=False)
    _crew: CrewEnd | None = field(default=None, repr=False)

    @property
    def where(self) -> str:
        return f"ray:{self.inner}"

    @property
    def spec(self) -> str:
        """That of the model inside, so that an answer is found again with and without the cluster."""
        return self.identity.spec

    @property
    def revision(self) -> str:
        return self.identity.revision

    @property
    def engine(self) -> str:
        return self.identity.engine

    @property
    def endpoint(self) -> str:
        """One for all models that share these engines."""
        settings = hashlib.sha256(_inner_options(self.options)).hexdigest()[:8]
        return f"ray://{self.options.ray_address or 'auto'}/{self.inner}?{settings}"

    @property
    def side(self) -> Side:
        return self.identity.side

    @property
    def simulated(self) -> bool:
        return self.identity.simulated

    @property
    def capabilities(self) -> Capabilities:
        fixed = self.options.concurrency is not None
        return msgspec.structs.replace(self.identity.capabilities, fixed_concurrency=fixed, elastic=True)

    @property
    def concurrency(self) -> int:
        """What all engines take now, all together; before they are there, what they will take at least."""
        slots = self._crew.slots if self._crew is not None else 0
        slots = slots or self.identity.concurrency * (self.options.replicas or 1)
        return min(slots, self.options.concurrency or slots)

    async def prepare(self, known: Sequence[Known] = ()) -> None:
        """Ask the nodes what they run; a cluster out of reach is taken for what it was."""
        if self.prepared:
            return
        if self.on_this_machine:
            if isinstance(self.local, Preparing):
                await self.local.prepare(known)
            if self.local is not None:
                self.identity = identity_of(self.local)
        else:
            try:
                self.identity = (await self._opened()).identity
            except ModelError:
                # The first call meets the same failure, and says it.
                if known:
                    last = known[-1]
                    self.identity = msgspec.structs.replace(self.identity, revision=last.revision, engine=last.engine)
        self.prepared = True

    async def complete(self, request: Request) -> Completion:
        if not self.identity.capabilities.needs_item and request.item is not None:
            request = msgspec.structs.replace(request, item=None)
        found: Completion = await self._call("complete", request)
        return found

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        found: list[list[float]] = await self._call("embed", list(texts))
        return found

    async def rendered(self, request: Request) -> str | None:
        found: str | None = await self._call("rendered", request)
        return found

    async def reading(self) -> Reading:
        found: Reading = await self._call("reading", None)
        return found

    async def stream(self, request: Request) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        link, crew = await self._ready()

        def pass_on(piece: str | None) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        call, future = link.ask(crew, "stream", pickle.dumps(request), pass_on)
        future.add_done_callback(lambda _: pass_on(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            await self._result(future)
        finally:
            link.cancel(call)

    async def _call(self, method: Method, argument: object) -> Any:  # noqa: ANN401 - what the method returns
        link, crew = await self._ready()
        call, future = link.ask(crew, method, pickle.dumps(argument, pickle.HIGHEST_PROTOCOL))
        try:
            return pickle.loads(await self._result(future))  # noqa: S301 - from an engine that this run started
        finally:
            link.cancel(call)

    async def _result(self, future: Future[bytes]) -> bytes:
        try:
            return await asyncio.wrap_future(future)
        except TellingError as telling:
            raise telling.told.model_error(self.where) from None

    async def _ready(self) -> tuple[Link, CrewEnd]:
        found = (await self._opened()).identity
        mine = self.identity
        if self.prepared and (found.revision, found.engine) != (mine.revision, mine.engine):
            raise ModelError(
                f"the cluster runs {found.engine!r}, revision {found.revision!r}; counted on were {mine.engine!r}, "
                f"revision {mine.revision!r}",
                kind="dead",
                where=self.where,
                fix="bring the same weights and the same engine version to this machine and to every node",
            )
        assert self._link is not None  # noqa: S101 - opened above
        assert self._crew is not None  # noqa: S101 - likewise
        return self._link, self._crew

    async def _opened(self) -> Opened:
        """Start the driver and the engines, unless they are. Raises ModelError."""
        if self._link is None:
            self._link = acquire(self.options.ray_address)
        if self._crew is None:
            self._crew = self._link.crew(self._work())
        try:
            # One caller's time-out must not end the start that the others wait for.
            return await asyncio.shield(asyncio.wrap_future(self._crew.opened))
        except TellingError as telling:
            raise telling.told.model_error(self.where) from None

    def _work(self) -> Work:
        name = self.options.key_env
        options = self.options
        crews = {
            (model.inner, _inner_options(model.options))
            for model in _open
            if model.inner.partition(":")[0] in ("hf", "path", "onnx", "gguf")
        }
        return Work(
            spec=self.inner,
            options=_inner_options(options),
            base_dir=str(self.base_dir),
            replicas=options.replicas,
            gpus=options.gpus,
            share=1 / max(1, len(crews)),
            key_name=name,
            key=os.environ.get(name) if name else None,
        )

    async def close(self) -> None:
        _open.discard(self)
        link, crew, local = self._link, self._crew, self.local
        self._link = self._crew = None
        if local is not None:
            await local.close()
        if link is not None:
            if crew is not None:
                link.leave(crew)
            await asyncio.to_thread(release, link)


def open_ray(rest: str, options: ModelOptions, base_dir: Path) -> RayModel:
    """Opener of ``ray:``. Raises UsageError where Ray is missing, the address or the model inside cannot be."""
    from weighbridge.models.specs import open_model

    where = f"ray:{rest}"
    if rest.partition(":")[0] == "ray":
        raise UsageError("a cluster runs on no cluster", where=where, fix="write ray: once")
    if importlib.util.find_spec("ray") is None:
        raise UsageError("Ray is not installed", where=where, fix="pip install 'weighbridge[ray]'")
    on_this_machine = find_address(options.ray_address) == LOCAL
    inside = msgspec.json.decode(_inner_options(options), type=ModelOptions)
    inside = msgspec.structs.replace(inside, key_env=options.key_env)
    local: Model | None = None
    try:
        local = open_model(rest, inside, base_dir)
    except UsageError:
        # On another cluster the nodes have the last word: this machine may lack the weights or the engine.
        if on_this_machine or ":" not in rest:
            raise
    identity = (
        Identity(rest, "", "", options.side or "open", False, Capabilities(), 1, True)
        if local is None
        else identity_of(local)
    )
    prepared = on_this_machine and (not isinstance(local, Preparing) or local.prepared)
    model = RayModel(rest, options, base_dir, local, on_this_machine, identity, prepared)
    _open.add(model)
    return model


def _inner_options(options: ModelOptions) -> bytes:
    """The options that the model inside gets, as JSON; the same text for the same options."""
    inside = msgspec.structs.replace(options, ray_address=None, replicas=None, gpus=None)
    return msgspec.json.encode(inside, order="deterministic")
