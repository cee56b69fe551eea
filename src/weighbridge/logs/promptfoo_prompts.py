"""Prompts of a promptfoo configuration as Weighbridge prompts: system and user templates by name."""

from __future__ import annotations

import json
import re
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.logs.promptfoo_files import Folder
from weighbridge.tasks.templates import Template

_PLAIN = (".txt", ".md", ".j2")
_DUMP = re.compile(r"\|\s*dump\b")
_SEPARATOR = re.compile(r"^---\s*$", re.M)


def prompts_of(given: object, folder: Folder, where: str, lost: list[str]) -> dict[str, dict[str, str]]:
    """Prompts by name, the first one called ``default`` if it is the only one. UsageError where none is left."""
    found: dict[str, dict[str, str]] = {}
    for number, one in enumerate(given if isinstance(given, list) else [given], start=1):
        label, texts = _texts(one, folder, f"{where}: prompts[{number - 1}]", lost)
        for place, text in enumerate(texts):
            name = label or f"prompt-{number}"
            name = f"{name}-{place + 1}" if len(texts) > 1 else name
            prompt = _prompt(text, f"prompt {name!r}", lost)
            if prompt is not None:
                found[name if name not in found else f"{name}-{number}"] = prompt
    if not found:
        raise UsageError("no prompt could be mapped", where=where, fix=" ".join(lost) or "state prompts as texts")
    return {"default": next(iter(found.values()))} if len(found) == 1 else found


def _texts(one: object, folder: Folder, where: str, lost: list[str]) -> tuple[str | None, list[str]]:
    """The name and the texts of one entry; a text file may hold several, with lines of --- between them."""
    label: str | None = None
    if isinstance(one, dict):
        label = next((str(one[key]) for key in ("label", "id") if one.get(key)), None)
        one = one.get("raw") or one.get("id")
    if not isinstance(one, str):
        lost.append(f"{where}: a prompt that is no text.")
        return label, []
    is_file = one.startswith("file://") or (one.endswith((*_PLAIN, ".json")) and "\n" not in one and "{{" not in one)
    if not is_file:
        return (label if label != one else None), [one]
    folder.file(one, where)
    if not one.endswith((*_PLAIN, ".json")):
        lost.append(f"{where}: {one} is a program, and no program is run.")
        return label, []
    text = folder.text(one, where)
    name = label if label != one else None
    name = name or one.removeprefix("file://").rpartition("/")[2].rpartition(".")[0]
    if one.endswith(".json"):
        return name, [text]
    return name, [part.strip() for part in _SEPARATOR.split(text) if part.strip()]


def _prompt(text: str, name: str, lost: list[str]) -> dict[str, str] | None:
    text = _DUMP.sub("| tojson", text)
    messages = _messages(text)
    prompt: dict[str, str] | None
    if messages is None:
        prompt = {"user": text}
    else:
        system = [content for role, content in messages if role in ("system", "developer")]
        turns = [(role, content) for role, content in messages if role not in ("system", "developer")]
        if len(turns) != 1 or turns[0][0] != "user":
            lost.append(f"{name}: a conversation of {len(turns)} turns; a prompt here is one user message.")
            return None
        prompt = {"system": "\n\n".join(system), "user": turns[0][1]} if system else {"user": turns[0][1]}
    try:
        for part in prompt.values():
            Template(part, name)
    except UsageError as error:
        lost.append(f"{name}: {error.what}.")
        return None
    return prompt


def _messages(text: str) -> list[tuple[str, str]] | None:
    """Role and content of chat messages written as JSON; None for any other text."""
    if not text.lstrip().startswith("["):
        return None
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not found:
        return None
    if not all(isinstance(one, dict) and isinstance(one.get("content"), str) for one in found):
        return None
    return [(str(one.get("role")), one["content"]) for one in found]
