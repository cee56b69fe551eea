"""Engines for the tests of hosting: real `Batcher`s that a child process loads by their dotted path."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Usage
from weighbridge.models.local.batch import Description, Done, Emit, Failure, More, no_more
from weighbridge.models.protocol import Request
from weighbridge.tasks.item import Message


class Spelling:
    """Spells the prompt letter by letter, a round for all calls at once, as a decoder does."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings

    def describe(self) -> Description:
        return Description("spelling 1", "speller", "causal", 100, "plain", notes=("it only spells",))

    def render(self, messages: Sequence[Message]) -> str:
        if messages[0].content == "refuse":
            raise UsageError("these messages are refused", fix="other messages")
        return "|".join(message.content for message in messages)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if "bad" in texts:
            raise UsageError("a bad text")
        return [[float(len(text)), 1.0] for text in texts]

    def run(self, calls: Sequence[Request], done: Done, more: More = no_more, emit: Emit | None = None) -> None:
        rows: dict[int, list[str]] = {}
        count, together = 0, 0

        def take(fresh: Sequence[Request]) -> None:
            nonlocal count
            for call in fresh:
                self._command(call.messages[0].content)
                if call.messages[0].content == "wrong":
                    done(count, Failure("this call is wrong", fix="another call"))
                elif call.messages[0].content == "half a letter":
                    done(count, Completion("\ud800"))
                elif call.messages[0].content != "forget":
                    rows[count] = ["", call.messages[0].content]
                count += 1

        take(calls)
        while rows:
            together = max(together, len(rows))
            time.sleep(float(self.settings.get("step", 0)))
            for number in list(rows):
                said, rest = rows[number]
                rows[number] = [said + rest[:1], rest[1:]]
                wanted = emit is None or emit(number, rest[:1]) is not False
                if len(rest) <= 1 or not wanted:
                    note = "" if wanted else " (given up)"
                    done(number, Completion(rows.pop(number)[0] + note, usage=Usage(1, together)))
            take(more())

    def _command(self, text: str) -> None:
        if text == "raise":
            raise ArithmeticError("a bug of the engine")
        if text == "memory":
            raise MemoryError
        if text.startswith("signal "):
            print("a last word: fatal error", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.Signals[text.split()[1]])
        if text.startswith("exit "):
            os._exit(int(text.split()[1]))
        if text == "print":
            print("noise on stdout must not break the pipe")


def make(settings: dict[str, Any]) -> Spelling:
    match settings.get("fail"):
        case "usage":
            raise UsageError("the files are damaged", where="model.bin", fix="get them again")
        case "bug":
            raise ValueError("a bug\nof the factory")
        case "memory":
            raise MemoryError
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "slow":
            time.sleep(60)
    return Spelling(settings)
