"""Refuses API keys written into a project file: it is shared, committed and shown in reports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from weighbridge.errors import UsageError
from weighbridge.project.source import Path, Source, Value

_NAME = re.compile(
    r"(^|[_-])(api[_-]?key|apikey|authorization|secret|password|passwd|access[_-]?token|bearer)$", re.I
)
_NAMES_A_VARIABLE = re.compile(r"_env$", re.I)
_SHAPES = (
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),  # OpenAI, Anthropic, OpenRouter, DeepSeek
    re.compile(r"\b(?:gsk|xai|hf|r8|pplx|fw|csk|nvapi)[_-][A-Za-z0-9_-]{20,}"),  # Groq, xAI, Hugging Face, ...
    re.compile(r"\bAIza[A-Za-z0-9_-]{30,}"),  # Google
    re.compile(r"\bAKIA[A-Z0-9]{16}\b"),  # AWS
    re.compile(r"\b(?:ghp|gho|ghs|ghu|github_pat)_[A-Za-z0-9_]{20,}"),
    re.compile(r"\bBearer\s+[A-Za-z0-9._~+/-]{12,}"),
    re.compile(r"://[^/\s:@]+:[^/\s@]+@"),  # user:password@host
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
)


def refuse_secrets(source: Source) -> None:
    """Raises `UsageError`, without repeating the secret, where a value is named or shaped like one."""
    for path, value in _texts(source.tree, ()):
        name = next((part for part in reversed(path) if isinstance(part, str)), "")
        # Under these a key is a name of the user's own choosing.
        told = bool(path) and path[0] not in ("prompts", "json_schema")
        named = told and bool(_NAME.search(name)) and not _NAMES_A_VARIABLE.search(name) and bool(value.strip())
        if named or any(shape.search(value) for shape in _SHAPES):
            raise UsageError(
                f"{name!r} looks like a secret; a project file is shared, so it holds none",
                where=source.where(path),
                fix="remove it here (and revoke it if the file was ever committed); put it in an environment "
                "variable and name that: key_env: MY_API_KEY",
            )


def _texts(value: Value, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))
