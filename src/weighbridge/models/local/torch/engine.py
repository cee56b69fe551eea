"""The engine of transformers models: hands each call to what can carry it out."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.likeliest import likeliest
from weighbridge.models.local.batch import Description, Done, Emit, Failure, More, Outcome, no_more
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.load import load
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.prompts import prompt_of
from weighbridge.models.protocol import Request
from weighbridge.tasks.item import Message


class Settings(msgspec.Struct, frozen=True):
    """What an engine is made from; two with equal settings answer alike."""

    source: str
    """Folder, or ``.gguf`` file."""
    dtype: str = "auto"
    device: str = "auto"
    template: str = "auto"
    template_options: dict[str, Any] = {}
    rows: int = 32
    tokens: int = 16_384
    threads: int | None = None


def make(settings: dict[str, Any]) -> TransformersEngine:
    """The engine for `settings` (a `Settings` as a mapping), loaded. Raises as `load` does."""
    said = msgspec.convert(settings, Settings)
    limits = Limits(rows=said.rows, tokens=said.tokens, threads=said.threads)
    loaded = load(
        Path(said.source),
        dtype=said.dtype,
        device=said.device,
        template=said.template,
        template_options=said.template_options,
        threads=said.threads,
        limits=limits,
    )
    if loaded.tokens is not None and loaded.tokens < limits.tokens:
        limits = dataclasses.replace(limits, tokens=loaded.tokens)
    return TransformersEngine(loaded, limits)


class TransformersEngine:
    """A `Batcher` and a `Renderer` over one loaded model."""

    def __init__(self, loaded: Loaded, limits: Limits) -> None:
        self.loaded = loaded
        self.limits = limits
        self._scorer: Any = None

    def describe(self) -> Description:
        loaded = self.loaded
        versions = f"{version('transformers')}, {version('torch')}"
        scores = self.scorer.method if loaded.kind in ("causal", "seq2seq") else ""
        return Description(
            engine=f"{versions}, {str(loaded.dtype).removeprefix('torch.')}, {loaded.device}",
            architecture=loaded.architecture,
            kind=loaded.kind,
            context=loaded.context,
            template="chat" if loaded.chat is not None else "plain",
            scoring=scores,
            notes=loaded.notes,
        )

    @property
    def scorer(self) -> Any:
        """The scorer of given continuations; it checks itself against the plain way when it is made."""
        if self._scorer is None:
            from weighbridge.models.local.torch.scoring import Scorer

            self._scorer = Scorer(self.loaded, self.limits)
        return self._scorer

    def render(self, messages: Sequence[Message]) -> str:
        return prompt_of(self.loaded, messages)[0]

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if self.loaded.kind not in ("encoder", "masked"):
            raise UsageError(
                f"a {self.loaded.architecture} {self.loaded.kind} model gives no embeddings",
                fix="use a sentence encoder, such as path:./all-MiniLM-L6-v2",
            )
        from weighbridge.models.local.torch.encode import embed

        return embed(self.loaded, texts, self.limits)

    def run(self, calls: Sequence[Request], done: Done, more: More = no_more, emit: Emit | None = None) -> None:
        intake = Intake(calls, more)
        while intake.scoring or intake.generating:
            numbers, requests = intake.take_scoring()
            if requests:
                self._score(requests, _renumbered(done, numbers))
            numbers, requests = intake.take_generating()
            if requests:
                self._generate(requests, numbers, done, intake, emit)

    def _generate(
        self, requests: list[Request], numbers: list[int], done: Done, intake: Intake, emit: Emit | None
    ) -> None:
        loaded, kind = self.loaded, self.loaded.kind
        finish = _renumbered(done, numbers)
        if kind in ("causal", "seq2seq"):
            from weighbridge.models.local.torch.generate import generate

            pieces = None if emit is None else _renumbered(emit, numbers)
            generate(loaded, requests, finish, lambda: intake.admit(numbers), pieces, self.limits)
        elif kind == "classifier":
            from weighbridge.models.local.torch.encode import classify

            classify(loaded, requests, finish, self.limits)
        elif kind == "masked":
            from weighbridge.models.local.torch.encode import fill

            fill(loaded, requests, finish, self.limits)
        else:
            for at in range(len(requests)):
                finish(at, Failure(f"a {loaded.architecture} encoder gives vectors and writes no text", fix=_ENCODER))

    def _score(self, requests: list[Request], done: Done) -> None:
        if self.loaded.kind == "masked":
            from weighbridge.models.local.torch.encode import fill

            fill(self.loaded, requests, done, self.limits)
            return
        if self.loaded.kind not in ("causal", "seq2seq"):
            for at in range(len(requests)):
                done(at, Failure(f"a {self.loaded.kind} model scores no given continuations", fix=_ENCODER))
            return
        try:
            outcomes: list[Outcome] = list(self._scored(requests))
        except WeighbridgeError:
            # One of them cannot be scored: the others must not suffer for it.
            outcomes = [self._scored_alone(request) for request in requests]
        for at, outcome in enumerate(outcomes):
            done(at, outcome)

    def _scored_alone(self, request: Request) -> Outcome:
        try:
            return self._scored([request])[0]
        except WeighbridgeError as error:
            return Failure(error.what, fix=error.fix)

    def _scored(self, requests: Sequence[Request]) -> list[Completion]:
        prompts = [prompt_of(self.loaded, request.messages) for request in requests]
        pairs = [
            (text, continuation)
            for (text, _), request in zip(prompts, requests, strict=True)
            for continuation in request.continuations or ()
        ]
        special = all(plain for _, plain in prompts)
        found = iter(self.scorer.score(pairs, special))
        groups = [[next(found) for _ in request.continuations or ()] for request in requests]
        alone = self._alone(requests)
        counts = [len(ids) for ids in self.loaded.tokenizer([text for text, _ in prompts]).input_ids]
        answers = []
        for request, group, (text, _), count in zip(requests, groups, prompts, counts, strict=True):
            if not group:
                raise UsageError("there is no continuation to score")
            base = [alone[one.text] for one in group] if request.normalise == "unconditional" else None
            best = group[likeliest(group, request.normalise, base)]
            answers.append(
                Completion(best.text, usage=Usage(input_tokens=count, output_tokens=0), scored=group, prompt=text)
            )
        return answers

    def _alone(self, requests: Sequence[Request]) -> dict[str, Scored]:
        """The continuations without any prompt, for those that are to be set against that."""
        texts = dict.fromkeys(
            text for one in requests if one.normalise == "unconditional" for text in one.continuations or ()
        )
        found = self.scorer.score([("", text) for text in texts], True) if texts else []
        return dict(zip(texts, found, strict=True))


_ENCODER = "classifiers answer with their label; sentence encoders are for embeddings; a language model does the rest"


class Intake:
    """Calls by what they need, with the numbers the host knows them by; new ones come from `more`."""

    def __init__(self, calls: Sequence[Request], more: More) -> None:
        self.scoring: list[tuple[int, Request]] = []
        self.generating: list[tuple[int, Request]] = []
        self._more = more
        self._count = 0
        self._sort(calls)

    def _sort(self, calls: Sequence[Request]) -> None:
        for call in calls:
            (self.generating if call.continuations is None else self.scoring).append((self._count, call))
            self._count += 1

    def take_scoring(self) -> tuple[list[int], list[Request]]:
        taken, self.scoring = self.scoring, []
        return [number for number, _ in taken], [call for _, call in taken]

    def take_generating(self) -> tuple[list[int], list[Request]]:
        taken, self.generating = self.generating, []
        return [number for number, _ in taken], [call for _, call in taken]

    def admit(self, numbers: list[int]) -> list[Request]:
        """Calls that have come and are to be generated; their numbers are added to `numbers`."""
        self._sort(self._more())
        fresh, calls = self.take_generating()
        numbers += fresh
        return calls


def _renumbered(tell: Callable[[int, Any], Any], numbers: list[int]) -> Callable[[int, Any], Any]:
    return lambda at, what: tell(numbers[at], what)


def version(package: str) -> str:
    """``torch 2.13.0``, without the build's mark (``+cpu``): the device is said beside it."""
    return f"{package} {importlib.metadata.version(package).partition('+')[0]}"
