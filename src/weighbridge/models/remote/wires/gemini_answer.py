"""Answers of Google's ``generateContent``: chunks of a stream are documents of the same shape as a whole answer.

Reference: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse. A prompt that a filter stopped
has no candidates and says why in ``promptFeedback``: an outcome. Thought signatures stand on parts and go back with
them.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from weighbridge.evidence import Finish, ToolCall, Usage
from weighbridge.models.protocol import ErrorKind
from weighbridge.models.remote.document import Document
from weighbridge.models.remote.wires.base import echo_of, encode
from weighbridge.models.remote.wires.gemini_refusals import kind_of_word
from weighbridge.models.remote.wires.incoming import Incoming, total

FORMAT = "gemini"


class FunctionCall(msgspec.Struct, omit_defaults=True):
    name: str = ""
    args: dict[str, Any] | None = None
    id: str | None = None


class Part(msgspec.Struct, rename="camel", omit_defaults=True):
    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    function_call: FunctionCall | None = None


class Content(msgspec.Struct):
    parts: list[Part] = []


class Chosen(msgspec.Struct, rename="camel"):
    token: str = ""
    log_probability: float | None = None


class Logprobs(msgspec.Struct, rename="camel"):
    chosen_candidates: list[Chosen] = []


class Candidate(msgspec.Struct, rename="camel"):
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    logprobs_result: Logprobs | None = None
    index: int = 0


class Counts(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    cached_content_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None


class Feedback(msgspec.Struct, rename="camel"):
    block_reason: str | None = None
    block_reason_message: str | None = None


class Chunk(msgspec.Struct, rename="camel"):
    candidates: list[Candidate] = []
    prompt_feedback: Feedback | None = None
    usage_metadata: Counts | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: Any = None


_chunk = msgspec.json.Decoder(Chunk)
_chunks = msgspec.json.Decoder(list[Chunk])


class GeminiReader(Incoming):
    """Puts one answer together."""

    vendor = "google"
    thing = "an answer of generateContent"
    unwrap = False
    finishes: ClassVar[dict[str, Finish]] = {
        "STOP": Finish.STOP,
        "MAX_TOKENS": Finish.LENGTH,
        "CONTINUATION": Finish.LENGTH,
        **dict.fromkeys(
            (
                *(
                    "SAFETY",
                    "RECITATION",
                    "LANGUAGE",
                    "OTHER",
                    "BLOCKLIST",
                    "PROHIBITED_CONTENT",
                    "SPII",
                    "JAILBREAK",
                ),
                *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER", "NO_IMAGE"),
                *("MODEL_ARMOR", "ESCALATION", "PUP_LIMITED_DISABLED", "BLOCKED_REASON_UNSPECIFIED"),
            ),
            Finish.FILTER,
        ),
    }
    broken: ClassVar[dict[str, ErrorKind]] = {
        "MALFORMED_FUNCTION_CALL": "malformed",
        "MALFORMED_RESPONSE": "malformed",
        "UNEXPECTED_TOOL_CALL": "malformed",
        "TOO_MANY_TOOL_CALLS": "malformed",
        "MISSING_THOUGHT_SIGNATURE": "bad_request",
    }

    def __init__(self, where: str, request: Any) -> None:  # noqa: ANN401 - a Request
        super().__init__(where, request)
        self.counts: Counts | None = None
        self.parts: list[Part] = []

    def add(self, name: bytes, data: bytes) -> str:  # noqa: ARG002 - events have no names here
        """Take one chunk; returns the text it adds. Raises ModelError."""
        text = self._take(self.decoded(_chunk, Chunk, data))
        if self.parts:
            self.begun()
        return text

    def document(self, body: bytes) -> None:
        """Take a whole document, or the array that a stream without ``alt=sse`` is."""
        if body.lstrip()[:1] == b"[":
            for chunk in self.decoded(_chunks, list[Chunk], body):
                self._take(chunk)
        else:
            self._take(self.decoded(_chunk, Chunk, body))
        # What a broken connection leaves of a stream looks like a document as well; a whole one says why it ends.
        self.done = self.reason is not None

    def _take(self, chunk: Chunk) -> str:
        if chunk.error is not None:
            word = chunk.error.get("status") if isinstance(chunk.error, dict) else None
            raise self.broke_off({"error": chunk.error}, kind_of_word(word) or "server", word)
        self.request_id = self.request_id or chunk.response_id
        self.model = self.model or chunk.model_version
        if chunk.usage_metadata is not None:
            self._count(chunk.usage_metadata)
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason is not None:
            self.reason = chunk.prompt_feedback.block_reason
            self.explained = chunk.prompt_feedback.block_reason_message
        if not chunk.candidates:
            return ""
        candidate = chunk.candidates[0]
        if candidate.finish_reason not in (None, "FINISH_REASON_UNSPECIFIED"):
            self.reason = candidate.finish_reason
            self.explained = candidate.finish_message
        if candidate.logprobs_result is not None:
            pairs = [
                (one.token, one.log_probability)
                for one in candidate.logprobs_result.chosen_candidates
                if one.log_probability is not None
            ]
            self.logprobs = [*(self.logprobs or ()), *pairs]
        parts = candidate.content.parts if candidate.content is not None else []
        return "".join([self._part(part) for part in parts])

    def _part(self, part: Part) -> str:
        self._keep(part)
        if part.function_call is not None:
            call = part.function_call
            arguments = encode(call.args or {}).decode()
            self.calls.append(ToolCall(call.id or f"call_{len(self.calls)}", call.name, arguments))
        if not part.text:
            return ""
        if part.thought:
            self.thoughts.append(part.text)
            return ""
        return self.say(part.text)

    def _keep(self, part: Part) -> None:
        """Remember `part` for the next turn: pieces of one text become one, unless one of them is signed."""
        last = self.parts[-1] if self.parts else None
        joins = (
            last is not None
            and last.text is not None
            and part.text is not None
            and last.thought == part.thought
            and last.thought_signature is None
            and part.thought_signature is None
            and last.function_call is None
            and part.function_call is None
        )
        if joins and last is not None:
            last.text = f"{last.text}{part.text}"
        else:
            self.parts.append(Part(part.text, part.thought, part.thought_signature, part.function_call))

    def _count(self, counts: Counts) -> None:
        """Counts come with every chunk: a newer one replaces an older."""
        if self.counts is None:
            self.counts = counts
            return
        for field in counts.__struct_fields__:
            if (value := getattr(counts, field)) is not None:
                setattr(self.counts, field, value)

    def echo(self) -> str | None:
        """All parts, where one of them is signed."""
        if not any(part.thought_signature for part in self.parts):
            return None
        return echo_of(FORMAT, [msgspec.json.decode(encode(part)) for part in self.parts])

    def used(self) -> Usage:
        """Thought tokens are no part of ``candidatesTokenCount``, and are paid as output."""
        counts = self.counts
        if counts is None:
            return self.usage_of(None, None)
        written, thought = counts.candidates_token_count, counts.thoughts_token_count
        read = total(counts.prompt_token_count, counts.tool_use_prompt_token_count)
        return self.usage_of(read, total(written, thought), thought, counts.cached_content_token_count)


class _Values(msgspec.Struct):
    values: list[float]


class _Prediction(msgspec.Struct):
    embeddings: _Values


class _Vectors(msgspec.Struct):
    embeddings: list[_Values] | None = None
    predictions: list[_Prediction] | None = None
    """Of Vertex AI."""


_vectors = msgspec.json.Decoder(_Vectors)


class GeminiVectors(Document):
    """Reads ``{"embeddings": [{"values": [...]}]}``, and Vertex AI's ``predictions``."""

    def __init__(self, where: str, count: int) -> None:
        super().__init__(where)
        self.count = count

    def vectors(self) -> list[list[float]]:
        """One vector a text, in order. Raises ModelError: malformed."""
        try:
            found = _vectors.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as broken:
            raise self.failed(f"the vendor sent something that is no embeddings ({broken})", "malformed") from None
        values = found.embeddings or [one.embeddings for one in found.predictions or ()]
        if len(values) != self.count:
            raise self.failed(f"the vendor sent {len(values)} embeddings for {self.count} texts", "malformed")
        return [one.values for one in values]
