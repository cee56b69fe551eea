"""Every spelling of how long to wait."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from weighbridge.models.remote.retry_after import duration, retry_after

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "message", "expected"),
    [
        ({"Retry-After": "2"}, "", 2.0),
        ({"Retry-After": "0.25"}, "", 0.25),
        ({"retry-after": "-3"}, "", 0.0),
        ({"Retry-After": "20ms"}, "", 0.02),
        ({"Retry-After-Ms": "1500", "Retry-After": "2"}, "", 1.5),
        ({"Retry-After": formatdate(NOW + 90, usegmt=True)}, "", 90.0),
        ({"Retry-After": formatdate(NOW - 90, usegmt=True)}, "", 0.0),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, "", 360.0),
        ({}, "Rate limit reached. Please try again in 1.2s.", 1.2),
        ({}, "Please retry in 1m30s", 90.0),
        ({"Retry-After": "soon"}, "", None),
        ({"Retry-After": "nan"}, "", None),
        ({"Retry-After": "inf"}, "", None),
        ({}, "", None),
    ],
)
def test_spellings(headers: dict[str, str], message: str, expected: float | None) -> None:
    assert retry_after(CIMultiDict(headers), message, now=NOW) == pytest.approx(expected)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_breaks_it(value: str, message: str) -> None:
    for name in ("Retry-After", "retry-after-ms", "x-ratelimit-reset-requests"):
        found = retry_after(CIMultiDict({name: value}), message)
        assert found is None or 0 <= found < float("inf")


def test_durations() -> None:
    assert duration("1h2m3.5s") == 3723.5
    assert duration("12") is None
    assert duration("1s later") is None
