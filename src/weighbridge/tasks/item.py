"""One row of the task."""

from __future__ import annotations

from typing import Any

import msgspec

from weighbridge.evidence import ToolCall


class Item(msgspec.Struct, frozen=True):
    """Input fields, the reference answer, and what the item belongs to."""

    id: str
    fields: dict[str, Any]
    """All columns of the row, as prompts see them."""
    reference: Any = None
    cluster: str | None = None
    """Items of one cluster (a conversation, a customer, a document) are not independent."""
    meta: dict[str, str] = {}
    line: int | None = None
    """Line (csv, jsonl) or row number in the file it came from, for error messages."""


class Image(msgspec.Struct, frozen=True):
    """A picture shown to the model: its bytes, or an address that the vendor fetches."""

    media_type: str = "image/png"
    data: bytes | None = None
    url: str | None = None


class Message(msgspec.Struct, frozen=True):
    """One turn of a rendered prompt."""

    role: str
    """``system``, ``user``, ``assistant`` or ``tool`` (the result of the call `tool_call_id`)."""
    content: str
    images: tuple[Image, ...] = ()
    """Shown before `content`."""
    tool_calls: tuple[ToolCall, ...] = ()
    """What the assistant asked for in this turn."""
    tool_call_id: str | None = None
    echo: str | None = None
    """`Completion.echo` of the answer that this assistant turn was."""
