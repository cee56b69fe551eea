"""The key of an answer: one hash over everything that decides it.

Another model, revision, engine, prompt, decoding setting, constraint or repeat gives another key, so that no model
can read what another answered. Names of candidates, prices and scorers are not in it: changing them costs no call.

Encoding, version 1: SHA-256 over one MessagePack array (every part carries its own type and length, so parts cannot
run into each other). Settings are written as a map without the ones that are None, so that a setting added later,
None by default, leaves the keys of today as they are.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import enum
import hashlib
import uuid
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.models.protocol import Model, Request, Sampling
from weighbridge.store.answer import Key
from weighbridge.tasks.item import Item

VERSION = "weighbridge.key/1"

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_PLAIN = frozenset({str, int, float, bool, type(None)})
_TAGGED = 1
_TEXT = 2
_FLOATS = ("temperature", "top_p")
_settings: dict[Sampling, bytes] = {}


def key_of(model: Model, request: Request) -> Key:
    """The key under which the answer of `model` to `request` is kept: 32 bytes, the same on every machine.

    For a model that answers from the item (`Capabilities.needs_item`) the item's id, fields, reference, cluster and
    metadata take part too. Raises `UsageError` where a field holds a value that has no stable written form.
    """
    parts: list[object] = [
        VERSION,
        model.spec,
        model.revision,
        model.engine,
        [(message.role, message.content) for message in request.messages],
        _sampling(request.sampling),
        request.choices,
        request.json_schema,
        request.logprobs,
        request.repeat,
        _item(request.item) if model.capabilities.needs_item and request.item is not None else None,
    ]
    if request.continuations is not None or request.normalise != "none":
        # Only where it is asked for, so that the keys of generated answers stay as they are.
        parts.append({"continuations": request.continuations, "normalise": request.normalise})
    if request.tools or request.tool_choice is not None:
        parts.append({"tools": [(tool.name, tool.parameters, tool.description) for tool in request.tools]})
        parts.append({"tool_choice": request.tool_choice})
    more = [
        (number, turn.images, turn.tool_calls, turn.tool_call_id, turn.echo)
        for number, turn in enumerate(request.messages)
        if turn.images or turn.tool_calls or turn.tool_call_id is not None or turn.echo is not None
    ]
    if more:
        parts.append({"turns": more})
    try:
        encoded = _encode(parts)
    except UnicodeEncodeError:
        encoded = _encode(_canonical(parts, "request"))
    return Key(hashlib.sha256(encoded).digest())


def _sampling(sampling: Sampling) -> bytes:
    """Canonical bytes of the settings; 0 and 0.0 and -0.0 are one temperature."""
    try:
        known = _settings.get(sampling)
    except TypeError:  # a list where a tuple belongs cannot be hashed
        known = None
    if known is not None:
        return known
    said = {name: getattr(sampling, name) for name in sampling.__struct_fields__}
    values = {
        name: float(value) + 0.0 if name in _FLOATS else value for name, value in said.items() if value is not None
    }
    try:
        encoded = _encode(values)
    except UnicodeEncodeError:
        encoded = _encode(_canonical(values, "sampling"))
    if len(_settings) < 1024:
        with contextlib.suppress(TypeError):
            _settings[sampling] = encoded
    return encoded


def _item(item: Item) -> list[Any]:
    """Everything of the item but the line it stood on."""
    reference = item.reference
    fields: Any = item.fields
    if type(reference) not in _PLAIN:
        reference = _canonical(reference, f"reference of item {item.id}")
    if not all(type(value) in _PLAIN for value in fields.values()):
        fields = _canonical(fields, f"item {item.id}")
    try:
        digest = hashlib.sha256(_encode([fields, reference, item.cluster, item.meta])).digest()
    except (UnicodeEncodeError, OverflowError, TypeError):
        parts = _canonical([item.fields, item.reference, item.cluster, item.meta], f"item {item.id}")
        digest = hashlib.sha256(_encode(parts)).digest()
    return [item.id, digest]


def _canonical(value: Any, where: str) -> Any:  # noqa: ANN401 - a data file's columns hold anything
    """`value` in types that MessagePack keeps apart; what it has no type for becomes a tagged extension."""
    if isinstance(value, enum.Enum):
        return _tagged("enum", type(value).__name__, value.name)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):  # NumPy; its float64 is a float as well
        return _tagged("array", str(value.dtype), _encode(_canonical(value.tolist(), where)))
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a surrogate pair: not text, but models and files do produce it
            return msgspec.msgpack.Ext(_TEXT, value.encode("utf-8", "surrogatepass"))
        return str(value)
    if value is None or isinstance(value, (bool, float, bytes)):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else _tagged("int", str(value))
    if isinstance(value, (list, tuple)):
        return [_canonical(part, where) for part in value]
    if isinstance(value, (set, frozenset)):
        return _tagged("set", *sorted(_encode(_canonical(part, where)) for part in value))
    if isinstance(value, dict):
        pairs = [(_canonical(name, where), _canonical(part, where)) for name, part in value.items()]
        if all(isinstance(name, str) for name, _ in pairs):
            return dict(pairs)
        return _tagged("map", *sorted(_encode(pair) for pair in pairs))
    if isinstance(value, msgspec.Struct):
        members = [_canonical(getattr(value, name), where) for name in value.__struct_fields__]
        return _tagged("struct", type(value).__name__, _encode(members))
    if isinstance(value, (datetime.date, datetime.time)):
        return _tagged(type(value).__name__, value.isoformat())
    if isinstance(value, (decimal.Decimal, uuid.UUID, datetime.timedelta)):
        return _tagged(type(value).__name__, str(value))
    raise UsageError(
        f"a value of type {type(value).__name__} cannot take part in the store's key",
        where=where,
        fix="turn it into text, a number, a date, a list or a mapping before it becomes a field",
    )


def _tagged(*parts: str | bytes) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(_TAGGED, _encode(parts))
