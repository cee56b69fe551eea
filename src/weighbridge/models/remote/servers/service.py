"""One model of one server, and JSON in and out of any of its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from weighbridge.models.protocol import ErrorKind, ModelError
from weighbridge.models.remote.transport import Page, Transport

T = TypeVar("T")

LOOK = 5.0
"""Seconds a server has to say what it is."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Service:
    """Where the pages are."""

    transport: Transport
    url: str
    """Address up to and with ``/v1``."""
    model: str

    @property
    def root(self) -> str:
        """Address of the pages that are not OpenAI's, such as ``/tokenize``."""
        return self.url.removesuffix("/v1")

    async def ask(self, url: str, body: dict[str, Any], kind: type[T]) -> T:
        """POST `body` to `url`, and the answer as `kind`. Raises ModelError."""
        found = await self.transport.post(url, _encode(body))
        try:
            return msgspec.json.decode(found, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as broken:
            page = url.removeprefix(self.root)
            raise self.error(f"the server's answer to {page} cannot be read ({broken})", "malformed") from None

    async def look(self, url: str) -> Page | None:
        """GET `url` within `LOOK` seconds; None where nothing came."""
        return await self.transport.get(url, LOOK)

    def error(self, what: str, kind: ErrorKind, fix: str | None = None) -> ModelError:
        """An error of a call that was answered, and so may be billed."""
        return ModelError(what, kind=kind, where=self.transport.where, fix=fix, usage_may_be_billed=True)


def read(page: Page | None, kind: type[T]) -> T | None:
    """The page as `kind`; None where it is not there or holds something else."""
    if page is None or page.status != 200:
        return None
    try:
        return msgspec.json.decode(page.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
