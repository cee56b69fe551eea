"""``recorded:FILE`` and ``recorded:FILE#model``: answers given before, read from a jsonl or csv file.

Columns (other names in brackets): ``item_id`` (``id``), ``answer`` (``text``, ``output``, ``completion``); optional
``model``, ``repeat``, ``latency`` (``duration``) and ``first_token`` in seconds, ``cost`` in money, ``input_tokens``
(``tokens_in``), ``output_tokens`` (``tokens_out``, ``tokens``), ``finish`` (stop, length, refusal, filter, error) and
``error``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Completion, Finish, Side, Usage
from weighbridge.models.local.digest import digest_of
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Request

NAMES: dict[str, tuple[str, ...]] = {
    "item_id": ("item_id", "id"),
    "answer": ("answer", "text", "output", "completion"),
    "model": ("model",),
    "repeat": ("repeat",),
    "duration": ("latency", "duration"),
    "first_token": ("first_token",),
    "cost": ("cost",),
    "input_tokens": ("input_tokens", "tokens_in"),
    "output_tokens": ("output_tokens", "tokens_out", "tokens"),
    "finish": ("finish", "finish_reason"),
    "error": ("error",),
}
"""Column names by meaning; the first one present is taken."""

_FINISHES = {"": Finish.STOP, "content_filter": Finish.FILTER} | {finish.value: finish for finish in Finish}


@dataclass(slots=True)
class RecordedModel:
    """Gives back what was recorded; an item that was not is a failed answer that says so."""

    spec: str
    path: Path
    model: str | None
    side: Side
    concurrency: int
    endpoint: str
    engine: str = "recorded"
    simulated: bool = False
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(needs_item=True))
    _answers: dict[tuple[str, int], Completion] | None = field(default=None, repr=False)

    @property
    def revision(self) -> str:
        """The file's digest: another recording is another model."""
        return f"sha256:{digest_of(self.path)}"

    async def complete(self, request: Request) -> Completion:
        if self._answers is None:
            self._answers = load(self.path, self.model)
        if request.item is None:
            raise ModelError("a recorded model needs the item, and got none", kind="bad_request", where=self.spec)
        name = request.item.id
        found = self._answers.get((name, request.repeat))
        if found is None:
            repeat = f", repeat {request.repeat}," if request.repeat else ""
            what = f"no answer is recorded for item {name!r}{repeat} in {self.path.name}"
            return Completion("", Finish.ERROR, error=what)
        return found

    async def stream(self, request: Request) -> AsyncIterator[str]:
        yield (await self.complete(request)).text

    async def close(self) -> None:
        self._answers = None


def open_recorded(rest: str, options: ModelOptions, base_dir: Path) -> RecordedModel:
    """Opener of ``recorded:``. Raises UsageError where the file is missing or of an unknown type."""
    name, _, model = rest.partition("#")
    path = base_dir / Path(name).expanduser()
    if not path.is_file():
        near = [one.name for one in path.parent.glob("*") if one.is_file()] if path.parent.is_dir() else []
        raise UsageError(f"there is no file {path}", where=f"recorded:{rest}", fix=nearest(path.name, near))
    if path.suffix.lower() not in (".jsonl", ".ndjson", ".csv"):
        raise UsageError(f"{path.name} is neither .jsonl nor .csv", where=f"recorded:{rest}", fix="convert it to one")
    return RecordedModel(
        spec=f"recorded:{rest}",
        path=path,
        model=model.strip() or None,
        side=options.side or "rule",
        concurrency=options.concurrency or 1,
        endpoint=f"recorded:{path}",
    )


def load(path: Path, model: str | None) -> dict[tuple[str, int], Completion]:
    """Answers by (item id, repeat). Raises UsageError with file and line for rows that cannot be read."""
    answers: dict[tuple[str, int], Completion] = {}
    models: set[str] = set()
    for line, row in _rows(path):
        where = f"{path}:{line}"
        owner = _text(row, "model")
        if owner is not None:
            models.add(owner)
            if model is not None and owner != model:
                continue
        item = _text(row, "item_id")
        if item is None:
            raise UsageError("the row has no item_id", where=where, fix="name the column item_id (or id)")
        key = (item, _whole(row, "repeat", where) or 0)
        if key in answers:
            if model is None and len(models) > 1:
                break
            raise UsageError(f"item {item!r} has two answers", where=where, fix="keep one, or number them in repeat")
        answers[key] = _completion(row, where)
    if model is not None and model not in models:
        raise UsageError(f"{path.name} holds no model {model!r}", where=str(path), fix=nearest(model, models))
    if model is None and len(models) > 1:
        first = sorted(models)[0]
        fix = f"say which: recorded:{path.name}#{first}; {nearest('', models)}"
        raise UsageError(f"{path.name} holds several models", where=str(path), fix=fix)
    if not answers:
        raise UsageError(f"{path.name} holds no answers", where=str(path), fix="one row per item: item_id, answer")
    return answers


def _rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """(line, row) pairs."""
    try:
        if path.suffix.lower() == ".csv":
            import csv

            with path.open(newline="", encoding="utf-8-sig") as source:
                reader = csv.DictReader(source)
                for row in reader:
                    yield reader.line_num, dict(row)
            return
        import msgspec

        decode = msgspec.json.Decoder(dict[str, object]).decode
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    try:
                        yield number, decode(line)
                    except msgspec.DecodeError as broken:
                        raise UsageError(
                            f"the line is no JSON object ({broken})",
                            where=f"{path}:{number}",
                            fix="one object a line",
                        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path.name} is not in UTF-8", where=str(path), fix="save it as UTF-8") from None


def _value(row: dict[str, object], name: str) -> object:
    for alias in NAMES[name]:
        value = row.get(alias)
        if value is not None and value != "":
            return value
    return None


def _text(row: dict[str, object], name: str) -> str | None:
    value = _value(row, name)
    return None if value is None else str(value)


def _figure(row: dict[str, object], name: str, where: str) -> float | None:
    value = _value(row, name)
    if value is None:
        return None
    try:
        figure = float(str(value))
    except ValueError:
        figure = -1.0
    if not 0 <= figure < float("inf"):
        raise UsageError(f"{name} is {value!r}, not a number of at least 0", where=where)
    return figure


def _whole(row: dict[str, object], name: str, where: str) -> int | None:
    figure = _figure(row, name, where)
    return None if figure is None else int(figure)


def _completion(row: dict[str, object], where: str) -> Completion:
    error = _text(row, "error")
    said = (_text(row, "finish") or ("error" if error else "")).lower()
    if said not in _FINISHES:
        raise UsageError(f"unknown finish {said!r}", where=where, fix=nearest(said, [one.value for one in Finish]))
    if not any(alias in row for alias in NAMES["answer"]) and not error:
        raise UsageError("the row has no answer", where=where, fix="name the column answer (or text, output)")
    usage = Usage(
        input_tokens=_whole(row, "input_tokens", where),
        output_tokens=_whole(row, "output_tokens", where),
        duration=_figure(row, "duration", where),
        first_token=_figure(row, "first_token", where),
        cost=_figure(row, "cost", where),
    )
    text = _value(row, "answer")
    if isinstance(text, dict | list):
        import msgspec

        text = msgspec.json.encode(text).decode()
    return Completion("" if text is None else str(text), _FINISHES[said], usage, error=error)
