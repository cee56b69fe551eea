"""A vendor's model: a row of data, a wire format and the HTTP client put together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from urllib.parse import urlsplit

import msgspec

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import Completion, Side
from weighbridge.models.abilities import adjusted, lacking
from weighbridge.models.keys import in_keyring, key_for
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, RateLimits, Request
from weighbridge.models.remote.address import private
from weighbridge.models.remote.batch.lots import Lots
from weighbridge.models.remote.batch.open import make_lots
from weighbridge.models.remote.failures import request_id_of
from weighbridge.models.remote.transport import Exchange, OutcomeError, Reader, Transport, hide
from weighbridge.models.remote.wires.protocol import Call, Wire
from weighbridge.models.remote.wires.vendor import Vendor
from weighbridge.models.remote.wires.vendors import VENDORS


class _Seen:
    """What the headers of one call say."""

    __slots__ = ("model", "request_id")

    def __init__(self, model: ClosedModel) -> None:
        self.model = model
        self.request_id: str | None = None

    def heard(self, headers: Mapping[str, str]) -> None:
        self.request_id = request_id_of(headers)
        limits = self.model.wire.limits(headers)
        if limits is not None:
            self.model.limits = limits


@dataclass(slots=True)
class ClosedModel:
    """One model of one vendor. `complete` makes one attempt; the session is made with the first call."""

    spec: str
    vendor: Vendor = field(repr=False)
    model: str
    """Its name at the vendor."""
    url: str
    """Base address, without a slash at its end."""
    options: ModelOptions
    wire: Wire = field(repr=False)
    key: str = field(repr=False)
    limits: RateLimits | None = None
    simulated: bool = False
    capabilities: Capabilities = field(init=False)
    engine: str = field(init=False)
    transport: Transport = field(init=False, repr=False)
    lots: Lots | None = field(init=False, repr=False)
    """Where it is to be asked through the vendor's batch interface; None: call by call."""
    _secrets: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.capabilities = adjusted(self.wire.capabilities(self.model), self.options)
        self.engine = engine_of(self.vendor, self.wire, self.options)
        self._secrets = tuple(one for one in self.wire.secrets(self.key) if one)
        # The proxies of the environment stand between here and public hosts.
        home = private(urlsplit(self.url).hostname or "")
        self.transport = Transport(self.options, self.spec, proxies=not home, secrets=self._secrets)
        self.lots = make_lots(self)

    @property
    def side(self) -> Side:
        return self.options.side or self.vendor.side

    @property
    def revision(self) -> str:
        """As the project says; vendors tell theirs with each answer (`Completion.model`, `fingerprint`)."""
        return self.options.revision or ""

    @property
    def endpoint(self) -> str:
        """The address and the model: vendors limit each model by itself."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}#{self.options.deployment or self.model}"

    @property
    def concurrency(self) -> int:
        return self.options.concurrency or 8

    def refused(self, request: Request) -> ModelError | None:
        """Why `request` cannot be made with this model, before any call; None where it can."""
        found = lacking(request, self.capabilities)
        if found is None:
            return None
        what, ability = found
        return ModelError(
            f"{self.vendor.title} has no {what} for {self.model}",
            kind="bad_request",
            where=self.spec,
            fix="leave it out, or choose another model; where this model has it all the same, "
            f"say `can: [{ability}]` in its options",
            vendor=self.vendor.name,
        )

    async def complete(self, request: Request) -> Completion:
        """One attempt; raises ModelError."""
        seen = _Seen(self)
        try:
            call = self._call(request, self.options.stream)
            answer = self.wire.reader(self.spec, request)
            await self._read(call, answer, seen)
            completion = answer.completion()
        except OutcomeError as outcome:
            completion = outcome.completion
        except ModelError as error:
            raise self._named(error, seen) from None
        if completion.request_id is None and seen.request_id is not None:
            completion = msgspec.structs.replace(completion, request_id=seen.request_id)
        return self.clean(completion)

    def _call(self, request: Request, stream: bool) -> Call:
        no = self.refused(request)
        if no is not None:
            raise no
        return self.wire.call(request, self.model, stream)

    async def _read(
        self, call: Call, answer: Reader, seen: _Seen, queue: asyncio.Queue[str | None] | None = None
    ) -> None:
        url = f"{self.url}{call.path}"
        headers = self.wire.auth(self.key, url, call.body)
        exchange = Exchange(
            headers={**call.headers, **headers} if call.headers else headers,
            framer=self.wire.framer,
            failure=self.wire.failure,
            heard=seen.heard,
        )
        await self.transport.read(url, call.body, answer, None if queue is None else queue.put_nowait, exchange)

    async def stream(self, request: Request) -> AsyncIterator[str]:
        """Pieces of text as they come; raises ModelError as `complete` does.

        The reading runs in a task of its own, so that its time-outs never strike a consumer that takes its time.
        """
        seen = _Seen(self)
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        try:
            call = self._call(request, stream=True)
        except ModelError as error:
            raise self._named(error, seen) from None
        answer = self.wire.reader(self.spec, request)
        asked = asyncio.create_task(self._read(call, answer, seen, pieces))
        asked.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            try:
                await asked
                answer.completion()
            except OutcomeError:
                return
            except ModelError as error:
                raise self._named(error, seen) from None
        finally:
            asked.cancel()

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, in order. Raises ModelError."""
        if not texts:
            return []
        seen = _Seen(self)
        try:
            if not self.capabilities.embeddings:
                raise ModelError(
                    f"{self.vendor.title} makes no embeddings with {self.model}", kind="bad_request", where=self.spec
                )
            reader = self.wire.vectors(self.spec, len(texts))
            await self._read(self.wire.embeddings(texts, self.model), reader, seen)
            return reader.vectors()
        except OutcomeError:
            raise ModelError(
                "a filter of the vendor stopped a text", kind="bad_request", where=self.spec, vendor=self.vendor.name
            ) from None
        except ModelError as error:
            raise self._named(error, seen) from None

    def named(self, error: ModelError) -> ModelError:
        """`error` with the vendor's name and what to do about it, and without the key."""
        return self._named(error, _Seen(self))

    def _named(self, error: ModelError, seen: _Seen) -> ModelError:
        error.vendor = self.vendor.name
        error.where = error.where or self.spec
        error.request_id = error.request_id or seen.request_id
        if error.kind == "auth" and self.vendor.key_envs and not (self.vendor.keyless and error.fix):
            name = self.options.key_env or self.vendor.key_envs[0]
            error.fix = f"set {name} to a key that {self.vendor.title} accepts"
        for secret in self._secrets:
            hide(error, secret)
        return error

    def clean(self, completion: Completion) -> Completion:
        """`completion` without the key, where a server between repeats it."""
        for secret in self._secrets:
            for name in ("text", "request_id", "model", "fingerprint", "stop_reason", "reasoning", "echo"):
                value = getattr(completion, name)
                if value and secret in value:
                    completion = msgspec.structs.replace(completion, **{name: value.replace(secret, "***")})
        return completion

    async def close(self) -> None:
        await self.transport.close()


