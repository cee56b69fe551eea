"""One row of the task."""

from __future__ import annotations

from typing import Any

import msgspec


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


class Message(msgspec.Struct, frozen=True):
    """One turn of a rendered prompt."""

    role: str
    """``system``, ``user`` or ``assistant``."""
    content: str
