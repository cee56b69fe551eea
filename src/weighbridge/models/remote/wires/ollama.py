"""Ollama's own interface: ``/api/chat`` and ``/api/embed``, answers as JSON lines.

Reference: https://github.com/ollama/ollama/blob/main/docs/api.md. Its ``/v1`` paths speak OpenAI's format and need no
wire of their own; this one has what those leave out: ``num_ctx`` and other options of the runner, and thinking.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from weighbridge.evidence import Finish, ToolCall, Usage
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ErrorKind, ModelError, Request
from weighbridge.models.remote.document import Document
from weighbridge.models.remote.failures import from_event
from weighbridge.models.remote.ndjson import LineReader
from weighbridge.models.remote.wires.base import BaseWire, called_name, echo_of, echoed, encode
from weighbridge.models.remote.wires.incoming import Incoming
from weighbridge.models.remote.wires.protocol import Call, Framer
from weighbridge.models.remote.wires.vendor import Vendor
from weighbridge.tasks.item import Image, Message

FORMAT = "ollama"
_NEUTRAL = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0}
"""Ollama's own defaults (40, 0.9, 0, 1.1) would make the same temperature mean something else here."""
_EMBEDDERS = ("embed", "minilm", "bge-")


class OllamaWire(BaseWire):
    """One model of an Ollama server."""

    name = FORMAT
    version_path = "/api"

    @property
    def framer(self) -> Callable[[], Framer]:
        return LineReader

    def capabilities(self, model: str) -> Capabilities:
        if any(word in model.lower() for word in _EMBEDDERS):
            return Capabilities(embeddings=True, stop=False, temperature=False, top_p=False)
        return Capabilities(
            choices=True,
            json_schema=True,
            logprobs=True,
            embeddings=True,
            streaming=True,
            seed=True,
            tools=True,
            images=True,
            reasoning_effort=True,
        )

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002 - a wire's form
        return {"Authorization": f"Bearer {key}"} if key else {}

    def call(self, request: Request, model: str, stream: bool) -> Call:
        sampling = request.sampling
        settings: dict[str, Any] = {} if self.options.server_defaults else dict(_NEUTRAL)
        settings |= {"num_predict": sampling.max_tokens, "temperature": sampling.temperature}
        if sampling.top_p is not None:
            settings["top_p"] = sampling.top_p
        if sampling.seed is not None:
            # Repeats of one prompt must be able to differ, and be the same again in a second run.
            settings["seed"] = sampling.seed + request.repeat
        if sampling.stop:
            settings["stop"] = list(sampling.stop)
        body: dict[str, Any] = {
            "model": model,
            "messages": [self.turn(message, request.messages) for message in request.messages],
            "stream": stream,
            "options": settings,
        }
        if (schema := self.wanted_schema(request)) is not None:
            body["format"] = schema
        if request.logprobs:
            body["logprobs"] = True
        if sampling.reasoning_effort is not None:
            body["think"] = self.think(sampling.reasoning_effort)
        if request.tools and request.tool_choice != "none":
            if request.tool_choice not in (None, "auto"):
                self.lacks("cannot force a tool (tool_choice)", "leave tool_choice to `auto`")
            body["tools"] = [self.function(tool) for tool in request.tools]
        return Call(f"{self.root}/chat", self.finished(body))

    def think(self, effort: str) -> bool | str:
        """``think``: off, or a grade, which models without grades take for on."""
        if effort == "minimal":
            self.lacks("has no effort `minimal`", "use none, low, medium or high")
        return False if effort == "none" else effort

    def function(self, tool: Any) -> dict[str, Any]:  # noqa: ANN401 - a Tool
        """One function a model may ask for."""
        parameters = self.object_of(tool.parameters, f"the parameters of the tool {tool.name}")
        function = {"name": tool.name, "description": tool.description, "parameters": parameters}
        return {"type": "function", "function": function}

    def turn(self, message: Message, before: Sequence[Message]) -> dict[str, Any]:
        """One message; arguments of calls are objects here."""
        role = "system" if message.role == "developer" else message.role
        out: dict[str, Any] = {"role": role, "content": message.content}
        if message.images:
            out["images"] = [self.picture(image) for image in message.images]
        if message.tool_calls:
            out["tool_calls"] = [
                {
                    "function": {
                        "name": call.name,
                        "arguments": self.object_of(call.arguments, f"the arguments of {call.name}"),
                    }
                }
                for call in message.tool_calls
            ]
        if message.role == "tool" and (name := called_name(before, message)) is not None:
            out["tool_name"] = name
        if message.role == "assistant" and isinstance(thought := echoed(message, FORMAT), str):
            out["thinking"] = thought
        return out

    def picture(self, image: Image) -> str:
        """The bytes in base64; the server fetches nothing."""
        if image.data is None:
            self.lacks("fetches no pictures from an address", "give the picture's bytes")
        return base64.b64encode(image.data).decode()

    def reader(self, where: str, request: Request) -> OllamaReader:
        return OllamaReader(where, request)

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> ModelError:
        error = self.refused(status, headers, body, where)
        if status == 404:
            error.fix = f"fetch the model first: `ollama pull {where.partition(':')[2] or 'NAME'}`"
        return error

    def embeddings(self, texts: Sequence[str], model: str) -> Call:
        return Call(f"{self.root}/embed", self.finished({"model": model, "input": list(texts)}))

    def vectors(self, where: str, count: int) -> OllamaVectors:
        return OllamaVectors(where, count)


