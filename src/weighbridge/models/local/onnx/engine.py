"""The engine of exported ONNX folders: hands each call to what carries it out. Needs no torch and no transformers."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.likeliest import likeliest
from weighbridge.models.local.batch import Description, Done, Emit, Failure, More, Outcome, no_more
from weighbridge.models.local.onnx.encode import classify, embed
from weighbridge.models.local.onnx.fill import fill
from weighbridge.models.local.onnx.generate import generate
from weighbridge.models.local.onnx.graph import installed
from weighbridge.models.local.onnx.manifest import read, told
from weighbridge.models.local.onnx.runner import Graphs, open_graphs
from weighbridge.models.local.onnx.score import Scorer
from weighbridge.models.local.onnx.text import Text, read_text
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.protocol import Request
from weighbridge.tasks.item import Message


class Settings(msgspec.Struct, frozen=True):
    """What an engine is made from; two with equal settings answer alike."""

    folder: str
    template: str = "auto"
    template_options: dict[str, Any] = {}
    rows: int = 32
    tokens: int = 16_384
    threads: int | None = None


def make(settings: dict[str, Any]) -> OnnxEngine:
    """The engine for `settings` (a `Settings` as a mapping). Raises UsageError for a folder that cannot be used."""
    said = msgspec.convert(settings, Settings)
    folder = Path(said.folder)
    installed(str(folder))
    manifest = read(folder)
    text = read_text(folder, manifest, said.template, said.template_options)
    limits = Limits(rows=said.rows, tokens=said.tokens, threads=said.threads)
    return OnnxEngine(open_graphs(folder, manifest, said.threads), text, limits)


class OnnxEngine:
    """A `Batcher` and a `Renderer` over the graphs of one folder."""

    def __init__(self, graphs: Graphs, text: Text, limits: Limits) -> None:
        self.graphs = graphs
        self.text = text
        self.limits = limits
        self.manifest = graphs.manifest
        self.scorer = Scorer(graphs, text, limits) if self.manifest.kind in ("causal", "seq2seq") else None

    def describe(self) -> Description:
        manifest = self.manifest
        return Description(
            engine=f"onnxruntime {importlib.metadata.version('onnxruntime')}, {manifest.dtype}, cpu",
            architecture=manifest.architecture,
            kind=manifest.kind,
            context=manifest.context,
            template="chat" if self.text.chat is not None else "plain",
            scoring=self.scorer.method if self.scorer else "",
            notes=(*self.text.notes, *told(manifest)),
        )

    def render(self, messages: Sequence[Message]) -> str:
        return self.text.prompt(messages)[0]

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return embed(self.graphs, self.text, texts, self.limits)

    def run(self, calls: Sequence[Request], done: Done, more: More = no_more, emit: Emit | None = None) -> None:
        intake = _Intake(calls, more)
        while intake.scoring or intake.writing:
            if intake.scoring:
                numbers, requests = intake.taken(intake.scoring)
                self._score(requests, renumbered(done, numbers))
            if intake.writing:
                numbers, requests = intake.taken(intake.writing)
                self._write(requests, numbers, done, intake, emit)
            intake.ask()

    def _write(
        self, requests: list[Request], numbers: list[int], done: Done, intake: _Intake, emit: Emit | None
    ) -> None:
        kind, finish = self.manifest.kind, renumbered(done, numbers)

        def more() -> list[Request]:
            intake.ask()
            fresh, calls = intake.taken(intake.writing)
            numbers.extend(fresh)
            return calls

        if kind in ("causal", "seq2seq"):
            pieces = None if emit is None else renumbered(emit, numbers)
            generate(self.graphs, self.text, requests, finish, more, pieces, self.limits)
        elif kind == "classifier":
            classify(self.graphs, self.text, requests, finish, self.limits)
        elif kind == "masked":
            fill(self.graphs, self.text, requests, finish, self.limits)
        else:
            for at in range(len(requests)):
                finish(at, Failure(f"a {self.manifest.architecture} encoder gives vectors and writes no text"))

    def _score(self, requests: list[Request], done: Done) -> None:
        if self.manifest.kind == "masked":
            fill(self.graphs, self.text, requests, done, self.limits)
            return
        if self.scorer is None:
            for at in range(len(requests)):
                done(at, Failure(f"a {self.manifest.kind} model scores no given continuations"))
            return
        outcomes: list[Outcome]
        try:
            outcomes = list(self._scored(self.scorer, requests))
        except WeighbridgeError:
            # One of them cannot be scored: the others must not suffer for it.
            outcomes = [self._scored_alone(self.scorer, request) for request in requests]
        for at, outcome in enumerate(outcomes):
            done(at, outcome)

    def _scored_alone(self, scorer: Scorer, request: Request) -> Outcome:
        try:
            return self._scored(scorer, [request])[0]
        except WeighbridgeError as error:
            return Failure(error.what, fix=error.fix)

    def _scored(self, scorer: Scorer, requests: Sequence[Request]) -> list[Completion]:
        prompts = [self.text.prompt(request.messages) for request in requests]
        pairs = [
            (text, continuation)
            for (text, _), request in zip(prompts, requests, strict=True)
            for continuation in request.continuations or ()
        ]
        found = iter(scorer.score(pairs, all(plain for _, plain in prompts)))
        texts = dict.fromkeys(
            text for one in requests if one.normalise == "unconditional" for text in one.continuations or ()
        )
        alone: dict[str, Scored] = {}
        if texts:
            alone = dict(zip(texts, scorer.score([("", text) for text in texts], True), strict=True))
        answers = []
        for request, (text, plain) in zip(requests, prompts, strict=True):
            group = [next(found) for _ in request.continuations or ()]
            if not group:
                raise UsageError("there is no continuation to score")
            base = [alone[one.text] for one in group] if request.normalise == "unconditional" else None
            best = group[likeliest(group, request.normalise, base)]
            usage = Usage(input_tokens=len(self.text.encode(text, plain)), output_tokens=0)
            answers.append(Completion(best.text, usage=usage, scored=group, prompt=text))
        return answers


class _Intake:
    """Calls by what they need, under the numbers the host knows them by."""

    def __init__(self, calls: Sequence[Request], more: More) -> None:
        self.scoring: list[tuple[int, Request]] = []
        self.writing: list[tuple[int, Request]] = []
        self._more = more
        self._count = 0
        self._sort(calls)

    def ask(self) -> None:
        self._sort(self._more())

    def _sort(self, calls: Sequence[Request]) -> None:
        for call in calls:
            (self.writing if call.continuations is None else self.scoring).append((self._count, call))
            self._count += 1

    @staticmethod
    def taken(waiting: list[tuple[int, Request]]) -> tuple[list[int], list[Request]]:
        """Numbers and calls of all that wait, which is then empty."""
        numbers, calls = [number for number, _ in waiting], [call for _, call in waiting]
        waiting.clear()
        return numbers, calls


def renumbered(tell: Callable[[int, Any], Any], numbers: list[int]) -> Callable[[int, Any], Any]:
    """`tell` for calls that are numbered from 0 here and by `numbers` outside."""
    return lambda at, what: tell(numbers[at], what)
