"""``http://host:port/v1#model``: any OpenAI-compatible server."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Completion, Side
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Request
from weighbridge.models.remote.client import ChatClient

_SECRET_WORDS = ("key", "token", "secret", "sig", "password", "auth")


@dataclass(frozen=True, slots=True)
class HttpModel:
    """A model behind a server. `complete` makes one attempt; the session is made with the first one."""

    spec: str
    endpoint: str
    """Scheme, host and port: what the server's rate limits belong to."""
    side: Side
    revision: str
    engine: str
    capabilities: Capabilities
    concurrency: int
    client: ChatClient = field(repr=False)
    simulated: bool = False

    async def complete(self, request: Request) -> Completion:
        try:
            return await self.client.complete(request)
        except ModelError as error:
            if error.status == 404:
                names = await self.client.models()
                if names and self.client.model not in names:
                    error.fix = f"the server has no model {self.client.model!r}; {nearest(self.client.model, names)}"
            raise

    async def stream(self, request: Request) -> AsyncIterator[str]:
        async for text in self.client.stream(request):
            yield text

    async def close(self) -> None:
        await self.client.close()


def open_http(rest: str, options: ModelOptions, base_dir: Path) -> HttpModel:  # noqa: ARG001 - an opener's form
    """Opener of ``http:``; `rest` begins with the two slashes."""
    return _open(f"http:{rest}", options)


def open_https(rest: str, options: ModelOptions, base_dir: Path) -> HttpModel:  # noqa: ARG001 - an opener's form
    """Opener of ``https:``."""
    return _open(f"https:{rest}", options)


def _open(spec: str, options: ModelOptions) -> HttpModel:
    address, _, name = spec.partition("#")
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port  # raises for a port that is no number
    except ValueError as broken:
        raise UsageError(f"model {_shown(spec)!r} is no address: {broken}", fix=_FORM) from None
    if parts.username or parts.password:
        raise UsageError(
            f"model {_shown(spec)!r} carries a password",
            fix="take it out of the address; put the key in an environment variable and name it in key_env",
        )
    secret = [key for key, _ in parse_qsl(parts.query) if any(word in key.lower() for word in _SECRET_WORDS)]
    if secret:
        raise UsageError(
            f"the address of the model carries a secret ({secret[0]})",
            fix="take it out; put the key in an environment variable and name it in key_env",
        )
    if parts.query:
        raise UsageError(f"model {spec!r}: an address with a query (?{parts.query}) is not supported", fix=_FORM)
    if not host:
        raise UsageError(f"model {spec!r} names no host", fix=_FORM)
    if not name.strip():
        raise UsageError(
            f"model {spec!r} does not say which model of the server is meant", fix=f"add it: {spec}#NAME"
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions") or "/v1"
    endpoint = f"{parts.scheme}://{parts.netloc.lower()}"
    home = private(host)
    client = ChatClient(f"{endpoint}{path}", name.strip(), options, spec, _key(options, spec), proxies=not home)
    return HttpModel(
        spec=spec,
        endpoint=endpoint,
        side=options.side or ("open" if home else "closed"),
        revision=options.revision or "",
        engine=_engine(options),
        capabilities=Capabilities(
            choices=options.constrained != "none",
            json_schema=options.json_schema,
            logprobs=options.logprobs,
            streaming=options.stream,
            seed="seed" not in options.omit,
            fixed_concurrency=options.concurrency is not None,
        ),
        concurrency=options.concurrency or 8,
        client=client,
    )


_FORM = "write http://host:port/v1#model, for example http://127.0.0.1:8000/v1#qwen3-8b"


def private(host: str) -> bool:
    """Whether `host` is this machine or one of a private network: an address of such a range, or a bare name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith((".local", ".localhost", ".internal", ".lan", ".home.arpa"))
    return address.is_loopback or address.is_private or address.is_link_local


def _key(options: ModelOptions, spec: str) -> str | None:
    if options.key_env is None:
        return None
    key = os.environ.get(options.key_env, "").strip()
    if not key:
        raise UsageError(
            f"the environment variable {options.key_env} is not set",
            where=f"key_env of model {spec!r}",
            fix=f"export {options.key_env}=... before the run",
        )
    if not key.isascii() or not key.isprintable():
        raise UsageError(f"the key in {options.key_env} holds characters no key has", where=f"model {spec!r}")
    return key


def _engine(options: ModelOptions) -> str:
    """Names what beside the request decides the answer, so that the store tells such answers apart."""
    parts = ["chat completions"]
    if options.constrained != "none":
        parts.append(f"choices by {options.constrained}")
    if options.omit:
        parts.append("without " + ",".join(sorted(options.omit)))
    if options.extra:
        parts.append(msgspec.json.encode(options.extra, order="deterministic").decode())
    return "; ".join(parts)


def _shown(spec: str) -> str:
    """`spec` without what stands before an @ in its host."""
    scheme, slashes, rest = spec.partition("//")
    return f"{scheme}{slashes}***@{rest.rpartition('@')[2]}" if "@" in rest.partition("#")[0] else spec
