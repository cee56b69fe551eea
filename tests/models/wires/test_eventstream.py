"""Amazon's event stream beside botocore's own reader of it."""

from __future__ import annotations

import struct
from contextlib import suppress
from itertools import pairwise
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer, ParserError
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.wires.eventstream import EventStreamReader, headers_of


def header(name: str, value: Any, kind: int = 7) -> bytes:
    key = name.encode()
    head = bytes([len(key)]) + key + bytes([kind])
    match kind:
        case 0 | 1:
            return head
        case 2 | 3 | 4 | 5 | 8:
            return head + struct.pack({2: ">b", 3: ">h", 4: ">i", 5: ">q", 8: ">q"}[kind], value)
        case 9:
            return head + value
        case _:
            data = value if isinstance(value, bytes) else value.encode()
            return head + struct.pack(">H", len(data)) + data


def message(headers: bytes, payload: bytes) -> bytes:
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return body + struct.pack(">I", crc32(body))


def event(kind: str, payload: bytes) -> bytes:
    return message(header(":message-type", "event") + header(":event-type", kind), payload)


VALUES = st.one_of(
    st.tuples(st.just(0), st.none()),
    st.tuples(st.just(1), st.none()),
    st.tuples(st.just(2), st.integers(-128, 127)),
    st.tuples(st.just(3), st.integers(-(2**15), 2**15 - 1)),
    st.tuples(st.just(4), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.sampled_from([5, 8]), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(6), st.binary(max_size=20)),
    st.tuples(st.just(7), st.text(max_size=20)),
    st.tuples(st.just(9), st.binary(min_size=16, max_size=16)),
)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(lambda name: not name.startswith(":"))


@given(
    st.lists(st.tuples(st.dictionaries(NAMES, VALUES, max_size=5), st.binary(max_size=40)), max_size=4),
    st.lists(st.integers(0, 500), max_size=8),
)
@settings(max_examples=150, deadline=None)
def test_messages_are_read_as_botocore_reads_them(
    messages: list[tuple[dict[str, Any], bytes]], places: list[int]
) -> None:
    raw = [
        (b"".join(header(name, value, kind) for name, (kind, value) in some.items()), body) for some, body in messages
    ]
    stream = b"".join(message(headers, payload) for headers, payload in raw)
    theirs = EventStreamBuffer()
    theirs.add_data(stream)
    reader, found = EventStreamReader(), []
    at = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    for first, last in pairwise(at):
        found += reader.feed(stream[first:last])
    assert reader.rest == b""
    for (headers, _), (_, payload), other in zip(raw, found, theirs, strict=True):
        assert payload == other.payload
        mine = {
            name: value.bytes if isinstance(value, UUID) else value for name, value in headers_of(headers).items()
        }
        assert mine == {name: _plain(value) for name, value in other.headers.items()}


def _plain(value: object) -> object:
    return value.bytes if isinstance(value, UUID) else value


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_a_changed_byte_is_never_an_event(place: int, change: int) -> None:
    stream = bytearray(event("messageStop", b'{"stopReason": "end_turn"}'))
    stream[place % len(stream)] ^= change
    theirs = EventStreamBuffer()
    theirs.add_data(bytes(stream))
    with pytest.raises((ParserError, StopIteration)):
        next(theirs)
    reader, found = EventStreamReader(), []
    with suppress(ModelError):
        found = reader.feed(bytes(stream))
    assert found == []


def test_one_byte_at_a_time_and_what_is_left() -> None:
    stream = event("a", b"1") + event("b", b"")
    reader = EventStreamReader()
    found = [pair for at in range(len(stream)) for pair in reader.feed(stream[at : at + 1])]
    assert found == [(b"a", b"1"), (b"b", b"")]
    assert reader.feed(stream[:7]) == []
    assert reader.rest == stream[:7]


def test_exceptions_and_errors_have_names_of_their_own() -> None:
    thrown = message(header(":message-type", "exception") + header(":exception-type", "throttlingException"), b"{}")
    coded = message(
        header(":message-type", "error") + header(":error-code", "Boom") + header(":error-message", "no"), b""
    )
    found = EventStreamReader().feed(thrown + coded)
    assert found == [(b"exception:throttlingException", b"{}"), (b"error:Boom", b"no")]


@pytest.mark.parametrize(
    "headers", [b"\x05ab", b"\x01a", b"\x01a\x0b", b"\x01a\x07\x00\x05ab", b"\x01\xff\x00", b"\x01a\x04\x00"]
)
def test_headers_that_are_none_are_malformed(headers: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        EventStreamReader().feed(message(headers, b""))
    assert caught.value.kind == "malformed"


def test_an_impossible_length_is_malformed_at_once() -> None:
    prelude = struct.pack(">II", 2**31, 0)
    with pytest.raises(ModelError):
        EventStreamReader().feed(prelude + struct.pack(">I", crc32(prelude)))
    with pytest.raises(ModelError):
        EventStreamReader().feed(b"HTTP/1.1 502 Bad")
