"""What each candidate was told about the first items drawn: gathered at the end of a run, and kept in the store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from weighbridge.evidence import Told
from weighbridge.models.protocol import ModelError, Reading, Rendering, Request
from weighbridge.store import Key, Shown, Store, StoreError, key_of
from weighbridge.tasks.item import Message
from weighbridge.tasks.task import Task
from weighbridge.weighing.answering import by_itself
from weighbridge.weighing.job import Contender
from weighbridge.weighing.ledger import Ledger
from weighbridge.weighing.order import DrawOrder
from weighbridge.weighing.ready import UNKNOWN, reading_of

SHOWN = 3
"""Items of each candidate whose prompts are kept: enough to see how it was asked, small beside the answers."""
PATIENCE = 20.0
"""Seconds that showing one prompt may take; a run's verdict does not wait longer for an illustration."""


async def told(
    task: Task, contender: Contender, order: DrawOrder, ledger: Ledger, store: Store, *, ask: bool = True
) -> tuple[tuple[Told, ...], Reading]:
    """What `contender` was told about the first items it was asked, and how its model reads messages.

    An engine that this run did not need is not started for it (and with `ask` False none is asked): then what an
    earlier run kept is shown, or the messages as they are sent.
    """
    if by_itself(contender.candidate):
        return (), UNKNOWN
    items = [int(item) for item in order.items if ledger.asked[contender.index, item]][:SHOWN]
    requests = [_request(task, contender, item) for item in items]
    keys = [key_of(contender.candidate.model, request) for request in requests]
    kept = store.prompts(keys)
    up = ask and contender.down is None and contender.answers > contender.from_store
    reading = await _reading(contender, kept, up)
    found, new = [], []
    for item, request, key in zip(items, requests, keys, strict=True):
        shown = kept.get(key)
        if shown is None or not shown.exact:
            text, exact = await _text(contender, item, request, up)
            if shown is None or exact:
                name = task.items[item].id
                shown = Shown(key, contender.source, name, text, exact, reading.template, reading.notes)
                new.append(shown)
        found.append(Told(shown.item, shown.text, shown.exact, request.continuations or ()))
    with contextlib.suppress(StoreError):
        # The answers are safe by now; what only illustrates them must not take the verdict away.
        await asyncio.to_thread(store.keep_prompts, new)
    return tuple(found), reading


def _request(task: Task, contender: Contender, item: int) -> Request:
    one = task.items[item]
    return contender.request(contender.candidate.prompt.render(one), one, 0)


async def _reading(contender: Contender, kept: dict[Key, Shown], up: bool) -> Reading:
    for shown in kept.values():
        if shown.template != "unknown" or shown.notes:
            return Reading(shown.template, shown.notes)
    if not up:
        return UNKNOWN
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            return await reading_of(contender.candidate)
    return UNKNOWN


async def _text(contender: Contender, item: int, request: Request, up: bool) -> tuple[str, bool]:
    """The text, and whether it is what the engine read."""
    heard = contender.heard.get(item)
    if heard is not None:
        return heard, True
    model = contender.candidate.model
    if up and isinstance(model, Rendering):
        with contextlib.suppress(ModelError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                rendered = await model.rendered(request)
                if rendered is not None:
                    return rendered, True
    return as_sent(request.messages), False


def as_sent(messages: Sequence[Message]) -> str:
    """Messages one after the other, each under its role."""
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in messages)
