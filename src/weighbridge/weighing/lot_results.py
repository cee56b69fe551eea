"""From a lot that is over to answers in the store, part by part, each under its own key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.batch.lots import Lots, State
from weighbridge.store import Answer, Key, Store
from weighbridge.weighing.job import Contender, Job
from weighbridge.weighing.lot_log import Lot, LotLog, Ordered

PART = 256
"""Answers of one commit."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a lot brought beside answers."""

    orders: list[Ordered]
    """All its requests."""
    errors: dict[str, ModelError] = field(default_factory=dict)
    """By key: what the vendor said of those without an answer."""
    failed: State | None = None
    """The lot was refused whole."""
    gone: bool = False
    """The vendor does not know it any more."""

    def error(self, key: str, where: str) -> ModelError:
        """Why there is no answer under `key`."""
        if key in self.errors:
            return self.errors[key]
        if self.failed is not None:
            why = self.failed.why or "no reason given"
            return ModelError(f"the vendor refused the batch: {why}", kind=self.failed.kind, where=where)
        if self.gone:
            return ModelError("the vendor does not know the batch any more", kind="server", where=where)
        return ModelError("the batch ended without an answer to this request", kind="server", where=where)


async def collect(
    contender: Contender,
    lots: Lots,
    lot: Lot,
    state: State,
    store: Store,
    log: LotLog,
    left: Mapping[str, Job],
    accept: Callable[[Job | None, Answer], None],
) -> Collected:
    """Bring every result of `lot` into the store, also of requests that nobody waits for now: they are paid for.

    `accept` is called for each answer once it is committed; only when all are is the lot written down as over, so
    that a process that dies meanwhile leaves it to be read again. Raises ModelError where the results cannot be had,
    and `StoreError`.
    """
    found = Collected(log.orders(lot))
    orders = {order.key: order for order in found.orders}
    part: list[Answer] = []

    async def commit() -> None:
        for answer in await store.put_many(part):
            accept(left.get(answer.key.hex()), answer)
        part.clear()

    async for result in lots.format.results(state):
        order = orders.pop(result.id, None)
        if order is None:
            # Not one of ours, or a second line for one: a key is answered once.
            continue
        try:
            completion = lots.completion(result, order.request)
        except ModelError as error:
            found.errors[order.key] = error
            continue
        cost = contender.bill.cost(completion.usage, None)
        key = Key(bytes.fromhex(order.key))
        part.append(Answer(key, completion, lot.source, order.item, order.repeat, cost))
        if len(part) >= PART:
            await commit()
    if part:
        await commit()
    await log.step(lot.token, "over")
    return found
