"""One answer as it grows: its tokens, its text, and whether it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weighbridge.evidence import Completion, Finish, Usage
from weighbridge.models.local.batch import Emit
from weighbridge.models.local.torch.constrain import Choices
from weighbridge.models.local.torch.constrain_json import Follow
from weighbridge.models.local.torch.detokenise import Detokeniser, Stops
from weighbridge.models.local.torch.sampling import Chooser


class Answer:
    """A call under way. `take` is given each token; once it says so, `completion` is the outcome."""

    def __init__(
        self,
        number: int,
        prompt: str,
        ids: Sequence[int],
        most: int,
        ends: frozenset[int],
        stops: Sequence[str],
        chooser: Chooser,
        detokeniser: Detokeniser,
        emit: Emit | None,
    ) -> None:
        self.number = number
        self.prompt = prompt
        self.ids = list(ids)
        """The prompt's tokens."""
        self.most = most
        """Most tokens of the answer."""
        self.chooser = chooser
        self.last = -1
        """The latest token."""
        self._ends = ends
        self._count = 0
        self._pending: list[int] = []
        self._detokeniser = detokeniser
        self._stops = Stops(stops)
        self._emit = emit
        # Text is made token by token only where something must see it so.
        self._watched = bool(stops) or emit is not None or chooser.logprobs
        self._tokens: list[tuple[str, float]] = []
        self._finish: Finish | None = None

    def take(self, token: int, logprob: float | None) -> bool:
        """Add a token; whether the answer is done."""
        self.last = token
        self._count += 1
        rule = self.chooser.rule
        if isinstance(rule, Choices):
            if logprob is not None and token not in self._ends:
                self._tokens.append((self._detokeniser.add(token), logprob))
            self._finish = None if rule.done is None else Finish.STOP
            return self._finish is not None
        if token in self._ends:
            self._finish = Finish.STOP
        else:
            self._write(token, logprob)
            if self._stops.found or (isinstance(rule, Follow) and rule.done):
                self._finish = Finish.STOP
            elif self._finish is None and self._count >= self.most:
                self._finish = Finish.LENGTH
        return self._finish is not None

    def _write(self, token: int, logprob: float | None) -> None:
        if not self._watched:
            self._pending.append(token)
            return
        begin = len(self._stops.text)
        piece = self._detokeniser.add(token)
        told = self._stops.add(piece)
        if logprob is not None and not (self._stops.found and begin >= len(self._stops.text)):
            self._tokens.append((piece, logprob))
        self._tell(told)

    def _tell(self, text: str) -> None:
        if text and self._emit is not None and self._emit(self.number, text) is False:
            # Nobody waits for the rest.
            self._finish = Finish.LENGTH

    def completion(self) -> Completion:
        rule = self.chooser.rule
        if isinstance(rule, Choices):
            text = rule.done or ""
            self._tell(text)
        else:
            for token in self._pending:
                self._stops.add(self._detokeniser.add(token))
            self._tell(self._stops.add(self._detokeniser.rest()) + self._stops.rest())
            text = self._stops.text
        return Completion(
            text,
            self._finish or Finish.LENGTH,
            Usage(input_tokens=len(self.ids), output_tokens=self._count),
            logprobs=self._tokens if self.chooser.logprobs else None,
            prompt=self.prompt,
        )


def rule_done(rule: Any) -> bool:
    """Whether an answer is known before its first token: only one choice was given."""
    return isinstance(rule, Choices) and rule.done is not None
