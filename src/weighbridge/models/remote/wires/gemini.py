"""Google's ``generateContent``: Gemini by API key, and the same format at Vertex AI by bearer token.

Reference: https://ai.google.dev/api/generate-content. Answers are read by `gemini_answer`, refusals by
`gemini_refusals`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Request
from weighbridge.models.remote.wires.base import BaseWire, called_name, echoed, encode, segment, system_texts
from weighbridge.models.remote.wires.gemini_answer import FORMAT, GeminiReader, GeminiVectors
from weighbridge.models.remote.wires.gemini_refusals import refine
from weighbridge.models.remote.wires.protocol import Call
from weighbridge.models.remote.wires.vendor import Vendor
from weighbridge.tasks.item import Image, Message

_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_BUDGETS = {"minimal": 512, "low": 1024, "medium": 8192, "high": 24_576}
"""Tokens of thought by effort, for models that count them; those of Google's own OpenAI interface, 512 being the
least that 2.5 Flash-Lite takes."""
_MOST_STOPS = 5
_MADE_UP = re.compile(r"call_\d+")


def generation(model: str) -> tuple[int, int] | None:
    """(major, minor) of a Gemini model's name; None for another family, such as Gemma."""
    found = _VERSION.search(model.lower())
    if found is None:
        return (99, 0) if "gemini" in model.lower() and "embedding" not in model.lower() else None
    return int(found[1]), int(found[2] or 0)


