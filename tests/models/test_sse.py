"""The event reader gives the same events however the bytes are cut."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from weighbridge.models.remote.sse import EventReader

STREAM = (
    b"\xef\xbb\xbf: a comment\r\n"
    b'data: {"text": "caf\xc3\xa9 \xf0\x9f\xa6\x9c"}\r\n\r\n'
    b"event: error\ndata: one\ndata: two\n\n"
    b": ping\n\n\n"
    b"data:tight\rid: 7\r\r"
    b"data\n\n"
    b"retry: 10\r\ndata:  two spaces\r\n\r\n"
    b"data: [DONE]\n\n"
    b"data: never ended"
)
EVENTS = [
    (b"", '{"text": "café 🦜"}'.encode()),
    (b"error", b"one\ntwo"),
    (b"", b"tight"),
    (b"", b""),
    (b"", b" two spaces"),
    (b"", b"[DONE]"),
]


def read(*segments: bytes) -> list[tuple[bytes, bytes]]:
    reader = EventReader()
    return [event for segment in segments for event in reader.feed(segment)]


def test_whole_stream() -> None:
    assert read(STREAM) == EVENTS


def test_cut_at_every_byte() -> None:
    for cut in range(len(STREAM) + 1):
        assert read(STREAM[:cut], STREAM[cut:]) == EVENTS, cut


def test_byte_by_byte() -> None:
    assert read(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_cut_anywhere(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[a:b] for a, b in itertools.pairwise(edges))) == EVENTS


TEXT = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=20)
DATA = st.lists(TEXT, min_size=1, max_size=3)


@given(st.lists(DATA, max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.data())
def test_what_was_written_is_read(events: list[list[str]], end: str, data: st.DataObject) -> None:
    whole = "".join("".join(f"data: {line}{end}" for line in lines) + end for lines in events)
    raw = (whole + ": last" + end).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    edges = [0, *cuts, len(raw)]
    found = read(*(raw[a:b] for a, b in itertools.pairwise(edges)))
    assert [event for _, event in found] == ["\n".join(lines).encode() for lines in events]


def test_the_unfinished_event_is_kept() -> None:
    reader = EventReader()
    reader.feed(b"data: a\ndata: b")
    assert reader.rest == b"a\ndata: b"
