"""Answers token by token, many rows at once; a row that ends makes place for the next call.

What a request means (limits, stop texts, choices, seeds) is decided by the code that the engine of transformers uses;
only the steps of the model are others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.models.local.batch import Done, Emit, Failure, More
from weighbridge.models.local.onnx.choose import choose
from weighbridge.models.local.onnx.runner import Graphs, Rows, begin, joined
from weighbridge.models.local.onnx.text import Text
from weighbridge.models.local.torch.constrain import Choices, choice_tree
from weighbridge.models.local.torch.detokenise import Detokeniser
from weighbridge.models.local.torch.generate_answer import Answer, rule_done
from weighbridge.models.local.torch.generate_prompt import prompt_tokens
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.sampling import chooser
from weighbridge.models.protocol import Request

if TYPE_CHECKING:
    import numpy as np

_TOGETHER = 2048
"""Most tokens of prompts read in one batch: beyond that a processor gains nothing from more."""


def generate(
    graphs: Graphs, text: Text, calls: Sequence[Request], done: Done, more: More, emit: Emit | None, limits: Limits
) -> None:
    """Answer `calls` and those that `more` brings, which are numbered on."""
    line: deque[Answer] = deque()
    count = 0

    def take(requests: Sequence[Request]) -> None:
        nonlocal count
        for request in requests:
            number, count = count, count + 1
            try:
                answer = prepared(graphs, text, number, request, emit)
            except WeighbridgeError as error:
                done(number, Failure(error.what, fix=error.fix))
                continue
            if rule_done(answer.chooser.rule):
                done(number, answer.completion())
            else:
                line.append(answer)

    take(calls)
    take(more())
    room = _Room(graphs, limits, done)
    while line or room.answers:
        room.enter(line)
        room.step()
        take(more())


class _Room:
    """The answers under way, in the order of the rows."""

    def __init__(self, graphs: Graphs, limits: Limits, done: Done) -> None:
        self.answers: list[Answer] = []
        self._graphs = graphs
        self._limits = limits
        self._done = done
        self._rows: Rows | None = None

    def enter(self, line: deque[Answer]) -> None:
        """Read waiting prompts where there is place; with an encoder, all rows begin together."""
        while line and not (self._graphs.encoder is not None and self.answers):
            fresh = self._taken(line)
            if not fresh:
                return
            rows, logits = begin(self._graphs, [answer.ids for answer in fresh])
            kept = self._choose(logits, fresh)
            if not kept:
                continue
            if len(kept) < len(fresh):
                rows.keep(kept)
            self._rows = rows if self._rows is None else joined(self._rows, rows)
            self.answers += [fresh[at] for at in kept]

    def step(self) -> None:
        """A token more of every answer; those that are done leave."""
        import numpy as np

        if self._rows is None or not self.answers:
            return
        tokens = np.array([[answer.last] for answer in self.answers])
        logits = self._rows.step(tokens, np.ones_like(tokens), np.arange(len(self.answers)))
        kept = self._choose(logits, self.answers)
        if len(kept) < len(self.answers):
            self.answers = [self.answers[at] for at in kept]
            if kept:
                self._rows.keep(kept)
            else:
                self._rows = None

    def _taken(self, line: deque[Answer]) -> list[Answer]:
        """The first of `line` that fit beside those under way."""
        reach = max((len(answer.ids) + answer.most for answer in self.answers), default=0)
        fresh: list[Answer] = []
        longest = 0
        while line and len(self.answers) + len(fresh) < self._limits.rows:
            ids = len(line[0].ids)
            reach = max(reach, ids + line[0].most)
            longest = max(longest, ids)
            count = len(self.answers) + len(fresh) + 1
            if (count > 1 and count * reach > self._limits.tokens) or (
                fresh and (len(fresh) + 1) * longest > _TOGETHER
            ):
                break
            fresh.append(line.popleft())
        return fresh

    def _choose(self, logits: np.ndarray, answers: Sequence[Answer]) -> list[int]:
        """The next token of each; which of them go on."""
        kept = []
        chosen = choose(logits, [answer.chooser for answer in answers])
        for at, (answer, (token, logprob)) in enumerate(zip(answers, chosen, strict=True)):
            if answer.take(token, logprob):
                self._done(answer.number, answer.completion())
            else:
                kept.append(at)
        return kept


def prepared(graphs: Graphs, text: Text, number: int, request: Request, emit: Emit | None) -> Answer:
    """The answer to `request`, of which nothing is written yet. Raises UsageError for what cannot be answered."""
    manifest = graphs.manifest
    if not manifest.cached:
        raise UsageError(
            "this folder was exported without a cache: it scores given continuations and does not generate",
            fix="export it again without --no-cache",
        )
    if request.json_schema is not None:
        raise UsageError(
            "the ONNX engine cannot hold an answer to a JSON Schema", fix="use the model as path: or gguf:"
        )
    prompt, special = text.prompt(request.messages)
    ends = frozenset(manifest.eos)
    ids = prompt_tokens(text.as_loaded(), prompt, special, ends)
    limited = manifest.context is not None and manifest.kind != "seq2seq"
    room = (manifest.context or 0) - len(ids) if limited else request.sampling.max_tokens
    if room < 1:
        raise UsageError(
            f"the prompt has {len(ids)} tokens and the model holds {manifest.context}, one at least for the answer",
            fix="shorten the prompt (fewer examples, shorter texts), or use a model with a longer context",
        )
    stops = request.sampling.stop
    rule = None
    if request.choices is not None:
        causal = manifest.kind == "causal"
        tree = choice_tree(text.words, prompt, ids, special, request.choices, ends, causal)
        rule = Choices(tree, ends, whole=request.logprobs)
    return Answer(
        number,
        prompt,
        ids,
        min(request.sampling.max_tokens, room),
        # A stop text that is a token of its own never shows in the text.
        ends | {text.special[stop] for stop in stops if stop in text.special},
        stops,
        chooser(request.sampling, request.repeat, rule, request.logprobs),
        Detokeniser(text.words, [] if manifest.kind == "seq2seq" else ids),
        emit,
    )
