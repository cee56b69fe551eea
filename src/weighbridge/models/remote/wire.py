"""OpenAI's chat completions as they stand on the wire: request bodies out, chunks and documents in.

Reference: https://platform.openai.com/docs/api-reference/chat (streaming included). Fields that only some servers
send are optional; fields nobody reads are not declared, and msgspec skips them.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from weighbridge.evidence import Finish
from weighbridge.models.grammar import choice_grammar
from weighbridge.models.local.chat_template import plain
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request
from weighbridge.models.remote.asked_tools import ToolPiece
from weighbridge.models.remote.turns import tool_choice_of, tools_of, turns

CHOICE_KEY = "choice"


class TokenLogprob(msgspec.Struct):
    token: str = ""
    logprob: float | None = None


class Logprobs(msgspec.Struct):
    content: list[TokenLogprob] | None = None
    tokens: list[str] | None = None
    """Of ``/completions``, with `token_logprobs`."""
    token_logprobs: list[float | None] | None = None

    def pairs(self) -> list[tuple[str, float]]:
        """(token, log-probability), in either form."""
        if self.content is not None:
            return [(one.token, one.logprob) for one in self.content if one.logprob is not None]
        known = zip(self.tokens or (), self.token_logprobs or (), strict=False)
        return [(token, value) for token, value in known if value is not None]


class Piece(msgspec.Struct):
    """A chunk's ``delta`` or a document's ``message``."""

    content: str | list[Any] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    reasoning_details: list[Any] | None = None
    tool_calls: list[ToolPiece] | None = None


class Choice(msgspec.Struct):
    index: int = 0
    delta: Piece | None = None
    message: Piece | None = None
    text: str | None = None
    """Of ``/completions``."""
    token_ids: list[int] | None = None
    """vLLM, where ``return_token_ids`` asks for them."""
    finish_reason: str | None = None
    logprobs: Logprobs | None = None
    error: Any = None
    """OpenRouter, where the model behind it failed."""


class PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class WireUsage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    cost: Any = None
    total_tokens: int | None = None
    prompt_cache_hit_tokens: int | None = None
    """DeepSeek's word for cached tokens."""
    cached_tokens: int | None = None
    """Moonshot's place for them."""

    @property
    def cached(self) -> int | None:
        """Input tokens read from the cache, wherever the vendor tells."""
        told = self.prompt_tokens_details
        if told is not None and told.cached_tokens is not None:
            return told.cached_tokens
        return self.cached_tokens if self.prompt_cache_hit_tokens is None else self.prompt_cache_hit_tokens

    @property
    def reasoning(self) -> int | None:
        told = self.completion_tokens_details
        return None if told is None else told.reasoning_tokens

    @property
    def output(self) -> int | None:
        """Generated tokens with reasoning. xAI counts reasoning beside `completion_tokens`: the total tells."""
        apart, read, written = self.reasoning, self.prompt_tokens, self.completion_tokens
        if apart and read is not None and written is not None and self.total_tokens == read + written + apart:
            return written + apart
        return written


class GroqPart(msgspec.Struct):
    usage: WireUsage | None = None
    error: Any = None


class Chunk(msgspec.Struct):
    """One event of a stream, or one whole document."""

    id: str | None = None
    model: str | None = None
    choices: list[Choice] | None = None
    usage: WireUsage | None = None
    error: Any = None
    system_fingerprint: str | None = None
    x_groq: GroqPart | None = None
    """Groq's place for the usage of a stream."""


decode = msgspec.json.Decoder(Chunk).decode
encode = msgspec.json.Encoder().encode


def decode_any(data: bytes) -> Chunk:
    """`decode` for JSON that may hold half a surrogate pair, which msgspec refuses and the standard library takes."""
    try:
        return decode(data)
    except msgspec.DecodeError:
        return msgspec.convert(json.loads(data), Chunk)


FINISHES: dict[str, Finish] = {
    "stop": Finish.STOP,
    "eos": Finish.STOP,
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "model_length": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "content_filter": Finish.FILTER,
    "safety": Finish.FILTER,
    "sensitive": Finish.FILTER,
    "refusal": Finish.REFUSAL,
}
"""By ``finish_reason`` in lower case; OpenAI's words and those of servers that pass their own through."""
GAVE_UP = frozenset({"error", "abort", "cancelled", "aborted", "insufficient_system_resource", "network_error"})
"""Words of ``finish_reason`` for an answer that the server could not bring to its end."""


def text_of(content: str | list[Any] | None) -> str:
    """The text of a message's content, which some servers send in typed parts."""
    if isinstance(content, str):
        return content
    if not content:
        return ""
    return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))


