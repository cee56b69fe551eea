"""Answers many calls at once: rows that are done leave, calls that come enter, every step writes a token of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from weighbridge.errors import WeighbridgeError
from weighbridge.models.local.batch import Done, Emit, Failure, More, no_more
from weighbridge.models.local.torch.decode import Decoder
from weighbridge.models.local.torch.generate_answer import Answer, rule_done
from weighbridge.models.local.torch.generate_prompt import begin, ready
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.sampling import choose
from weighbridge.models.protocol import Request

_AT_ONCE = 2048
"""Most tokens of prompts read in one pass: enough to keep the processor busy, little enough to hold."""


def generate(
    loaded: Loaded,
    calls: Sequence[Request],
    done: Done,
    more: More = no_more,
    emit: Emit | None = None,
    limits: Limits | None = None,
) -> None:
    """Answer `calls`, numbered from 0, and those that `more` brings meanwhile; as `batch.Batcher.run` describes.

    An answer does not depend on what else runs, but for rounding: sums over a batch of another size can differ in
    their last digits, which in bfloat16 can turn one likely token into another.
    """
    import torch

    room = Room(ready(loaded).decoder, limits or Limits())
    line: deque[Answer] = deque()
    count = 0

    def take(requests: Sequence[Request]) -> None:
        nonlocal count
        for request in requests:
            number, count = count, count + 1
            try:
                answer = begin(loaded, request, number, emit)
            except WeighbridgeError as error:
                done(number, Failure(error.what, fix=error.fix))
                continue
            if rule_done(answer.chooser.rule):
                done(number, answer.completion())
            else:
                line.append(answer)

    with torch.inference_mode():
        take(calls)
        take(more())
        while line or room.rows:
            for group in room.admit(line):
                room.enter(group, done)
            room.step(done)
            take(more())


class Room:
    """The answers under way, in the order of the decoder's rows."""

    def __init__(self, decoder: Decoder, limits: Limits) -> None:
        self._decoder = decoder
        self._limits = limits
        self.rows: list[Answer] = []
        for row in range(decoder.rows - 1, -1, -1):
            decoder.drop(row)  # left by a run that broke off

    def admit(self, line: deque[Answer]) -> list[list[Answer]]:
        """Takes from `line` those that fit now; prompts of like length together, none far longer than the others."""
        if self.rows and not self._decoder.joining:
            return []
        most = min(self._limits.rows, self._decoder.most or self._limits.rows)
        longest = max((_reach(answer) for answer in self.rows), default=0)
        taken: list[Answer] = []
        while line and len(self.rows) + len(taken) < most:
            longest = max(longest, _reach(line[0]))
            count = len(self.rows) + len(taken) + 1
            if count > 1 and count * longest > self._limits.tokens:
                break
            taken.append(line.popleft())
        if not self._decoder.joining:
            return [taken] if taken else []
        return _by_length(taken)

    def enter(self, group: list[Answer], done: Done) -> None:
        """Read the prompts of `group` and choose the first token of each."""
        logits = self._decoder.add([answer.ids for answer in group])
        begin = len(self.rows)
        self.rows += group
        self._choose(logits, begin, done)

    def step(self, done: Done) -> None:
        if self.rows:
            self._choose(self._decoder.step([answer.last for answer in self.rows]), 0, done)

    def _choose(self, logits: Any, begin: int, done: Done) -> None:
        """A token for each row from `begin` on; those that are done leave."""
        chosen = choose(logits, [answer.chooser for answer in self.rows[begin:]])
        over = [
            row
            for row, (answer, (token, logprob)) in enumerate(zip(self.rows[begin:], chosen, strict=True), begin)
            if answer.take(token, logprob)
        ]
        for row in reversed(over):
            answer = self.rows[row]
            last = self.rows.pop()
            if row < len(self.rows):
                self.rows[row] = last
            self._decoder.drop(row)
            done(answer.number, answer.completion())


def _reach(answer: Answer) -> int:
    """Positions that it may come to need."""
    return len(answer.ids) + answer.most


def _by_length(answers: list[Answer]) -> list[list[Answer]]:
    """Groups whose prompts have similar lengths, of at most `_AT_ONCE` tokens unless a single one has more."""
    groups: list[list[Answer]] = []
    for answer in sorted(answers, key=lambda answer: -len(answer.ids)):
        group = groups[-1] if groups else []
        longest = len(group[0].ids) if group else 0
        alike = 4 * len(answer.ids) >= 3 * longest or longest - len(answer.ids) <= 16
        if group and alike and (len(group) + 1) * longest <= _AT_ONCE:
            group.append(answer)
        else:
            groups.append([answer])
    return groups
