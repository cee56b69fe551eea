"""What the formats of single vendors share: a wire's usual answers, and how its refusals read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import msgspec

from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, RateLimits, Request
from weighbridge.models.remote.failures import from_status
from weighbridge.models.remote.sse import EventReader
from weighbridge.models.remote.wire import CHOICE_KEY
from weighbridge.models.remote.wires.protocol import Call, Framer, VectorReader
from weighbridge.models.remote.wires.vendor import Vendor
from weighbridge.tasks.item import Message

encode = msgspec.json.Encoder().encode


class BaseWire:
    """A format of one vendor; what differs is overridden."""

    name = ""
    version_path = ""
    """Beginning of every path, which many write into the base URL as well: ``/v1``."""

    def __init__(self, vendor: Vendor, options: ModelOptions) -> None:
        self.vendor = vendor
        self.options = options
        base = urlsplit((options.base_url or vendor.base_url).rstrip("/")).path
        self.root = "" if base.endswith(self.version_path) else self.version_path

    @property
    def framer(self) -> Callable[[], Framer]:
        return EventReader

    def secrets(self, key: str) -> Sequence[str]:
        return (key,) if key else ()

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> Any:  # noqa: ANN401 - below
        """A ModelError; some formats return the Completion of a stopped prompt instead."""
        return self.refused(status, headers, body, where)

    def refused(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> ModelError:
        """The error of the common shapes, in words that fit a vendor."""
        error = from_status(status, headers, body, where)
        error.vendor = self.vendor.name
        self.explain(error)
        return error

    def explain(self, error: ModelError) -> None:
        """Say what to do about `error`, where its kind tells."""
        if error.status is None or error.status >= 400:
            # Redirects keep their own advice; the rest was worded for a server of one's own.
            error.fix = None
        key = self.vendor.key_envs[0] if self.vendor.key_envs else "key_env"
        if error.kind == "auth":
            error.fix = f"set {key} to a key that {self.vendor.title} accepts for this model"
        elif error.kind == "quota":
            error.fix = f"raise the spend limit or top up the account at {self.vendor.title}, or choose another model"
        elif error.kind == "dead" and error.status in (404, 405, 410):
            error.fix = f"check the model's name after {self.vendor.name}:, and whether this account may use it"

    def lacks(self, what: str, instead: str) -> NoReturn:
        """Refuse a request that cannot be said in this format."""
        raise ModelError(
            f"{self.vendor.title} {what}",
            kind="bad_request",
            where=f"{self.vendor.name}:",
            fix=instead,
            vendor=self.vendor.name,
        )

    def embeddings(self, texts: Sequence[str], model: str) -> Call:
        self.lacks(f"has no embeddings for {model} ({len(texts)} texts asked)", "choose a model that embeds")

    def vectors(self, where: str, count: int) -> VectorReader:
        raise NotImplementedError(f"{self.name} has no embeddings ({where}, {count} texts)")

    def limits(self, headers: Mapping[str, str]) -> RateLimits | None:  # noqa: ARG002 - a wire's form
        return None

    def finished(self, body: dict[str, Any]) -> bytes:
        """`body` as bytes, with the project's own fields beneath and the omitted ones gone."""
        for field, value in self.options.extra.items():
            known = body.get(field)
            if isinstance(known, dict) and isinstance(value, dict):
                body[field] = {**value, **known}
            else:
                body.setdefault(field, value)
        for field in self.options.omit:
            body.pop(field, None)
        return encode(body)

    def alternating(
        self,
        messages: Sequence[Message],
        blocks: Callable[[Message], list[dict[str, Any]]],
        assistant: str = "assistant",
        content: str = "content",
    ) -> list[dict[str, Any]]:
        """The messages as user and assistant in turn: neighbours of one role become one, as results of tools do.

        `assistant` and `content` are the format's words for the model's role and for what a turn holds; `blocks`
        gives that of one message. System messages stand elsewhere. Raises ModelError: bad_request.
        """
        turns: list[dict[str, Any]] = []
        for message in messages:
            if message.role in ("system", "developer"):
                continue
            role = assistant if message.role == "assistant" else "user"
            held = blocks(message)
            if turns and turns[-1]["role"] == role:
                turns[-1][content] += held
            else:
                turns.append({"role": role, content: held})
        turns = [turn for turn in turns if turn[content]]
        if not turns:
            self.lacks("needs at least one message that is no system message", "add a user message to the prompt")
        return turns

    def wanted_schema(self, request: Request) -> dict[str, Any] | None:
        """The JSON Schema the answer is held to; that of an object with one field for choices."""
        if request.choices is not None:
            return {
                "type": "object",
                "properties": {CHOICE_KEY: {"type": "string", "enum": list(request.choices)}},
                "required": [CHOICE_KEY],
                "additionalProperties": False,
            }
        if request.json_schema is None:
            return None
        return self.object_of(request.json_schema, "the JSON Schema of the answer")

    def object_of(self, text: str, what: str) -> dict[str, Any]:
        """A JSON object out of text. Raises ModelError: bad_request."""
        try:
            found = msgspec.json.decode(text or "{}")
        except msgspec.DecodeError as broken:
            self.lacks(f"needs {what} as a JSON object, which this is not ({broken})", "correct it")
        if not isinstance(found, dict):
            self.lacks(f"needs {what} as a JSON object, not {text[:60]!r}", "correct it")
        return found


def echoed(message: Message, format_name: str) -> Any:  # noqa: ANN401 - JSON of that format
    """What an earlier answer in this format wants back; None where there is nothing of it."""
    if message.echo is None:
        return None
    try:
        found = msgspec.json.decode(message.echo)
    except msgspec.DecodeError:
        return None
    return found.get(format_name) if isinstance(found, dict) else None


def echo_of(format_name: str, value: object) -> str:
    """`value` for `Completion.echo`, under the name of its format, so that no other format takes it for its own."""
    return encode({format_name: value}).decode()


def system_texts(messages: Sequence[Message]) -> list[str]:
    """The texts of all system messages, in order."""
    return [message.content for message in messages if message.role in ("system", "developer") and message.content]


def called_name(messages: Sequence[Message], result: Message) -> str | None:
    """The name of the tool whose result `result` is: of the latest call before it with that id."""
    name = None
    for message in messages:
        if message is result:
            break
        for call in message.tool_calls:
            if call.id == result.tool_call_id:
                name = call.name
    return name


def segment(text: str) -> str:
    """`text` as one segment of a path, as an HTTP client leaves it."""
    return quote(text, safe=":@")
