"""The actor that holds one engine on a node.

Ray carries this class to the nodes by value, so that it runs on a node where Weighbridge is missing or of another
version, and can say so. That is why nothing but the standard library is imported above, and why what comes back is
made of plain types.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any


class EngineActor:
    """Asynchronous: Ray runs its calls side by side."""

    def __init__(self) -> None:
        self._station: Any = None

    async def meet(self) -> dict[str, str]:
        """Who the node is, and with what it works: ``weighbridge`` is empty where it is not installed."""
        import platform
        import socket

        try:
            from weighbridge import __version__ as version
        except ImportError:
            version = ""
        return {"host": socket.gethostname(), "python": platform.python_version(), "weighbridge": version}

    async def accelerated(self, spec: str, options: bytes) -> bool:
        """Whether the engine of `spec` would use a GPU of this node."""
        from weighbridge.models.cluster.station import uses_gpu

        return uses_gpu(spec, options)

    async def open(self, spec: str, options: bytes, base_dir: str, key: tuple[str, str] | None) -> tuple[str, bytes]:
        """Open the model, without loading it: ``("opened", Identity)`` or ``("failed", Told)``."""
        from weighbridge.models.cluster.station import Station

        tag, data, self._station = await Station.open(spec, options, base_dir, key)
        return tag, data

    async def ask(self, method: str, data: bytes) -> tuple[str, bytes]:
        """One call: ``("done", pickled result)``, ``("failed", Told)``, or ``("closed", b"")`` after a restart."""
        if self._station is None:
            return "closed", b""
        return await self._station.answer(method, data)  # type: ignore[no-any-return]  # Any: not imported above

    async def stream(self, data: bytes) -> AsyncIterator[tuple[str, bytes]]:
        """``("piece", text)`` any number of times, then as `ask`."""
        if self._station is None:
            yield "closed", b""
            return
        async for one in self._station.pieces(data):
            yield one

    async def close(self) -> None:
        if self._station is not None:
            await self._station.close()
