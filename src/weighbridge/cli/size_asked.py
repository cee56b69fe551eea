"""From the words of `weighbridge size` to what is asked; every contradiction is told before anything is reckoned."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Load
from weighbridge.sizing.account import Ask
from weighbridge.sizing.calls import calls
from weighbridge.sizing.device import Device, device
from weighbridge.sizing.reading import shape_of
from weighbridge.sizing.shape import Shape

FILES = (".json", ".gguf", ".safetensors")
MOST = 64
"""Accelerators of one machine."""
LOAD = ("requests_per_day", "peak_to_mean", "input_tokens", "output_tokens")
_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
POSITIVE = (*LOAD, "context", "batch", "measured")
NOT_NEGATIVE = (
    "stream_at_least",
    "price_per_hour",
    "spare",
    "engineer_hours",
    "engineer_rate",
    "electricity",
    "carbon",
)
OF_LOAD = ("peak_to_mean", "engineer_hours", "electricity", "against")
"""What says nothing without a load."""


def shape_named(model: str) -> Shape:
    """The shape of what MODEL names. Raises `UsageError`."""
    path = Path(model).expanduser()
    if path.exists():
        if path.is_file() and path.suffix not in FILES:
            raise UsageError(
                "a model is a folder, a config.json, a .gguf or .safetensors file, or a name in the catalogue",
                where=str(path),
                fix=f"name its folder: {path.parent}",
            )
        shape = shape_of(path)
        if path.name == "config.json":
            shape = replace(shape, name=path.resolve().parent.name)
        return shape
    if path.suffix in FILES or model.startswith((".", "/", "~")):
        raise UsageError(f"there is no {model}", where=str(path), fix="check the path")
    from weighbridge.audit.target import find_target

    return shape_of(find_target(model))


def hardware_named(text: str) -> tuple[Device, int | None]:
    """``H100``, ``H100x4``, ``4xH100``: the device, and how many where it is said. Raises `UsageError`."""
    try:
        return device(text), None
    except UsageError as plain:
        found = re.fullmatch(r"(?P<name>.+?)\s*[x×*]\s*(?P<count>\d{1,6})", text.strip(), re.I)
        found = found or re.fullmatch(r"(?P<count>\d{1,6})\s*[x×*]\s*(?P<name>.+)", text.strip(), re.I)
        if found is None:
            raise
        try:
            named = device(found["name"])
        except UsageError as part:
            # The nearer of both readings: MI300x2 is a name to find, not two of a kind.
            raise (part if part.fix and "did you mean" in part.fix else plain) from None
        count = int(found["count"])
        if not 1 <= count <= MOST:
            raise UsageError(
                f"{count} accelerators in one machine", where="--on", fix=f"between 1 and {MOST}"
            ) from None
        return named, count


def asked(given: dict[str, Any], shape: Shape) -> Ask:
    """What is asked. Raises `UsageError` for values that cannot be and options that contradict each other."""
    given = {**given, **_load_words(given)}
    for name in POSITIVE:
        _check(name, given[name], above=True)
    for name in NOT_NEGATIVE:
        _check(name, given[name], above=False)
    on, count = (None, None) if given["on"] is None else hardware_named(given["on"])
    _contradictions(given, on)
    seen = given.get("run")
    load = None
    if given["requests_per_day"] is not None:
        peak = given["peak_to_mean"] if given["peak_to_mean"] is not None else 3.0
        if peak < 1:
            raise UsageError(
                f"--peak-to-mean {peak:g}: the busiest hour has no fewer requests than the mean one", fix="1 or more"
            )
        load = Load(
            requests_per_day=given["requests_per_day"],
            peak_to_mean=peak,
            input_tokens=given["input_tokens"] or 1000.0,
            output_tokens=given["output_tokens"] or 300.0,
        )
    whole = sum(given[name] or 0 for name in ("input_tokens", "output_tokens"))
    for length, what in ((given["context"], "--context"), (whole, "--input-tokens and --output-tokens together")):
        if length and shape.context and length > shape.context:
            raise UsageError(
                f"{what}: {length:,.0f} tokens, but {shape.name} was made for at most {shape.context:,}",
                fix=f"{shape.context:,} or less",
            )
    return Ask(
        kept=given["precision"],
        context=given["context"],
        batch=given["batch"],
        on=on,
        count=count,
        input_tokens=load.input_tokens if load else given["input_tokens"],
        output_tokens=load.output_tokens if load else given["output_tokens"],
        load=load,
        per_hour=given["price_per_hour"],
        electricity=given["electricity"],
        carbon=given["carbon"],
        people_per_month=(given["engineer_hours"] or 0.0) * (given["engineer_rate"] or 0.0),
        spare=given["spare"],
        measured=seen.rate if seen is not None else given["measured"],
        sequences=seen.at_once if seen is not None else None,
        stream_at_least=given["stream_at_least"],
        train=tokens(given["train"], "--train"),
        tune=tokens(given["tune"], "--tune"),
        method=given["tune_method"],
    )


def filled(given: dict[str, Any]) -> dict[str, Any]:
    """With the rate of the run that is named, and its lengths where none are given. Raises `UsageError`."""
    from weighbridge.cli.size_measured import seen_in

    if given["measured"] is not None:
        raise UsageError("--measured and --measured-in both give the rate", fix="leave one of them away")
    if given["on"] is None:
        raise UsageError("--measured-in is of one machine, and none is named", fix="add --on HARDWARExN")
    seen = seen_in(given["measured_in"], given["candidate"])
    words = _load_words(given)
    lengths = {"input_tokens": seen.input_tokens, "output_tokens": seen.output_tokens}
    found = {name: given[name] if given[name] is not None else words.get(name, own) for name, own in lengths.items()}
    load = ",".join(f"{name}={value}" for name, value in words.items() if name not in lengths)
    return {**given, **found, "load": load, "run": seen}


def price_against(given: dict[str, Any], ask: Ask) -> tuple[str, str, Ask]:
    """The vendor's model, its price in words, and the question with its bill. Raises `UsageError`."""
    from weighbridge.catalog.prices import price_book
    from weighbridge.catalog.quote import quote_of

    rows = price_book().named(given["against"])
    if len(rows) > 1:
        raise UsageError(
            f"{len(rows)} vendors sell {given['against']!r}",
            where="--against",
            fix="say which: " + ", ".join(f"{row.vendor}:{row.model}" for row in rows[:6]),
        )
    row = rows[0]
    quote = quote_of(row)
    if quote is None:
        raise UsageError(f"no price of {row.id} is valid today", where="--against", fix="weighbridge prices list")
    if row.currency != "USD":
        raise UsageError(
            f"the price of {row.id} is in {row.currency}, and those of machines in USD",
            where="--against",
            fix="put its price in USD into your own file of prices (weighbridge prices import)",
        )
    if ask.load is None:
        raise UsageError("--against needs a load", fix="--requests-per-day N")
    bill = calls(quote.price, ask.load, cached=given["cached"] or 0.0, batched=given["batched"] or 0.0)
    return row.id, quote.words(), replace(ask, against=bill)


