"""What is odd about the template of a server that shows the text its model reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from weighbridge.models.protocol import ModelError
from weighbridge.tasks.item import Message

NO_TEMPLATE = "no chat template: messages are read as plain text, as for a base model"
_SAID, _TOLD = "Zq7 user text", "Zq8 system text"
_ASKED = Message("user", _SAID)


async def read_template(show: Callable[[Sequence[Message]], Awaitable[str]]) -> tuple[bool, tuple[str, ...]]:
    """Whether the model reads plain text for want of a template, and what to say of the one it has.

    `show` gives the text for messages. Nothing is generated. Raises ModelError where the server cannot be asked.
    """
    try:
        alone = await show([_ASKED])
    except ModelError as error:
        if error.kind != "bad_request" or "template" not in error.what.lower():
            raise
        return True, (NO_TEMPLATE,)
    if _SAID not in alone:
        return False, ("the chat template drops the user's message",)
    try:
        both = await show([Message("system", _TOLD), _ASKED])
    except ModelError as error:
        if error.kind not in ("bad_request", "server"):
            raise
        return False, ("the chat template refuses system messages",)
    if _TOLD not in both:
        return False, ("the chat template drops system messages",)
    return False, ()
