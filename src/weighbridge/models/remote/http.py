"""``http://host:port/v1#model``: any OpenAI-compatible server, and what those of open models offer beyond."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import msgspec

from weighbridge.errors import nearest
from weighbridge.evidence import Completion, Side
from weighbridge.models.abilities import adjusted
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, Known, ModelError, Reading, Request
from weighbridge.models.remote.address import address_of, key_of
from weighbridge.models.remote.bundle import Bundler
from weighbridge.models.remote.client import ChatClient
from weighbridge.models.remote.embedding import embeddings
from weighbridge.models.remote.servers import extras
from weighbridge.models.remote.servers.found import Found, Name, parsed
from weighbridge.models.remote.servers.offers import engine_of, offer_of, resolved
from weighbridge.models.remote.servers.recognise import recognise
from weighbridge.models.remote.servers.service import Service
from weighbridge.tasks.item import Message

_UNVERSIONED: frozenset[Name] = frozenset({"openai", "transformers"})
"""Servers that do not say their version."""


@dataclass(slots=True)
class HttpModel:
    """A model behind a server. `complete` makes one attempt; the session is made with the first call.

    What the server is, is declared (`server:`) or found by `prepare`; until then it counts as declared, and what an
    open `auto` hides as absent.
    """

    spec: str
    endpoint: str
    """Scheme, host and port: what the server's rate limits belong to."""
    side: Side
    options: ModelOptions
    """As the project gives them."""
    client: ChatClient = field(repr=False)
    home: bool
    """Whether the server is on this machine or a private network."""
    found: Found
    simulated: bool = False
    prepared: bool = False
    capabilities: Capabilities = field(init=False)
    engine: str = field(init=False)
    _bundler: Bundler | None = field(default=None, init=False, repr=False)
    _looking: asyncio.Lock | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._become(self.found)

    @property
    def revision(self) -> str:
        """As the project says, or the server: TGI its model's commit, Ollama its model's digest."""
        return self.options.revision or self.found.revision

    @property
    def concurrency(self) -> int:
        return self.options.concurrency or self.found.slots or 8

    @property
    def service(self) -> Service:
        return Service(self.client.transport, self.client.url, self.client.model)

    async def prepare(self, known: Sequence[Known] = ()) -> None:
        """Ask the server what it is, and how its model reads messages: once, by pages that cost nothing.

        Where it does not answer, it is taken for what `known` says it was.
        """
        if self.prepared:
            return
        if self._looking is None:
            self._looking = asyncio.Lock()
        async with self._looking:
            if self.prepared:
                return
            found = await recognise(self.service, self.options.server, self.home)
            whole = found is not None and (bool(found.version) or found.name in _UNVERSIONED)
            if not whole:
                # It is away, or too busy to tell its version.
                found = self._known(known, None if found is None else found.name) or found
            if found is not None:
                self._become(await self._read(found) if whole else found)
            # What was found decides how connections are kept.
            await self.client.close()
            self.prepared = True

    async def _read(self, found: Found) -> Found:
        """`found` with what its template is like, where it shows that."""
        if not offer_of(found).renders or self.options.template == "plain":
            return found
        try:
            plain, notes = await extras.read_template(found, self.service, self.options)
        except ModelError:
            # A page may be closed (by a key, a proxy); the answers themselves do not hang on it.
            return found
        return msgspec.structs.replace(found, plain=plain, notes=(*found.notes, *notes))

    def _known(self, known: Sequence[Known], name: Name | None) -> Found | None:
        """What the latest of the earlier runs with these options found; `name` where that much is known today."""
        wanted = self.options.server if name is None and self.options.server != "auto" else name
        for one in reversed(known):
            was = parsed(one.engine)
            if was is None or wanted not in (None, was.name):
                continue
            was = msgspec.structs.replace(was, revision="" if self.options.revision else one.revision)
            if engine_of(self.options, was) == one.engine:
                return was
        return None

    def _become(self, found: Found) -> None:
        if self.options.template != "auto":
            found = msgspec.structs.replace(found, plain=self.options.template == "plain")
        self.found = found
        used = resolved(self.options, found)
        offer = offer_of(found)
        self.engine = engine_of(self.options, found)
        self.capabilities = Capabilities(
            choices=used.constrained != "none",
            json_schema=bool(used.json_schema),
            logprobs=bool(used.logprobs),
            scoring=bool(used.scoring),
            embeddings=bool(used.embeddings),
            streaming=used.stream,
            seed=offer.seed and "seed" not in used.omit,
        )
        self.capabilities = adjusted(self.capabilities, self.options)
        self.client.options = used
        self.client.plain = found.plain
        # llama.cpp's server closes a connection after 100 requests, whatever may be on its way.
        self.client.transport.reuse = found.name != "llama.cpp"
        self._bundler = Bundler(self.client) if used.bundle else None

    async def complete(self, request: Request) -> Completion:
        self._check(request)
        try:
            if request.continuations is not None:
                return await self._score(request)
            if self._bundler is not None:
                return await self._bundler.complete(request)
            return await self.client.complete(request)
        except ModelError as error:
            if error.status == 404:
                names = await self.client.models()
                if names and self.client.model not in names:
                    error.fix = f"the server has no model {self.client.model!r}; {nearest(self.client.model, names)}"
            raise

    def _check(self, request: Request) -> None:
        """Raise ModelError for what nobody said that this server has: servers leave unknown fields unheeded."""
        can = self.capabilities
        images = any(message.images for message in request.messages)
        needs = {"tools": bool(request.tools), "images": images}
        needs["reasoning_effort"] = request.sampling.reasoning_effort is not None
        for name, needed in needs.items():
            if needed and not getattr(can, name):
                raise ModelError(
                    f"the model is not known to have {name}",
                    kind="bad_request",
                    where=self.spec,
                    fix=f"say `can: [{name}]` in its options where it has",
                )

    async def _score(self, request: Request) -> Completion:
        if not self.capabilities.scoring:
            title = self.found.title or "a plain OpenAI-compatible server"
            raise ModelError(
                f"{title} is not known to score given continuations",
                kind="dead",
                where=self.spec,
                fix="weigh by `protocol: choice` or `generate`; or say `scoring: true` where it was set up to",
            )
        begin = perf_counter()
        answer = await extras.score(self.found, self.service, request, self.options)
        usage = msgspec.structs.replace(answer.usage, duration=perf_counter() - begin)
        return msgspec.structs.replace(answer, usage=usage)

    async def stream(self, request: Request) -> AsyncIterator[str]:
        async for text in self.client.stream(request):
            yield text

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, in order. Raises ModelError."""
        return await embeddings(self.service, texts)

    async def rendered(self, request: Request) -> str | None:
        """The text the model reads for `request`; None where the server does not show it. Raises ModelError."""
        return await self._shown(request.messages)

    async def _shown(self, messages: Sequence[Message]) -> str | None:
        return await extras.shown(self.found, self.service, messages, self.options)

    async def reading(self) -> Reading:
        """``unknown`` for servers that do not show what their models read."""
        await self.prepare()
        if self.found.plain:
            return Reading("plain", self.found.notes)
        if offer_of(self.found).renders:
            return Reading("chat", self.found.notes)
        return Reading("plain" if self.capabilities.scoring else "unknown", self.found.notes)

    async def close(self) -> None:
        await self.client.close()


def open_http(rest: str, options: ModelOptions, base_dir: Path) -> HttpModel:  # noqa: ARG001 - an opener's form
    """Opener of ``http:``; `rest` begins with the two slashes."""
    return _open(f"http:{rest}", options)


def open_https(rest: str, options: ModelOptions, base_dir: Path) -> HttpModel:  # noqa: ARG001 - an opener's form
    """Opener of ``https:``; `rest` begins with the two slashes."""
    return _open(f"https:{rest}", options)


def _open(spec: str, options: ModelOptions) -> HttpModel:
    address = address_of(spec)
    key = key_of(options, spec)
    return HttpModel(
        spec=spec,
        endpoint=address.endpoint,
        side=options.side or ("open" if address.home else "closed"),
        options=options,
        client=ChatClient(address.url, address.model, options, spec, key, proxies=not address.home),
        home=address.home,
        found=Found("openai" if options.server == "auto" else options.server),
        prepared=options.server == "openai",
    )
