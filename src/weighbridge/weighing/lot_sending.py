"""Sends lots: written down first, so that whatever happens to this process none is sent twice."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.batch.lots import Lots
from weighbridge.weighing.budget import Hold, Purse
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.job import Contender, Job
from weighbridge.weighing.lot_log import Lot, LotLog, Ordered


@dataclass(frozen=True, slots=True)
class Round:
    """Who sends, and under which limits."""

    contender: Contender
    lots: Lots
    purse: Purse
    halt: Halt
    log: LotLog
    holds: dict[str, tuple[Hold, Job]]


async def send(sending: Round, jobs: Mapping[str, Job]) -> tuple[list[Lot], dict[str, ModelError]]:
    """Hand in `jobs` (by key), as far as the purse goes; the lots, and the jobs that this format cannot say.

    What does not fit into the purse while other calls are under way is left for another round; where nothing at all
    fits, the run is halted. Raises ModelError where a lot could not be handed in.
    """
    format_ = sending.lots.format
    lots: list[Lot] = []
    refused: dict[str, ModelError] = {}
    lines: dict[str, bytes] = {}
    size = 0
    for key, job in jobs.items():
        try:
            line = sending.lots.line(key, job.request)
        except ModelError as error:
            refused[key] = error
            continue
        if lines and (len(lines) >= format_.most or size + len(line) + 1 > format_.most_bytes):
            lots.append(await _hand_in(sending, jobs, lines))
            lines, size = {}, 0
        hold = await _reserved(sending, job, waiting=not lines and not lots)
        if hold is None:
            break
        sending.holds[key] = (hold, job)
        lines[key] = line
        size += len(line) + 1
    if lines:
        lots.append(await _hand_in(sending, jobs, lines))
    return lots, refused


async def _reserved(sending: Round, job: Job, *, waiting: bool) -> Hold | None:
    """Money for one more request; only the first of a round waits for what other calls leave."""
    purse = sending.purse
    most = sending.contender.bill.at_most(job.request, batched=True) if purse.capped else 0.0
    if waiting:
        hold = await purse.reserve(most)
    else:
        hold = purse.try_reserve(most, asyncio.get_running_loop().time())
    if hold is None and purse.empty and waiting:
        sending.halt.call("budget")
    return hold


async def _hand_in(sending: Round, jobs: Mapping[str, Job], lines: Mapping[str, bytes]) -> Lot:
    """Send one lot. Raises ModelError where it did not arrive; then its money is free again."""
    try:
        return await _sent(sending, jobs, lines)
    except ModelError:
        for key in lines:
            hold, _ = sending.holds.pop(key)
            sending.purse.settle(hold, 0.0)
        raise


async def _sent(sending: Round, jobs: Mapping[str, Job], lines: Mapping[str, bytes]) -> Lot:
    contender, lots, log = sending.contender, sending.lots, sending.log
    model = contender.candidate.model
    lot = Lot(
        token=secrets.token_hex(8),
        spec=model.spec,
        engine=model.engine,
        source=contender.source,
        size=len(lines),
        after=await lots.newest(),
    )
    await log.mean(lot, [_ordered(key, jobs[key]) for key in lines])
    await log.step(lot.token, "sent")
    sent = msgspec.structs.replace(lot, step="sent", at=time.time())
    try:
        state = await lots.format.submit(lot.token, list(lines.values()))
    except ModelError as error:
        if error.status is not None and 300 <= error.status < 500 and error.status not in (408, 409):
            # Refused in so many words: nothing arrived.
            await log.step(lot.token, "over")
            raise
        found = await found_again(lots, log, sent)
        if found is None:
            await log.step(lot.token, "over")
            raise
        return found
    await log.step(lot.token, "known", state.id)
    return msgspec.structs.replace(lot, step="known", id=state.id)


def _ordered(key: str, job: Job) -> Ordered:
    request = job.request
    return Ordered(key, job.item_id, request.repeat, request.choices, request.logprobs, request.json_schema)


async def found_again(lots: Lots, log: LotLog, lot: Lot) -> Lot | None:
    """A lot of which it is not known whether it arrived, as the vendor has it; None where it has not.

    A list may be a little behind: it is looked through until `Patience.settle` seconds after the lot was sent. Raises
    ModelError where the vendor's list cannot be had: then the lot is neither sent again nor given up.
    """
    keys = {order.key for order in log.orders(lot)}
    number = 0
    while True:
        state = await lots.find(lot.token, keys, lot.after, log.ids())
        if state is not None:
            await log.step(lot.token, "known", state.id)
            return msgspec.structs.replace(lot, step="known", id=state.id)
        rest = lot.at + lots.patience.settle - time.time()
        if rest <= 0:
            return None
        await asyncio.sleep(min(rest, lots.patience.waits(number)))
        number += 1
