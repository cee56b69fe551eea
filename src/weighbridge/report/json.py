"""The decision as JSON: pretty, always UTF-8, always the published schema."""

from __future__ import annotations

import msgspec

from weighbridge.decide.decision import Decision
from weighbridge.report.clean import without_surrogates


def _writable(value: object) -> object:
    """`value` with half surrogate pairs, which UTF-8 has no form for, replaced."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, dict):
        return {without_surrogates(key): _writable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(part) for part in value]
    return value


def decision_json(decision: Decision, indent: int = 2) -> bytes:
    """The JSON form of `decision`, ending in a newline; `docs/decision.schema.json` describes it.

    `indent` of 0 puts everything on one line. Numbers that are not finite are written as null. The scores travel with
    it (`Decision.measured`), so that `weighbridge decide` can decide again under other requirements.
    """
    decision = decision.keeping_scores()
    try:
        text = msgspec.json.encode(decision)
    except UnicodeEncodeError:
        text = msgspec.json.encode(_writable(msgspec.to_builtins(decision)))
    return (msgspec.json.format(text, indent=indent) if indent else text) + b"\n"