class _Function(msgspec.Struct):
    name: str = ""
    arguments: Any = None


class _Asked(msgspec.Struct):
    function: _Function
    id: str | None = None


class _Said(msgspec.Struct):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Asked] | None = None


class _Token(msgspec.Struct):
    token: str = ""
    logprob: float | None = None


class _Line(msgspec.Struct):
    model: str | None = None
    message: _Said | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    logprobs: list[_Token] | None = None
    error: Any = None


_line = msgspec.json.Decoder(_Line)


class OllamaReader(Incoming):
    """Puts one answer together; a whole answer is a stream of one line."""

    vendor = FORMAT
    thing = "an answer of Ollama's /api/chat"
    finishes: ClassVar[dict[str, Finish]] = {"stop": Finish.STOP, "length": Finish.LENGTH}
    broken: ClassVar[dict[str, ErrorKind]] = {"load": "empty", "unload": "server"}
    """The model was loaded, or went away, and nothing was asked of it."""

    counts: tuple[int | None, int | None] = (None, None)

    def add(self, name: bytes, data: bytes) -> str:  # noqa: ARG002 - lines have no names
        """Take one line; returns the text it adds. Raises ModelError."""
        text = self._take(data)
        if text or self.thoughts or self.calls:
            self.begun()
        return text

    def document(self, body: bytes) -> None:
        """Take a whole document, or a last line without its end."""
        self._take(body)

    def _take(self, data: bytes) -> str:
        line = self.decoded(_line, _Line, data)
        if line.error is not None:
            error = from_event(line.error, self.where)
            error.vendor = FORMAT
            raise error
        self.model = self.model or line.model
        if line.logprobs:
            pairs = [(one.token, one.logprob) for one in line.logprobs if one.logprob is not None]
            self.logprobs = [*(self.logprobs or ()), *pairs]
        text = self._said(line.message) if line.message is not None else ""
        if line.done:
            self.reason = line.done_reason or "stop"
            self.counts = line.prompt_eval_count, line.eval_count
            self.done = True
        return text

    def _said(self, said: _Said) -> str:
        if said.thinking:
            self.thoughts.append(said.thinking)
        for asked in said.tool_calls or ():
            given = asked.function.arguments
            arguments = given if isinstance(given, str) else encode({} if given is None else given).decode()
            identity = asked.id or f"call_{len(self.calls)}"
            self.calls.append(ToolCall(identity, asked.function.name, arguments.strip() or "{}"))
        return self.say(said.content) if said.content else ""

    def echo(self) -> str | None:
        """The thinking before a tool call, which models of the gpt-oss kind want back."""
        return echo_of(FORMAT, "".join(self.thoughts)) if self.thoughts and self.calls else None

    def used(self) -> Usage:
        return self.usage_of(*self.counts)


class _Vectors(msgspec.Struct):
    embeddings: list[list[float]]


_vectors = msgspec.json.Decoder(_Vectors)


class OllamaVectors(Document):
    """Reads ``{"embeddings": [[...], ...]}``."""

    def __init__(self, where: str, count: int) -> None:
        super().__init__(where)
        self.count = count

    def vectors(self) -> list[list[float]]:
        """One vector a text, in order. Raises ModelError: malformed."""
        try:
            found = _vectors.decode(self.body).embeddings
        except (msgspec.DecodeError, UnicodeDecodeError) as broken:
            raise self.failed(f"the server sent something that is no embeddings ({broken})", "malformed") from None
        if len(found) != self.count:
            raise self.failed(f"the server sent {len(found)} embeddings for {self.count} texts", "malformed")
        return found


def make(vendor: Vendor, options: ModelOptions) -> OllamaWire:
    """The wire of an Ollama server."""
    return OllamaWire(vendor, options)