def thought_of(piece: Piece) -> str:
    """The reasoning that a piece shows beside its text, in any of the places in use."""
    if piece.reasoning_content:
        return piece.reasoning_content
    if isinstance(piece.reasoning, str):
        return piece.reasoning
    if isinstance(piece.reasoning, dict):
        return str(piece.reasoning.get("content") or "")
    if isinstance(piece.content, list):
        parts = [part.get("thinking") for part in piece.content if isinstance(part, dict)]
        return "".join(part if isinstance(part, str) else text_of(part) for part in parts if part)
    return ""


def body(request: Request, model: str, options: ModelOptions) -> dict[str, Any]:
    """The request as a JSON object for ``/chat/completions``."""
    out = _body(request, model, options, "messages", turns(request.messages))
    if request.logprobs and options.logprobs:
        out["logprobs"] = True
        out["top_logprobs"] = 1
    if request.tools:
        out["tools"] = tools_of(request.tools)
        if request.tool_choice is not None:
            out["tool_choice"] = tool_choice_of(request.tool_choice)
    return _without(out, options)


def text_body(request: Request, model: str, options: ModelOptions) -> dict[str, Any]:
    """The request as a JSON object for ``/completions``: the contents of the messages as plain text."""
    out = _body(request, model, options, "prompt", plain(request.messages))
    if request.logprobs and options.logprobs:
        out["logprobs"] = 1
    if options.server == "llama.cpp" and "response_format" in out:
        # Its /completions takes the schema in a field of its own, and leaves this one unheeded (2026-10).
        out["json_schema"] = out.pop("response_format")["json_schema"]["schema"]
    return _without(out, options)


def _without(out: dict[str, Any], options: ModelOptions) -> dict[str, Any]:
    for name in options.omit:
        out.pop(name, None)
    return out


def _body(request: Request, model: str, options: ModelOptions, name: str, prompt: object) -> dict[str, Any]:
    sampling = request.sampling
    out: dict[str, Any] = {
        **options.extra,
        "model": model,
        name: prompt,
        "temperature": sampling.temperature,
        options.max_tokens_field: sampling.max_tokens,
    }
    if options.stream:
        out["stream"] = True
        out["stream_options"] = {"include_usage": True}
    if sampling.top_p is not None and not (options.server == "tgi" and sampling.top_p == 1):
        # TGI refuses a top_p of 1, which is what it does without one.
        out["top_p"] = sampling.top_p
    if sampling.seed is not None:
        # Repeats of one prompt must be able to differ, and be the same again in a second run.
        out["seed"] = sampling.seed + request.repeat
    if sampling.stop:
        out["stop"] = list(sampling.stop)
    if sampling.reasoning_effort is not None:
        out["reasoning_effort"] = sampling.reasoning_effort
    if request.choices and options.constrained not in (None, "none"):
        out |= _constraint(request.choices, options)
    elif request.json_schema is not None and options.json_schema:
        out["response_format"] = _schema_format("answer", msgspec.json.decode(request.json_schema), options)
    return out


def _constraint(choices: tuple[str, ...], options: ModelOptions) -> dict[str, Any]:
    if options.constrained == "guided_choice":
        return {"guided_choice": list(choices)}
    if options.constrained == "structured_outputs":
        return {"structured_outputs": {"choice": list(choices)}}
    if options.constrained == "grammar":
        return {"grammar": choice_grammar(choices)}
    if options.constrained == "regex":
        return {"response_format": {"type": "regex", "value": "|".join(escaped(choice) for choice in choices)}}
    # Strict schemas need an object at the top: the answer is read out of its only field again.
    schema = {
        "type": "object",
        "properties": {CHOICE_KEY: {"type": "string", "enum": list(choices)}},
        "required": [CHOICE_KEY],
        "additionalProperties": False,
    }
    return {"response_format": _schema_format("choice", schema, options)}


_SPECIAL = frozenset(".^$*+?{}[]\\|()")


def escaped(text: str) -> str:
    """`text` as a regular expression for itself; only what every dialect takes as special is escaped."""
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in text)


def _schema_format(name: str, schema: object, options: ModelOptions) -> dict[str, Any]:
    if options.server == "tgi":
        return {"type": "json", "value": schema}
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}


def unwrap_choice(text: str, choices: tuple[str, ...]) -> str:
    """The choice inside the JSON object that ``constrained: json_schema`` asks for; `text` where there is none."""
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    inner = found.get(CHOICE_KEY) if isinstance(found, dict) else None
    return inner if isinstance(inner, str) and inner in choices else text
