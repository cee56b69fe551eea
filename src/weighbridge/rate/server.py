"""The page's server: this machine only, behind a secret in the address, deaf to other sites' pages."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.rate.session import Session
from weighbridge.rate.votes import Vote

if TYPE_CHECKING:
    from aiohttp import web

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""With every reply. No script runs but the page's own file, whatever an answer holds."""

ASSETS = {
    "": ("page.html", "text/html"),
    "page.css": ("page.css", "text/css"),
    "page.js": ("page.js", "text/javascript"),
}


class Ballotpaper(msgspec.Struct, forbid_unknown_fields=True):
    """What the page sends."""

    ballot: str
    vote: Vote


@dataclass(slots=True)
class Server:
    """Serves one session on 127.0.0.1 until `finished` is set."""

    session: Session
    port: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    failure: WeighbridgeError | None = None
    """Why it ended by itself: a vote that could not be written."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.token}/"

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until the rater finishes; `ready` gets the address. UsageError: the port is taken.

        Raises `WeighbridgeError` where a vote cannot be written.
        """
        from aiohttp import web

        application = web.Application(middlewares=[self._guard()], client_max_size=4096)
        application.router.add_get("/{token}/state", self._state)
        application.router.add_post("/{token}/vote", self._vote)
        application.router.add_post("/{token}/undo", self._undo)
        application.router.add_post("/{token}/finish", self._finish)
        application.router.add_get("/{token}/{name:(?:page\\.css|page\\.js)?}", self._asset)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            try:
                site = web.TCPSite(runner, "127.0.0.1", self.port)
                await site.start()
            except OSError as error:
                raise UsageError(
                    f"the port cannot be used: {error.strerror}",
                    where=f"127.0.0.1:{self.port}",
                    fix="name another --port, or leave it out for a free one",
                ) from None
            self.port = runner.addresses[0][1]
            ready(self.url)
            await self.finished.wait()
        finally:
            await runner.cleanup()
        if self.failure is not None:
            raise self.failure

    def _guard(self) -> Callable[..., Awaitable[web.StreamResponse]]:
        """Answers only to who knows the token, asks by our own name and comes from our own page.

        The Host header is checked because another site's name may be made to lead here (DNS rebinding), Origin
        because another site's page may post here.
        """
        from aiohttp import web

        @web.middleware
        async def guard(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            names = {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
            if request.headers.get("Host", "").lower() not in names:
                return web.Response(status=421, text="not this host\n", headers=HEADERS)
            given = request.match_info.get("token", "").encode("utf-8", "replace")
            if not hmac.compare_digest(given, self.token.encode()):
                return web.Response(status=404, text="no such page\n", headers=HEADERS)
            if request.method != "GET":
                origin = request.headers.get("Origin")
                if origin is not None and origin not in {f"http://{name}" for name in names}:
                    return web.Response(status=403, text="another site's page\n", headers=HEADERS)
                if request.content_type != "application/json":
                    return web.Response(status=415, text="JSON only\n", headers=HEADERS)
            reply = await handler(request)
            reply.headers.update(HEADERS)
            return reply

        return guard

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        name, kind = ASSETS[request.match_info["name"]]
        text = (files("weighbridge.rate") / name).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=kind, charset="utf-8")

    async def _state(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 - aiohttp's signature
        from aiohttp import web

        return web.json_response(self.session.state())

    async def _vote(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        try:
            said = msgspec.json.decode(await request.read(), type=Ballotpaper)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return web.json_response({"error": "not a vote"}, status=400)
        return self._changed(lambda: self.session.vote(said.ballot, said.vote))

    async def _undo(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 - aiohttp's signature
        return self._changed(self.session.undo)

    async def _finish(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 - aiohttp's signature
        from aiohttp import web

        # A moment, so that this reply is still sent.
        asyncio.get_running_loop().call_later(0.1, self.finished.set)
        return web.json_response({"finished": True})

    def _changed(self, change: Callable[[], bool]) -> web.StreamResponse:
        from aiohttp import web

        try:
            known = change()
        except (WeighbridgeError, OSError) as error:
            told = error if isinstance(error, WeighbridgeError) else None
            self.failure = told or WeighbridgeError(
                f"the preferences cannot be written: {getattr(error, 'strerror', error)}",
                where=str(self.session.out),
                fix="free some space, and start again: votes are kept",
            )
            asyncio.get_running_loop().call_later(0.1, self.finished.set)
            return web.json_response({"error": "the vote could not be written; see the terminal"}, status=500)
        if not known:
            return web.json_response({"error": "there is no such comparison"}, status=404)
        return web.json_response(self.session.state())
