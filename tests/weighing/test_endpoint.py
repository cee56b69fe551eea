"""The gate of an endpoint: up slowly, half on complaints, Retry-After for everybody."""

import asyncio
import contextlib

from weighbridge.models.protocol import RateLimits
from weighbridge.weighing.endpoint import Endpoint


def loop_time() -> float:
    return asyncio.get_running_loop().time()


async def test_it_lets_no_more_than_its_limit_through():
    gate = Endpoint("e", first=3, most=3)
    inside = most = 0

    async def call() -> None:
        nonlocal inside, most
        await gate.enter()
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.001)
        inside -= 1
        gate.answered()
        gate.leave()

    await asyncio.gather(*(call() for _ in range(50)))
    assert most == 3
    assert gate.in_flight == 0


async def test_it_doubles_per_round_until_the_first_complaint_then_adds_one_per_round():
    gate = Endpoint("e", first=4, most=100)
    for _ in range(4):
        await gate.enter()
    for _ in range(4):
        gate.in_flight = int(gate.limit)
        gate.answered()
    assert gate.limit == 8
    assert gate.complained(loop_time(), None)
    assert gate.limit == 4
    for _ in range(4):
        gate.in_flight = int(gate.limit)
        gate.answered()
    assert 4.8 < gate.limit <= 5


async def test_an_unused_limit_does_not_grow():
    gate = Endpoint("e", first=4, most=100)
    await gate.enter()
    gate.answered()
    assert gate.limit == 4


async def test_calls_sent_before_the_halving_do_not_halve_again():
    gate = Endpoint("e", first=64, most=64)
    sent = loop_time()
    await asyncio.sleep(0.002)
    assert gate.complained(sent, None)
    assert not gate.complained(sent, None)
    assert gate.limit == 32
    await asyncio.sleep(0.002)
    assert gate.complained(loop_time(), None)
    assert gate.limit == 16


async def test_a_retry_after_holds_back_everybody():
    gate = Endpoint("e", first=8, most=8)
    gate.complained(loop_time(), 0.05)
    begin = loop_time()
    await asyncio.gather(*(gate.enter() for _ in range(4)))
    assert loop_time() - begin >= 0.045
    assert gate.in_flight == 4


async def test_a_caller_that_gives_up_waiting_takes_no_slot():
    gate = Endpoint("e", first=1, most=1)
    await gate.enter()
    waiting = asyncio.ensure_future(gate.enter())
    await asyncio.sleep(0)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    gate.leave()
    assert gate.in_flight == 0
    await asyncio.wait_for(gate.enter(), 1)


async def test_a_caller_cancelled_at_its_turn_hands_the_slot_on():
    gate = Endpoint("e", first=1, most=1)
    await gate.enter()
    first = asyncio.ensure_future(gate.enter())
    second = asyncio.ensure_future(gate.enter())
    await asyncio.sleep(0)
    gate.leave()
    first.cancel()
    await asyncio.wait_for(second, 1)
    assert gate.in_flight == 1


async def test_what_a_vendor_has_left_bounds_the_calls_under_way():
    gate = Endpoint("e", first=16, most=64)
    gate.in_flight = 10
    gate.heard(RateLimits(requests=100, requests_left=2, requests_reset=30.0))
    assert gate.limit == 12
    gate.heard(RateLimits(requests=100, requests_left=90, requests_reset=30.0))
    assert gate.limit == 12, "it grows back with answers, as after a refusal"


async def test_no_request_left_waits_for_the_next_not_for_all():
    gate = Endpoint("e", first=8, most=8)
    gate.heard(RateLimits(requests=100, requests_left=0, requests_reset=5.0))
    begin = loop_time()
    await gate.enter()
    assert 0.045 <= loop_time() - begin < 1


async def test_what_was_heard_once_is_not_waited_for_twice():
    gate = Endpoint("e", first=8, most=8)
    limits = RateLimits(tokens_left=0, tokens_reset=0.03)
    gate.heard(limits)
    await gate.enter()
    begin = loop_time()
    gate.heard(limits)
    gate.heard(None)
    await gate.enter()
    assert loop_time() - begin < 0.02
