"""Addresses of servers as spec strings write them, and the key that goes with them."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from weighbridge.errors import UsageError
from weighbridge.models.options import ModelOptions

_SECRET_WORDS = ("key", "token", "secret", "sig", "password", "auth")
_FORM = "write http://host:port/v1#model, for example http://127.0.0.1:8000/v1#qwen3-8b"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and which of its models is meant."""

    url: str
    """Without a slash at its end; ``/v1`` where the spec names no path."""
    model: str
    endpoint: str
    """Scheme, host and port."""
    home: bool
    """Whether the host is this machine or one of a private network."""


def address_of(spec: str) -> Address:
    """The address in `spec`. Raises UsageError for one that cannot be, or that carries a secret."""
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
    return Address(f"{endpoint}{path}", name.strip(), endpoint, private(host))


def private(host: str) -> bool:
    """Whether `host` is this machine or one of a private network: an address of such a range, or a bare name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith((".local", ".localhost", ".internal", ".lan", ".home.arpa"))
    return address.is_loopback or address.is_private or address.is_link_local


def key_of(options: ModelOptions, spec: str) -> str | None:
    """The key from the environment variable that `key_env` names. Raises UsageError where that holds none."""
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


def _shown(spec: str) -> str:
    """`spec` without what stands before an @ in its host."""
    scheme, slashes, rest = spec.partition("//")
    return f"{scheme}{slashes}***@{rest.rpartition('@')[2]}" if "@" in rest.partition("#")[0] else spec
