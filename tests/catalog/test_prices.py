"""Prices: what they make of a call's usage, and what the shipped ones must keep to."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.catalog.checks import odd, remarks
from weighbridge.catalog.naming import folded, undated, vendor_and_model
from weighbridge.catalog.prices import Point, PriceBook, Row, parsed, price_book, shipped_prices
from weighbridge.catalog.quote import current, quote, quote_of
from weighbridge.errors import UsageError
from weighbridge.evidence import Price, Tier, Usage

TODAY = date(2026, 11, 21)


@pytest.fixture(autouse=True)
def nobodys_prices(monkeypatch, tmp_path):
    monkeypatch.delenv("WEIGHBRIDGE_PRICES", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def used(tokens_in: int, out: int, **more) -> Usage:
    return Usage(input_tokens=tokens_in, output_tokens=out, **more)


# Reckoned by hand from the vendors' prices per million tokens.
BY_HAND = [
    ("openai:gpt-4.1", used(1_000, 500), 0.006),
    ("openai:gpt-4.1", used(1_000, 500, batched=True), 0.003),
    ("openai:gpt-4.1-2025-04-14", used(10_000, 0, cached_tokens=8_000), 0.004 + 0.004),
    ("openai:gpt-4o-2024-05-13", used(1_000_000, 1_000_000), 20.0),
    ("openai:gpt-4o", used(1_000_000, 1_000_000), 12.5),
    ("openai:gpt-5", used(2_000, 3_000, reasoning_tokens=2_500), 0.0025 + 0.03),
    ("openai:o3", used(100, 1_000, batched=True), (0.0002 + 0.008) / 2),
    ("anthropic:claude-sonnet-4-5", used(100_000, 1_000), 0.3 + 0.015),
    ("anthropic:claude-sonnet-4-5-20250929", used(300_000, 1_000), 1.8 + 0.0225),
    ("anthropic:claude-sonnet-4-5", used(10_000, 100, cache_write_tokens=9_000), 0.003 + 0.03375 + 0.0015),
    ("anthropic:claude-sonnet-4-5", used(10_000, 100, cached_tokens=9_000), 0.003 + 0.0027 + 0.0015),
    ("anthropic:claude-haiku-4-5", used(1_000, 1_000, batched=True), 0.003),
    ("google:gemini-2.5-pro", used(200_000, 1_000), 0.25 + 0.01),
    ("gemini:gemini-2.5-pro", used(200_001, 1_000), 0.5000025 + 0.015),
    ("gemini:gemini-2.5-pro", used(400_000, 0, cached_tokens=400_000), 0.1),
    ("https://api.openai.com/v1#gpt-4.1-mini", used(1_000_000, 0), 0.4),
    ("mistral:mistral-large-2512", used(1_000_000, 1_000_000), 2.0),
    ("deepseek:deepseek-v4-pro", used(1_000_000, 1_000_000), 1.74 + 3.48),
]


@pytest.mark.parametrize(("spec", "usage", "money"), BY_HAND)
def test_the_bill_of_a_call_is_as_reckoned_by_hand(spec, usage, money):
    found = quote(spec, today=TODAY)
    assert found is not None
    assert found.price.call(usage) == pytest.approx(money, rel=1e-12)


def test_reasoning_tokens_with_a_price_of_their_own_leave_the_rest_of_the_answer():
    price = Price(input_per_million=1, output_per_million=2, reasoning_per_million=10)
    assert price.call(used(0, 1_000, reasoning_tokens=400)) == pytest.approx((600 * 2 + 400 * 10) / 1e6)


def test_a_batch_halves_tokens_and_not_what_is_paid_per_request():
    price = Price(input_per_million=2, output_per_million=4, per_request=0.01, batch_share=0.5)
    assert price.call(used(1_000_000, 0, batched=True)) == pytest.approx(1.01)
    assert Price(input_per_million=2).call(used(1_000_000, 0, batched=True)) == pytest.approx(2.0)


def test_tokens_that_were_not_reported_have_no_price():
    assert Price(input_per_million=1).call(Usage()) is None
    assert Price(output_per_million=1, tiers=(Tier(10, output_per_million=2),)).call(Usage(input_tokens=20)) is None


money = st.none() | st.floats(0, 1000)
tiers = st.lists(
    st.builds(Tier, st.integers(1, 10_000), money, money, money, money), max_size=3, unique_by=lambda tier: tier.above
).map(tuple)
prices = st.builds(
    Price,
    input_per_million=st.floats(0, 1000),
    output_per_million=st.floats(0, 1000),
    cached_per_million=money,
    cache_write_per_million=money,
    reasoning_per_million=money,
    per_request=money,
    batch_share=st.none() | st.floats(0, 1),
    tiers=tiers,
)


@given(prices, st.integers(0, 20_000), st.integers(0, 20_000), st.data())
def test_no_call_costs_more_than_the_dearest_of_its_length(price, tokens_in, out, data):
    usage = used(
        tokens_in,
        out,
        cached_tokens=data.draw(st.integers(0, tokens_in)),
        cache_write_tokens=data.draw(st.integers(0, 2 * tokens_in)),
        reasoning_tokens=data.draw(st.integers(0, out)),
        batched=data.draw(st.booleans()),
    )
    bound = data.draw(st.integers(tokens_in, 30_000))
    most = price.dearest(bound).call(used(bound, out))
    cost = price.call(usage)
    assert cost is not None
    assert most is not None
    assert cost <= most * (1 + 1e-9) + 1e-12


def test_every_shipped_price_has_a_source_and_a_date_and_makes_sense():
    book = price_book()
    assert 100 < len(book.rows) < 600
    ids = [row.id for row in shipped_prices().prices]
    assert len(ids) == len(set(ids))
    names = [(row.vendor, folded(row.model)) for row in shipped_prices().prices]
    assert len(names) == len(set(names))
    for row in book.rows.values():
        assert row.currency == "USD"
        for point in row.points:
            assert point.source in book.sources
            assert point.seen is not None
            assert "2024-01-01" < point.seen <= "2026-11-21"
            assert not odd(point), row.id
    assert sum(row.points[0].batch is not None for row in book.rows.values()) > 10


def test_what_every_shipped_name_means_is_found_again():
    book = price_book()
    for row in shipped_prices().prices:
        for name in (row.model, *row.aliases):
            assert book.find(row.vendor, name).id == row.id


def test_the_age_of_a_price_and_the_quarrel_about_it_are_said():
    point = Point("a", input=1, output=2, seen="2026-11-01")
    other = Point("b", input=1, output=5, seen="2026-10-01")
    row = Row("v", "m", (other, point))
    found = quote_of(row, today=TODAY)
    assert (found.price.output_per_million, found.age, found.old) == (5, 20, False)
    assert found.spread == {"output": (2, 5)}
    assert "sources disagree (output 2 to 5)" in found.words()
    assert "a, b, 2026-11-01" in found.words()
    later = quote_of(row, today=date(2027, 3, 2))
    assert later.old
    assert "old: read 121 days ago" in later.words()
    assert not quote_of(row, today=date(2027, 3, 1)).old
    assert {one.kind for one in remarks(PriceBook({}, {row.id: row}), TODAY)} == {"disagree"}
    assert {one.kind for one in remarks(PriceBook({}, {row.id: row}), date(2027, 6, 1))} == {"disagree", "old"}


def test_a_price_that_was_overtaken_is_history_and_no_quarrel():
    old = Point("a", input=30, seen="2024-01-30")
    new = Point("b", input=2, seen="2026-08-05")
    assert current(Row("v", "m", (old, new)), TODAY) == (new,)
    until = Point("c", input=2, seen="2026-08-05", until="2026-09-01")
    since = Point("c", input=3, seen="2026-08-05", since="2026-09-01")
    before = Point("a", input=2, seen="2026-08-20")
    row = Row("v", "m", (before, until, since))
    assert current(row, TODAY) == (since,)
    assert {point.input for point in current(row, date(2026, 8, 25))} == {2}
    assert quote_of(Row("v", "m", (until,)), today=TODAY) is None


@pytest.mark.parametrize(
    ("spec", "base_url", "named"),
    [
        ("openai:gpt-4.1", None, ("openai", "gpt-4.1")),
        ("gemini:gemini-2.5-pro", None, ("google", "gemini-2.5-pro")),
        ("anyllm:mistral/mistral-large-2512", None, ("mistral", "mistral-large-2512")),
        ("https://api.groq.com/openai/v1#llama-3.1-8b-instant", None, ("groq", "llama-3.1-8b-instant")),
        ("https://me.openai.azure.com/openai/v1#gpt-4.1", None, ("azure", "gpt-4.1")),
        ("https://api.openai.com.evil.example/v1#gpt-4.1", None, None),
        ("http://127.0.0.1:8000/v1#gpt-4.1", None, None),
        ("openai:gpt-4.1", "http://127.0.0.1:9/v1", None),
        ("openai:gpt-4.1", "https://api.openai.com/v1", ("openai", "gpt-4.1")),
        ("openai:", None, None),
        ("nothing", None, None),
        ("http://[broken#x", None, None),
    ],
)
def test_who_bills_for_a_spec(spec, base_url, named):
    assert vendor_and_model(spec, base_url) == named


def test_what_is_not_known_stays_unknown():
    for spec in ("openai:gpt-9", "gguf:smollm2", "python:rules.answer", "openai:gpt-4.1-turbo"):
        assert quote(spec) is None


def test_a_date_at_the_end_of_a_name_is_no_other_model():
    assert [undated(name) for name in ("gpt-4.1-2025-04-14", "claude-3-haiku-20240307", "x-latest", "o3")] == [
        "gpt-4.1",
        "claude-3-haiku",
        "x",
        "o3",
    ]
    found = quote("openai:gpt-4.1-2031-01-01")
    assert found is not None
    assert "taken for gpt-4.1-2031-01-01" in found.words()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"sources": {}, "prices": [{"vendor": "v", "model": "m", "points": []}]}', "prices[0].points"),
        (
            '{"sources": {}, "prices": [{"vendor": "v", "model": "m", "points": [{"source": "x", "input": 1}]}]}',
            "v/m",
        ),
        (
            '{"sources": {"x": {"what": ""}}, "prices": [{"vendor":"v","model":"m","points": [{"source": "x"}]}]}',
            "no date",
        ),
        (
            '{"sources": {}, "prices": [{"vendor": "v", "model": "m", "points": [{"source": "x", "input": -1}]}]}',
            "input",
        ),
        ('{"sources": {},\n "prices": [', "f.json:2"),
        ("sources: {a: [}", "f.json:1"),
    ],
)
def test_a_damaged_file_of_prices_is_told_with_its_place(text, told):
    with pytest.raises(UsageError) as caught:
        parsed(text.encode(), "f.json")
    assert told in str(caught.value)
    assert caught.value.fix