def tokens(text: str | None, where: str) -> float | None:
    """``15T``, ``300B``, ``50M``, ``1e12``: a count. Raises `UsageError`."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?(?:e\d{1,2})?)\s*([kmbt]?)", text.strip().replace(",", ""), re.I)
    value = float(found[1]) * _UNITS[found[2].lower()] if found else 0.0
    if not value > 0:
        raise UsageError(f"{text!r} is not a count of tokens", where=where, fix="such as 15T, 300B, 50M or 2000000")
    return value


def _load_words(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in (given["load"] or "").split(","):
        if not part.strip():
            continue
        key, _, value = part.partition("=")
        name = key.strip().replace("-", "_")
        if name not in LOAD:
            raise UsageError(f"--load knows no {key.strip()!r}", where="--load", fix=nearest(name, LOAD))
        if given[name] is not None:
            raise UsageError(f"{name} is given twice", where="--load", fix=f"leave --{name.replace('_', '-')} away")
        try:
            found[name] = float(value)
        except ValueError:
            raise UsageError(f"{part.strip()!r} is not a number", where="--load", fix=f"{name}=1000") from None
    return found


def _check(name: str, value: float | None, *, above: bool) -> None:
    if value is None:
        return
    if not math.isfinite(value) or value < 0 or (above and value == 0):
        option = f"--{name.replace('_', '-')}"
        raise UsageError(f"{option} {value:g}", where=option, fix="more than 0" if above else "0 or more")


def _contradictions(given: dict[str, Any], on: Device | None) -> None:
    def told(name: str) -> bool:
        return given[name] is not None

    if not told("requests_per_day"):
        for name in OF_LOAD:
            if told(name):
                raise UsageError(
                    f"--{name.replace('_', '-')} says nothing without a load", fix="add --requests-per-day N"
                )
    if told("engineer_hours") != told("engineer_rate"):
        raise UsageError("--engineer-hours and --engineer-rate belong together", fix="give both, or neither")
    for name in ("cached", "batched"):
        if told(name) and not told("against"):
            raise UsageError(f"--{name} is of a vendor's price", fix="add --against VENDOR:MODEL")
    if told("candidate") and not told("measured_in"):
        raise UsageError("--candidate is of a run", fix="add --measured-in RUN")
    if on is None:
        for name in ("price_per_hour", "measured"):
            if told(name):
                raise UsageError(
                    f"--{name.replace('_', '-')} is of one machine, and none is named", fix="add --on HARDWARExN"
                )
