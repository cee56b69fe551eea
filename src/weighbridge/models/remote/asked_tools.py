"""Tool calls put together from the pieces of a stream, in which several may be written at once."""

from __future__ import annotations

from typing import Any

import msgspec

from weighbridge.evidence import ToolCall


class FunctionPiece(msgspec.Struct):
    name: str | None = None
    arguments: Any = None
    """Text; some servers send the decoded object."""


class ToolPiece(msgspec.Struct):
    """One entry of a delta's or a message's ``tool_calls``."""

    index: int | None = None
    id: str | None = None
    function: FunctionPiece | None = None


class AskedTools:
    """Grows by `add`; `calls` gives them in the order in which they began."""

    __slots__ = ("_at", "_begun", "_last")

    def __init__(self) -> None:
        self._begun: list[_Begun] = []
        self._at: dict[int, _Begun] = {}
        """By index, the call that is being written there."""
        self._last: _Begun | None = None

    def __bool__(self) -> bool:
        return bool(self._begun)

    def add(self, piece: ToolPiece) -> None:
        """Take one piece: by its index; without one, by whether it names a call of its own."""
        call = self._last if piece.index is None else self._at.get(piece.index)
        # Some servers give every call of a turn the same index: another id is another call.
        if call is None or (piece.id and call.id and piece.id != call.id):
            call = _Begun()
            self._begun.append(call)
        if piece.index is not None:
            self._at[piece.index] = call
        self._last = call
        call.id = call.id or piece.id or ""
        if piece.function is not None:
            call.name = call.name or piece.function.name or ""
            arguments = piece.function.arguments
            if arguments is not None:
                text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
                call.arguments.append(text)

    def whole(self, piece: ToolPiece) -> None:
        """Take one call of a whole message."""
        self._last = None
        self._at.clear()
        self.add(piece)

    def calls(self) -> list[ToolCall] | None:
        """The calls, or None where there are none."""
        if not self._begun:
            return None
        return [
            ToolCall(call.id or f"call_{number}", call.name, "".join(call.arguments).strip() or "{}")
            for number, call in enumerate(self._begun)
        ]


class _Begun:
    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
