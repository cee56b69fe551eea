"""Server-sent events, read as the bytes come.

Follows https://html.spec.whatwg.org/multipage/server-sent-events.html, section 9.2.6: lines end in LF, CR or CRLF,
a blank line ends an event, lines that start with a colon are comments, several data lines are joined by LF. Bytes
are not decoded here, so a character that two segments share stays whole.
"""

from __future__ import annotations

_BOM = b"\xef\xbb\xbf"


class EventReader:
    """Turns segments of a stream into the data of whole events.

    `feed` returns ``(event name, data)`` pairs; an event that the stream's end cuts short is never returned, as the
    standard asks.
    """

    __slots__ = ("_data", "_name", "_pending", "_started")

    def __init__(self) -> None:
        self._pending = b""
        self._data: list[bytes] = []
        self._name = b""
        self._started = False

    def feed(self, segment: bytes) -> list[tuple[bytes, bytes]]:
        """The events that `segment` completes, in order."""
        pending = self._pending + segment if self._pending else segment
        if not self._started:
            if len(pending) < 3 and _BOM.startswith(pending):
                self._pending = pending
                return []
            self._started = True
            pending = pending.removeprefix(_BOM)
        if b"\r" in pending:
            # A CR at the very end may be the first half of CRLF: keep it until the next byte tells.
            held = pending.endswith(b"\r")
            body = pending[:-1] if held else pending
            pending = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + (b"\r" if held else b"")
        lines = pending.split(b"\n")
        self._pending = lines.pop()
        events: list[tuple[bytes, bytes]] = []
        for line in lines:
            if not line:
                if self._data:
                    events.append((self._name, self._data[0] if len(self._data) == 1 else b"\n".join(self._data)))
                    self._data = []
                self._name = b""
            elif line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif line == b"data":
                self._data.append(b"")
            elif line.startswith(b"event:"):
                self._name = line[6:].removeprefix(b" ")
        return events

    @property
    def rest(self) -> bytes:
        """What has come of an event that is not whole yet."""
        return b"\n".join([*self._data, self._pending])
