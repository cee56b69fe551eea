"""The chat template and special tokens that lie beside a tokenizer, read without transformers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.models.local.architectures import Kind
from weighbridge.models.local.chat_template import Probe, chosen

_NAMES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


def template_in(folder: Path) -> tuple[str | None, dict[str, Any]]:
    """Source of the chat template (None: there is none) and the special tokens by name.

    ``chat_template.jinja`` comes before ``chat_template.json`` and tokenizer_config.json, as in transformers; of
    several templates the one called ``default`` is taken. Raises UsageError for a damaged file.
    """
    said = _json(folder / "tokenizer_config.json")
    tokens = {**_tokens(_json(folder / "special_tokens_map.json")), **_tokens(said)}
    alone = folder / "chat_template.jinja"
    if alone.is_file():
        return alone.read_text(encoding="utf-8"), tokens
    source = said.get("chat_template") or _json(folder / "chat_template.json").get("chat_template")
    if isinstance(source, list):
        named = {one.get("name"): one.get("template") for one in source if isinstance(one, Mapping)}
        source = named.get("default")
    return source if isinstance(source, str) else None, tokens


def reading_in(folder: Path, kind: Kind, wish: str, options: Mapping[str, Any], where: str) -> Probe:
    """How messages become text, from the files alone; see `chat_template.chosen`."""
    source, tokens = template_in(folder)
    return chosen(source, tokens, wish, options, where, generates=kind == "causal" or bool(source))


def _tokens(said: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in (*_NAMES, *(key for key in said if key.endswith("_token") and key not in _NAMES)):
        value = said.get(name)
        value = value.get("content") if isinstance(value, Mapping) else value
        if isinstance(value, str):
            found[name] = value
    extra = said.get("extra_special_tokens")
    if isinstance(extra, Mapping):
        found |= {name: value for name, value in extra.items() if isinstance(value, str)}
    return found


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path.name} is damaged: {error}", where=str(path.parent), fix="get it again") from None
    return said if isinstance(said, dict) else {}