class GeminiWire(BaseWire):
    """One model of the Gemini API."""

    name = FORMAT
    version_path = "/v1beta"

    def capabilities(self, model: str) -> Capabilities:
        if self._embeds(model):
            return Capabilities(embeddings=True, stop=False, temperature=False, top_p=False)
        version = generation(model)
        gemini = version is not None
        return Capabilities(
            choices=gemini,
            json_schema=gemini,
            logprobs=gemini,
            streaming=True,
            seed=True,
            tools=gemini,
            images=gemini or model.lower().startswith("gemma-3"),
            reasoning_effort=version is not None and version >= (2, 5),
        )

    def _embeds(self, model: str) -> bool:
        return "embedding" in model.lower()

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002 - a wire's form
        return {"x-goog-api-key": key} if key else {}

    def path(self, model: str) -> str:
        """Where the model is, after the base address."""
        named = model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"
        return f"{self.root}/{'/'.join(segment(part) for part in named.split('/'))}"

    def call(self, request: Request, model: str, stream: bool) -> Call:
        body: dict[str, Any] = {"contents": self.turns(request)}
        if system := system_texts(request.messages):
            body["systemInstruction"] = {"parts": [{"text": text} for text in system]}
        if request.tools:
            body["tools"] = [{"functionDeclarations": [self.function(tool) for tool in request.tools]}]
            if request.tool_choice is not None:
                body["toolConfig"] = {"functionCallingConfig": _choice(request.tool_choice)}
        body["generationConfig"] = self.generation(request, model)
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return Call(f"{self.path(model)}:{verb}", self.finished(body))

    def generation(self, request: Request, model: str) -> dict[str, Any]:
        """``generationConfig``."""
        sampling = request.sampling
        out: dict[str, Any] = {"maxOutputTokens": sampling.max_tokens, "temperature": sampling.temperature}
        if sampling.top_p is not None:
            out["topP"] = sampling.top_p
        if sampling.seed is not None:
            # Repeats of one prompt must be able to differ, and be the same again in a second run.
            out["seed"] = sampling.seed + request.repeat
        if sampling.stop:
            if len(sampling.stop) > _MOST_STOPS:
                self.lacks(f"takes at most {_MOST_STOPS} stop texts, not {len(sampling.stop)}", "name fewer")
            out["stopSequences"] = list(sampling.stop)
        if request.choices is not None:
            out["responseMimeType"] = "text/x.enum"
            out["responseSchema"] = {"type": "STRING", "enum": list(request.choices)}
        elif request.json_schema is not None:
            out["responseMimeType"] = "application/json"
            out["responseJsonSchema"] = self.object_of(request.json_schema, "the JSON Schema of the answer")
        if request.logprobs:
            out["responseLogprobs"] = True
        if sampling.reasoning_effort is not None:
            out["thinkingConfig"] = self.thinking(sampling.reasoning_effort, model)
        return out

    def thinking(self, effort: str, model: str) -> dict[str, Any]:
        """``thinkingConfig``: tokens up to 2.5, grades from 3 on."""
        if (generation(model) or (0, 0)) >= (3, 0):
            if effort == "none":
                self.lacks(f"cannot keep {model} from thinking", "use minimal or low")
            return {"thinkingLevel": effort.upper(), "includeThoughts": True}
        if effort == "none":
            if "pro" in model.lower():
                self.lacks(f"cannot keep {model} from thinking", "use minimal or low")
            return {"thinkingBudget": 0}
        return {"thinkingBudget": _BUDGETS[effort], "includeThoughts": True}

    def function(self, tool: Any) -> dict[str, Any]:  # noqa: ANN401 - a Tool
        """One function, its parameters in plain JSON Schema."""
        out: dict[str, Any] = {"name": tool.name}
        if tool.description:
            out["description"] = tool.description
        schema = self.object_of(tool.parameters, f"the parameters of the tool {tool.name}")
        if schema:
            out["parametersJsonSchema"] = schema
        return out

    def turns(self, request: Request) -> list[dict[str, Any]]:
        """The messages as user and model in turn; neighbours of one role become one, as results of tools do."""
        return self.alternating(
            request.messages,
            lambda message: self.parts(message, request.messages),
            assistant="model",
            content="parts",
        )

    def parts(self, message: Message, before: Sequence[Message]) -> list[dict[str, Any]]:
        """The content of one message."""
        if message.role == "tool":
            return [self.result(message, before), *(self.picture(image) for image in message.images)]
        if message.role == "assistant" and isinstance(earlier := echoed(message, FORMAT), list):
            return earlier
        parts = [self.picture(image) for image in message.images]
        if message.content:
            parts.append({"text": message.content})
        for call in message.tool_calls:
            function = {"name": call.name, "args": self.object_of(call.arguments, f"the arguments of {call.name}")}
            parts.append({"functionCall": {**_named(call.id), **function}})
        return parts

    def result(self, message: Message, before: Sequence[Message]) -> dict[str, Any]:
        """What a tool returned; Gemini wants the tool's name, and an object."""
        name = called_name(before, message)
        if name is None:
            self.lacks(
                f"needs the call that the tool's result belongs to ({message.tool_call_id!r} was not asked for)",
                "put the assistant message with its tool_calls before it",
            )
        text = message.content.strip()
        try:
            found: Any = self.object_of(text, "a result") if text.startswith("{") else {"result": message.content}
        except ModelError:
            found = {"result": message.content}
        return {"functionResponse": {**_named(message.tool_call_id), "name": name, "response": found}}

    def picture(self, image: Image) -> dict[str, Any]:
        """One image part."""
        if image.data is not None:
            return {"inlineData": {"mimeType": image.media_type, "data": base64.b64encode(image.data).decode()}}
        if image.url is None:
            self.lacks("was given a picture with neither bytes nor an address", "give one of the two")
        return {"fileData": {"mimeType": image.media_type, "fileUri": image.url}}

    def reader(self, where: str, request: Request) -> GeminiReader:
        return GeminiReader(where, request)

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> ModelError:
        error = self.refused(status, headers, body, where)
        refine(error, body)
        self.explain(error)
        return error

    def embeddings(self, texts: Sequence[str], model: str) -> Call:
        name = model if "/" in model else f"models/{model}"
        asked = [{"model": name, "content": {"parts": [{"text": text}]}, **self.options.extra} for text in texts]
        return Call(f"{self.path(model)}:batchEmbedContents", encode({"requests": asked}))

    def vectors(self, where: str, count: int) -> GeminiVectors:
        return GeminiVectors(where, count)


def _named(identity: str | None) -> dict[str, str]:
    """The vendor's own name of a call; ours, made up where it gave none, is kept from it."""
    return {} if identity is None or _MADE_UP.fullmatch(identity) else {"id": identity}


def _choice(choice: str) -> dict[str, Any]:
    if choice in ("auto", "none"):
        return {"mode": choice.upper()}
    return {"mode": "ANY"} if choice == "required" else {"mode": "ANY", "allowedFunctionNames": [choice]}


def make(vendor: Vendor, options: ModelOptions) -> GeminiWire:
    """The wire of the Gemini API."""
    return GeminiWire(vendor, options)