def engine_of(vendor: Vendor, wire: Wire, options: ModelOptions) -> str:
    """What beside the request decides the answer, so that the store tells such answers apart."""
    parts = [vendor.name, wire.name]
    parts += [f"{name} {value}" for name in _NAMED if (value := getattr(options, name))]
    if options.server_defaults:
        parts.append("server defaults")
    if options.omit:
        parts.append("without " + ",".join(sorted(options.omit)))
    if options.constrained is not None:
        parts.append(f"choices by {options.constrained}")
    if options.extra:
        parts.append(msgspec.json.encode(options.extra, order="deterministic").decode())
    return "; ".join(parts)


_NAMED = ("base_url", "api_version", "deployment", "resource", "region")


def open_vendor(name: str, rest: str, options: ModelOptions, base_dir: Path) -> ClosedModel:  # noqa: ARG001 - as openers are
    """Opener of every kind that is a row of `VENDORS`; `rest` is the model's name."""
    vendor = VENDORS[name]
    spec = f"{name}:{rest}"
    url = address(vendor, options, spec)
    key = _key(vendor, options, spec)
    try:
        wire = vendor.make(options)
    except WeighbridgeError as error:
        error.where = error.where or f"model {spec!r}"
        raise
    return ClosedModel(spec, vendor, rest, url, options, wire, key)


def _key(vendor: Vendor, options: ModelOptions, spec: str) -> str:
    """Its key; empty where it works without one and none is kept."""
    if vendor.keyless and options.key_env is None:
        named = any(os.environ.get(name, "").strip() for name in vendor.key_envs)
        if not named and not (vendor.key_envs and in_keyring(vendor.name)):
            return ""
    return key_for(vendor.name, vendor.key_envs, options.key_env, spec)


def address(vendor: Vendor, options: ModelOptions, spec: str) -> str:
    """The base address: the vendor's, or the one that the project names. The environment has no say in it."""
    where = f"model {spec!r}"
    if options.base_url is not None:
        url = options.base_url.rstrip("/")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise UsageError(
                "base_url must be an address such as https://host/v1, without password and query", where=where
            )
        if parts.scheme == "http" and not private(parts.hostname):
            raise UsageError("base_url must begin with https:// so that the key is not sent in clear", where=where)
        return url
    names = [name for _, name, _, _ in Formatter().parse(vendor.base_url) if name]
    for name in names:
        value = getattr(options, name)
        if not value:
            raise UsageError(
                f"{vendor.title} needs the option {name}",
                where=where,
                fix=f"say `{name}: ...` in the model's options",
            )
        if not all(letter.isalnum() or letter in "-_." for letter in value):
            raise UsageError(f"{name} {value!r} cannot stand in an address", where=where)
    return vendor.base_url.format(**{name: getattr(options, name) for name in names})
