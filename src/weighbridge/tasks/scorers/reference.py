"""The table of scorers and their settings, as Markdown, from the same structs that check a project file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.tasks.marking import ScorerSpec
from weighbridge.tasks.scorers import SCORERS


def settings_table(spec: ScorerSpec) -> str:
    """The settings of one scorer: name, type, default, meaning."""
    properties = msgspec.json.schema(spec.settings)["$defs"][spec.settings.__name__]["properties"]
    lines = ["| setting | type | default | |", "| --- | --- | --- | --- |"]
    for field in msgspec.structs.fields(spec.settings):
        if field.name == "base":
            continue
        schema = properties[field.encode_name]
        text = (schema.get("description") or "").replace("|", "\\|")
        lines.append(f"| `{field.encode_name}` | {_type(schema)} | {_default(field)} | {text} |")
    return "\n".join(lines)


def scorer_reference() -> str:
    """All scorers, one section each."""
    sections = [f"### `{spec.name}`\n\n{spec.doc}\n\n{settings_table(spec)}" for spec in SCORERS.values()]
    return "\n\n".join(sections)


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"] if value is not None)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(each) for each in schema["anyOf"] if each.get("type") != "null"))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    names = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true/false",
        "object": "mapping",
    }
    return names.get(str(schema.get("type")), "any")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return "" if value is None or value in ((), {}) else f"`{json.dumps(value)}`"


BEGIN, END = "<!-- derived from the settings", "<!-- end of the derived part -->"


def renewed(page: str) -> str:
    """The page with its derived part made anew."""
    head, _, rest = page.partition(BEGIN)
    mark, _, rest = rest.partition("-->")
    tail = rest.partition(END)[2]
    return f"{head}{BEGIN}{mark}-->\n\n{scorer_reference()}\n\n{END}{tail}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(name).write_text(renewed(Path(name).read_text(encoding="utf-8")), encoding="utf-8")
