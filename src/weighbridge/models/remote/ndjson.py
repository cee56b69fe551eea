"""JSON documents one a line, read as the bytes come (https://github.com/ndjson/ndjson-spec)."""

from __future__ import annotations


class LineReader:
    """Turns segments of a stream into whole lines; empty ones are skipped."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, segment: bytes) -> list[tuple[bytes, bytes]]:
        """The lines that `segment` completes, in order, each with an empty name."""
        lines = (self._pending + segment).split(b"\n") if self._pending else segment.split(b"\n")
        self._pending = lines.pop()
        return [(b"", line) for whole in lines if (line := whole.strip())]

    @property
    def rest(self) -> bytes:
        """What has come of a line that is not whole yet."""
        return self._pending
