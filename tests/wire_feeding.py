"""Feeds a reader of a wire format with a stream that is cut anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from weighbridge.evidence import Completion
from weighbridge.models.protocol import Request, Sampling
from weighbridge.models.remote.sse import EventReader
from weighbridge.models.remote.wires.protocol import AnswerReader
from weighbridge.tasks.item import Message

ASKED = Request((Message("user", "hello"),), Sampling(max_tokens=32))


def sse(events: Iterable[Any], *, ending: bytes = b"\n", named: bool = False, done: bool = False) -> bytes:
    """The events as server-sent events; `named` adds ``event:`` lines from their ``type``."""
    lines: list[bytes] = []
    for event in events:
        if named:
            lines.append(b"event: " + event["type"].encode())
        lines += [b"data: " + json.dumps(event, ensure_ascii=False).encode(), b""]
    if done:
        lines += [b"data: [DONE]", b""]
    return ending.join(lines) + ending


def fed(reader: AnswerReader, segments: Sequence[bytes]) -> tuple[str, AnswerReader]:
    """(the text that came piece by piece, the reader) after all segments."""
    events = EventReader()
    text = ""
    for segment in segments:
        for name, data in events.feed(segment):
            text += reader.add(name, data)
    return text, reader


def cuts(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """`stream` cut at `places`."""
    marks = sorted({place for place in places if 0 < place < len(stream)})
    return [stream[a:b] for a, b in zip([0, *marks], [*marks, len(stream)], strict=True)]


def whole(reader: AnswerReader, document: Any) -> Completion:
    """The completion of one JSON document."""
    reader.document(json.dumps(document).encode())
    return reader.completion()
