"""What a load costs, and from which volume hosting is cheaper than paying by the call."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from weighbridge.audit.target import find_target
from weighbridge.errors import UsageError
from weighbridge.evidence import Load, Price
from weighbridge.sizing import (
    BreakEven,
    Hosting,
    Interval,
    break_even,
    calls,
    device,
    hosting,
    hour_of,
    measured,
    rates,
    serving_cost,
    shape_of,
)
from weighbridge.sizing.calls import DAYS
from weighbridge.sizing.energy import powered, serving_energy, training_energy
from weighbridge.sizing.interval import exactly
from weighbridge.sizing.serving import HOURS_A_MONTH, SECONDS_A_DAY

SHAPE = shape_of(find_target("llama-3.1-8b"))
LOAD = Load(requests_per_day=20_000, input_tokens=1000, output_tokens=300)
PRICE = Price(input_per_million=1.0, output_per_million=4.0, cached_per_million=0.1, batch_share=0.5)


HOUR = Interval(2.0, 2.5, 3.5)


def host(load: Load = LOAD, per_hour: Interval | float = HOUR, **more) -> Hosting:
    return hosting(SHAPE, "H100", 1, load, per_hour=per_hour, **more)


def at(requests: float, **more) -> Load:
    return Load(
        requests_per_day=requests,
        **{"input_tokens": 1000, "output_tokens": 300, "peak_to_mean": 3.0} | more,
    )


LOADS = st.builds(
    at,
    st.floats(1, 2e6),
    peak_to_mean=st.floats(1, 15),
    input_tokens=st.floats(20, 6000),
    output_tokens=st.floats(5, 1500),
)


@settings(max_examples=25, deadline=None)
@given(LOADS)
def test_a_bill_is_in_order_and_machines_are_never_overfull(load):
    cost = serving_cost(host(load), load)
    for one in (cost.machines, cost.utilisation, cost.per_month, cost.per_million_input, cost.per_million_output):
        assert 0 < one.low <= one.likely * (1 + 1e-9)
        assert one.likely <= one.high * (1 + 1e-9)
    assert cost.utilisation.high <= 1
    assert cost.machines.low >= 1 + cost.hosting.spare
    # The parts are the whole: input and output tokens pay the bill between them.
    tokens = load.input_tokens * cost.per_million_input.likely + load.output_tokens * cost.per_million_output.likely
    assert tokens / 1e6 * cost.requests_per_month == pytest.approx(cost.per_month.likely)


@settings(max_examples=25, deadline=None)
@given(LOADS, st.floats(1.01, 3))
def test_a_token_is_cheaper_with_volume_until_another_machine_is_needed(load, more):
    larger = replace_load(load, load.requests_per_day * more)
    one, two = (serving_cost(host(load), each) for each in (load, larger))
    assume(one.machines == two.machines)
    assert two.per_million.likely < one.per_million.likely
    assert two.per_month == one.per_month
    assert two.utilisation.likely > one.utilisation.likely


def replace_load(load: Load, requests: float) -> Load:
    return at(
        requests,
        peak_to_mean=load.peak_to_mean,
        input_tokens=load.input_tokens,
        output_tokens=load.output_tokens,
    )


@settings(max_examples=30, deadline=None)
@given(LOADS, st.integers(0, 3))
def test_spares_never_lower_the_bill(load, spare):
    fewer, more = (serving_cost(host(load, spare=count), load) for count in (spare, spare + 1))
    assert more.per_month.low > fewer.per_month.low
    assert more.utilisation.likely < fewer.utilisation.likely


@settings(max_examples=30, deadline=None)
@given(LOADS, st.floats(1, 4))
def test_a_steeper_day_never_takes_fewer_machines(load, steeper):
    flat, steep = (
        serving_cost(host(load), at(load.requests_per_day, peak_to_mean=peak)).machines
        for peak in (load.peak_to_mean, min(20, load.peak_to_mean * steeper))
    )
    assert steep.likely >= flat.likely


def test_units_by_hand():
    load = at(86_400, peak_to_mean=1.0)
    plain = rates(SHAPE, device("H100"), 1, input_tokens=1000, output_tokens=300)
    one = host(load, per_hour=3.0, found=measured(plain, 3000.0))
    cost = serving_cost(one, load)
    assert one.rates.requests.likely == pytest.approx(10.0)  # 3000 tokens a second, 300 an answer
    assert cost.peak == pytest.approx(1.0)
    assert cost.machines == exactly(2)
    assert cost.per_month.likely == pytest.approx(2 * 3.0 * 730.5)
    assert cost.utilisation.likely == pytest.approx(1 / 20)
    assert cost.per_request.likely == pytest.approx(2 * 3.0 * 730.5 / (86_400 * 30.4375))
    assert cost.per_million.likely == pytest.approx(cost.per_request.likely / 1300 * 1e6)
    assert pytest.approx(730.5) == HOURS_A_MONTH


def test_a_measured_rate_has_no_band_of_rates():
    plain = rates(SHAPE, device("H100"), 1, input_tokens=1000, output_tokens=300)
    one = host(per_hour=3.0, found=measured(plain, 2000.0))
    assert one.rates.source == "measured"
    bill = serving_cost(one, LOAD).per_month
    assert bill.low == bill.high


@settings(max_examples=15, deadline=None)
@given(LOADS, st.floats(0.05, 30), st.floats(0.2, 8), st.integers(0, 2), st.floats(0, 5000))
def test_crossings_are_where_the_bills_cross(load, price, hour, spare, people):
    one = host(load, per_hour=Interval(hour, hour * 1.2, hour * 1.5), spare=spare, people_per_month=people)
    found = break_even(one, load, Price(input_per_million=price / 4, output_per_million=price), points=8)
    for part in ("low", "likely", "high"):
        first, lasting = getattr(found.first, part), getattr(found.lasting, part)

        def gap(volume: float, part: str = part) -> float:
            point = found.at(volume)
            return (getattr(point.own, part) - point.by_call) / point.by_call

        if first is None:
            assert lasting is None
            assert all(gap(10.0**power) > -1e-9 for power in (2, 4, 6, 8))
            continue
        assert gap(first) == pytest.approx(0, abs=1e-6)
        assert gap(first * (1 + 1e-9)) < 1e-9  # the first time may end at once, with another machine
        assert all(gap(first * share) > 0 for share in (0.999, 0.9, 0.5, 0.1, 0.01))
        if lasting is not None:
            assert lasting >= first * (1 - 1e-9)
            assert gap(lasting) == pytest.approx(0, abs=1e-6)
            assert all(gap(lasting * more) < 0 for more in (1.001, 1.1, 1.5, 2, 3.3, 10, 100))
    ends = [found.first.low, found.first.likely, found.first.high]
    there = [end for end in ends if end is not None]
    assert there == sorted(there)
    assert [end is None for end in ends] == sorted(end is None for end in ends)  # None only at the dear end


def test_between_the_crossings_hosting_is_dearer_again_for_a_while():
    load = at(100, input_tokens=1000, output_tokens=300)
    found = break_even(host(load), load, Price(input_per_million=0.05, output_per_million=0.7))
    first, lasting = found.first.likely, found.lasting.likely
    assert lasting > 1.1 * first
    dearer = [p.requests for p in found.points if first < p.requests < lasting and p.own.likely > p.by_call]
    cheaper = [p.requests for p in found.points if first < p.requests < lasting and p.own.likely < p.by_call]
    assert dearer
    assert cheaper
    assert all(p.own.likely <= p.by_call * (1 + 1e-9) for p in found.points if p.requests >= lasting)
    assert all(p.own.likely >= p.by_call * (1 - 1e-9) for p in found.points if p.requests <= first)


def curve(**more) -> BreakEven:
    return break_even(host(), LOAD, PRICE, **more)


def test_the_curve_is_drawn_round_the_crossing_and_the_load():
    found = curve()
    volumes = [point.requests for point in found.points]
    assert volumes == sorted(volumes)
    assert volumes[0] < min(found.first.low, LOAD.requests_per_day * DAYS)
    assert volumes[-1] > max(found.lasting.high, LOAD.requests_per_day * DAYS)
    for a, b in zip(found.points, found.points[1:], strict=False):
        assert b.own.likely >= a.own.likely
        assert b.by_call > a.by_call
    steps = {point.machines.likely for point in found.points}
    assert steps >= {2, 3, 4}  # whole machines, one after the other
    assert found.first.daily()[1] == pytest.approx(found.first.likely / DAYS)


def test_which_is_cheaper_follows_the_band():
    found = curve()
    assert found.cheaper(found.first.low * 0.5) == "calls"
    assert found.cheaper(found.lasting.high * 3) == "own"
    assert found.cheaper(found.first.likely) == "open"
    assert found.now.requests == pytest.approx(LOAD.requests_per_day * DAYS)


def test_a_price_below_a_full_machine_is_never_crossed():
    found = break_even(host(), LOAD, Price(input_per_million=0.001, output_per_million=0.004))
    assert found.first.low is None
    assert found.lasting.high is None
    assert found.cheaper() == "calls"
    assert break_even(host(), LOAD, Price(input_per_million=0, output_per_million=0)).first.likely is None


def test_people_and_spares_push_the_crossing_out():
    plain = curve().first.likely
    assert break_even(host(people_per_month=4000), LOAD, PRICE).first.likely > plain
    assert break_even(host(spare=2), LOAD, PRICE).first.likely > plain
    assert break_even(host(spare=0), LOAD, PRICE).first.likely < plain


def test_a_bill_by_the_call_by_hand():
    plain = calls(PRICE, LOAD)
    assert plain.per_request == pytest.approx((1000 * 1.0 + 300 * 4.0) / 1e6)
    assert calls(PRICE, LOAD, cached=0.5).per_request == pytest.approx((500 + 500 * 0.1 + 1200) / 1e6)
    assert calls(PRICE, LOAD, batched=0.5).per_request == pytest.approx(plain.per_request * 0.75)
    assert plain.month(1e6) == pytest.approx(2200)
    assert plain.per_million == pytest.approx(2200 / 1.3 / 1000)


def test_long_requests_pay_the_tier():
    from weighbridge.evidence.price import Tier

    tiered = Price(input_per_million=1.0, output_per_million=4.0, tiers=(Tier(200_000, 2.0, 6.0),))
    long, near = (at(100, input_tokens=size) for size in (300_000, 100_000))
    assert calls(tiered, long).per_request == pytest.approx((300_000 * 2 + 300 * 6) / 1e6)
    assert "tier" in calls(tiered, near).notes[0]
    assert calls(tiered, LOAD).notes == ()


def test_what_a_price_does_not_know_is_said():
    bare = Price(input_per_million=1.0, output_per_million=4.0)
    bill = calls(bare, LOAD, cached=0.5, batched=0.5)
    assert bill.per_request == pytest.approx(0.0022)
    assert len(bill.notes) == 2


def test_requests_that_can_wait_fill_quiet_hours():
    busy = at(3_000_000, peak_to_mean=6.0)
    now, later = (break_even(host(busy), busy, PRICE, batched=share) for share in (0.0, 0.6))
    assert later.own.machines.likely < now.own.machines.likely
    assert later.own.machines.likely * later.own.hosting.rates.requests.likely >= 3_000_000 / SECONDS_A_DAY
    assert later.by_call.per_request < now.by_call.per_request


@pytest.mark.parametrize(
    ("price", "more", "told"),
    [
        (Price(per_hour=3.0), {}, "by the hour"),
        (Price(input_per_million=1.0), {}, "input and output"),
        (Price(), {}, "input and output"),
        (PRICE, {"cached": 1.5}, "cached share"),
        (PRICE, {"batched": -0.1}, "batched share"),
        (PRICE, {"least": 10.0, "most": 5.0}, "curve"),
        (PRICE, {"points": 1}, "curve"),
    ],
)
def test_what_cannot_be(price, more, told):
    with pytest.raises(UsageError, match=told):
        break_even(host(), LOAD, price, **more)


def test_a_load_without_lengths():
    with pytest.raises(UsageError, match="how long"):
        hosting(SHAPE, "H100", 1, Load(requests_per_day=5), per_hour=2)
    with pytest.raises(UsageError, match="how long"):
        calls(PRICE, Load(requests_per_day=5))


def test_hours_of_the_catalogue():
    price = hour_of(device("H100"))
    assert 0 < price.low <= price.likely <= price.high
    with pytest.raises(UsageError, match="knows no price") as raised:
        hosting(SHAPE, device("A30"), 1, LOAD)
    assert "--price-per-hour" in str(raised.value)
    with pytest.raises(UsageError, match="below 0"):
        host(per_hour=-1.0)


def test_a_model_by_its_facts_and_hardware_by_its_name():
    facts = find_target("llama-3.1-8b").facts
    assert facts is not None
    assert hosting(facts, "H100", 1, LOAD, per_hour=2.0) == hosting(SHAPE, device("H100"), 1, LOAD, per_hour=2.0)


def test_electricity_is_paid_twice_over_by_the_idle():
    one = host(per_hour=0.0)
    paid = powered(one, 0.25)
    used = serving_energy(serving_cost(one, LOAD))
    assert used is not None
    bill = serving_cost(paid, LOAD).per_month
    for end in ("low", "likely", "high"):
        assert getattr(bill, end) == pytest.approx(0.25 * getattr(used.kwh, end), rel=1e-6)
    crossed = break_even(paid, LOAD, PRICE)
    point = crossed.at(crossed.first.likely)
    assert point.own.likely == pytest.approx(point.by_call)
    with pytest.raises(UsageError, match="kWh"):
        powered(one, -1)


def test_energy_by_hand():
    cost = serving_cost(host(), LOAD)
    used = serving_energy(cost, carbon=100.0)
    assert used is not None
    hardware = device("H100").watts * 730.5 / 1000  # kWh a month at the design power
    assert used.kwh.low > 0.1 * hardware * cost.machines.low
    assert used.kwh.high < 2.3 * hardware * cost.machines.high
    assert used.co2_kg.likely == pytest.approx(used.kwh.likely * 0.1)
    assert used.kwh_per_million.likely == pytest.approx(used.kwh.likely / (cost.requests_per_month * 1300 / 1e6))
    assert serving_energy(replace_watts(cost)) is None
    with pytest.raises(UsageError, match="CO2"):
        serving_energy(cost, carbon=-5)


def replace_watts(cost):
    found = cost.hosting.rates
    bare = replace(found, fit=replace(found.fit, device=replace(found.fit.device, watts=None)))
    return replace(cost, hosting=replace(cost.hosting, rates=bare))


@pytest.mark.parametrize(
    ("model", "hours", "published"),
    [("LLaMA 65B", 1_022_362, 449), ("BLOOM", 1_082_990, 433)],
)
def test_published_energy_of_training_lies_within(model, hours, published):
    """MWh, all on A100 of 400 W: Touvron and others (2023), Luccioni and others (2023)."""
    used = training_energy(exactly(hours), device("A100"))
    assert used is not None
    assert used.kwh.holds(published * 1000), (model, used.kwh)
