"""Every spelling of how long to wait."""

from __future__ import annotations

from email.utils import formatdate
from time import asctime, gmtime, strftime, tzset

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
        ({"Retry-After": asctime(gmtime(NOW + 90))}, "", 90.0),
        ({"Retry-After": strftime("%A, %d-%b-%y %H:%M:%S GMT", gmtime(NOW + 90))}, "", 90.0),
        ({"Retry-After": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(NOW + 90))}, "", 90.0),
        ({"Retry-After": f"{NOW + 90:.0f}"}, "", 90.0),
        ({"Retry-After": f"{NOW - 90:.0f}"}, "", 0.0),
        ({"x-ms-retry-after-ms": "250", "Retry-After": "1"}, "", 0.25),
        ({}, "Please try again in 59 seconds.", 59.0),
        ({}, "Please retry after 6 seconds. To raise the limit, ...", 6.0),
        ({}, "Retry in 500 milliseconds", 0.5),
        ({}, "try again after 2 minutes", 120.0),
        ({}, "Please wait 1 second and try again", 1.0),
        ({}, "try again in 5 moments", None),
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


def test_a_date_without_a_zone_is_in_gmt_wherever_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    tzset()
    try:
        assert retry_after({"retry-after": asctime(gmtime(NOW + 90))}, now=NOW) == 90.0
    finally:
        monkeypatch.undo()
        tzset()


def test_durations() -> None:
    assert duration("1h2m3.5s") == 3723.5
    assert duration("12") is None
    assert duration("1s later") is None
