"""A user's own calls, as files hold them, and what of each vendor's interface they use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError

PORTABLE: dict[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "topP": "top_p",
    "seed": "seed",
    "random_seed": "seed",
    "stop": "stop",
    "stop_sequences": "stop",
    "stopSequences": "stop",
    "logprobs": "logprobs",
    "top_logprobs": "logprobs",
    "responseLogprobs": "logprobs",
    "reasoning_effort": "reasoning_effort",
    "stream": "streaming",
    "functions": "tools",
    "function_call": "tools",
    "responseSchema": "json_schema",
    "responseJsonSchema": "json_schema",
}
"""Fields that mean the same at several vendors, and the ability each needs."""

PLAIN = frozenset(
    {
        *(
            "model",
            "messages",
            "system",
            "input",
            "instructions",
            "contents",
            "systemInstruction",
            "prompt",
            "message",
        ),
        *("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "tools", "tool_choice"),
        *("toolConfig", "response_format", "text", "generationConfig", "generation_config", "reasoning", "user"),
        *("stream_options", "chat_history", "preamble", "system_instruction", "metadata", "store"),
    }
)
"""Fields that every chat endpoint has under some name, or that change no answer."""

COMMON = frozenset(
    {"n", "presence_penalty", "frequency_penalty", "logit_bias", "parallel_tool_calls", "top_k", "topK"}
)
"""Fields that servers of one's own take, and some vendors: no row of ours says which."""

_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "temperature": (None, 0, 1),
    "stream": (None, False),
    "logprobs": (None, False),
    "n": (None, 1),
    "presence_penalty": (None, 0),
    "frequency_penalty": (None, 0),
}
"""Values that ask for nothing an endpoint without the ability would refuse."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call and what it uses."""

    where: str
    """File and line."""
    model: str
    needs: frozenset[str]
    """Abilities it needs, as `Capabilities` names them."""
    common: frozenset[str]
    """Fields of `COMMON` it uses."""
    bound: frozenset[str]
    """What one vendor alone has: hosted tools, state kept at the vendor, fields of its own."""

    @property
    def tuned(self) -> bool:
        """Whether it asks for a model that a vendor tuned."""
        return self.model.startswith("ft:") or "/tuned" in self.model or self.model.startswith("tunedModels/")


def read_calls(path: Path) -> tuple[Call, ...]:
    """Calls of a JSON or JSONL file: bodies of chat requests as OpenAI, Anthropic, Cohere and Google take them.

    A body may be wrapped as in files of batches (``body``, ``params``, ``request``). Raises `UsageError` naming the
    line of the first that is no call.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(f"the file of calls cannot be read: {why}", where=str(path), fix=_FORM) from None
    calls = tuple(_call(body, where) for body, where in _bodies(text, path))
    if not calls:
        raise UsageError("the file holds no call", where=str(path), fix=_FORM)
    return calls


_FORM = 'write one request body per line, such as {"model": "...", "messages": [...]}'


def _bodies(text: str, path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    stripped = text.lstrip()
    try:
        whole = json.loads(stripped) if stripped[:1] in ("[", "{") else None
    except ValueError:
        whole = None
    if isinstance(whole, list):
        for number, one in enumerate(whole, 1):
            yield _body(one, f"{path}: element {number}"), f"{path}: element {number}"
        return
    if isinstance(whole, dict):
        rows = next((whole[name] for name in ("requests", "calls") if isinstance(whole.get(name), list)), [whole])
        for number, one in enumerate(rows, 1):
            yield _body(one, f"{path}: element {number}"), f"{path}: element {number}"
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"the line is no JSON: {error}", where=where, fix=_FORM) from None
        yield _body(row, where), where


def _body(row: Any, where: str) -> dict[str, Any]:  # noqa: ANN401 - whatever the file holds
    for name in ("body", "params", "request"):
        if isinstance(row, dict) and isinstance(row.get(name), dict):
            row = row[name]
            break
    if not isinstance(row, dict) or not any(
        name in row for name in ("messages", "input", "contents", "prompt", "message")
    ):
        raise UsageError(
            "this is no request: it has neither messages nor input, contents or prompt", where=where, fix=_FORM
        )
    return row


def _call(body: dict[str, Any], where: str) -> Call:
    needs: set[str] = set()
    common: set[str] = set()
    bound: set[str] = set()
    settings = dict(body)
    for name in ("generationConfig", "generation_config"):
        if isinstance(body.get(name), dict):
            settings |= body[name]
    for name, value in settings.items():
        if value is None or value in _NEUTRAL.get(name, (None,)):
            continue
        if name in PORTABLE:
            needs.add(PORTABLE[name])
        elif name in COMMON:
            common.add(name)
        elif name in ("responseMimeType", "response_mime_type"):
            continue
        elif name not in PLAIN:
            bound.add(name)
    _formats(body, needs)
    _tools(body, needs, bound)
    _content(body, needs, bound)
    return Call(where, str(body.get("model", "")), frozenset(needs), frozenset(common), frozenset(bound))


def _formats(body: dict[str, Any], needs: set[str]) -> None:
    text = body.get("text")
    for form in (body.get("response_format"), text.get("format") if isinstance(text, dict) else None):
        if isinstance(form, dict) and form.get("type") == "json_schema":
            needs.add("json_schema")
    reasoning = body.get("reasoning")
    if isinstance(reasoning, dict) and reasoning.get("effort"):
        needs.add("reasoning_effort")


def _tools(body: dict[str, Any], needs: set[str], bound: set[str]) -> None:
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        if not isinstance(tool, dict):
            continue
        kind = tool.get("type")
        hosted = [name for name in tool if name in ("googleSearch", "google_search", "codeExecution", "urlContext")]
        if hosted:
            bound.update(f"tool {name}" for name in hosted)
        elif kind in (None, "function", "custom") or "input_schema" in tool or "functionDeclarations" in tool:
            needs.add("tools")
        else:
            bound.add(f"tool {kind}")


_IMAGES = ("image_url", "image", "input_image", "inlineData", "inline_data")
_OTHERS = ("input_audio", "file", "input_file", "document", "video", "thinking", "container_upload", "fileData")


def _content(body: dict[str, Any], needs: set[str], bound: set[str]) -> None:
    for part in _parts(body):
        kind = part.get("type")
        names = {kind, *part}
        if names & set(_IMAGES):
            needs.add("images")
        bound.update(f"content {name}" for name in _OTHERS if name in names)
        if part.get("cache_control"):
            bound.add("cache_control")


def _parts(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    rows = [body.get("system")]
    for name in ("messages", "contents", "input"):
        value = body.get(name)
        rows += [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    for row in rows:
        content = (
            row
            if isinstance(row, list)
            else (row.get("content") or row.get("parts") if isinstance(row, dict) else None)
        )
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict):
                yield part
