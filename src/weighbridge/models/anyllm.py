"""``anyllm:provider/model``: the long tail of vendors, through the package any-llm-sdk (extra ``anyllm``).

Slower and less exact than the formats spoken here: the vendor's own SDK stands between, and what it leaves out of its
answer is lost. One attempt is one attempt: the SDKs' own retries are switched off.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Completion, Finish, Side
from weighbridge.models.abilities import adjusted, lacking
from weighbridge.models.anyllm_errors import understood
from weighbridge.models.keys import key_for
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Request
from weighbridge.models.remote import wire
from weighbridge.models.remote.answer import Answer
from weighbridge.models.remote.transport import hide

_INSTALL = "pip install 'weighbridge[anyllm]'"
_ONE_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_TAKEN = frozenset({"model", "stream", "stream_options"})


@dataclass(slots=True)
class AnyModel:
    """One model of one provider of any-llm."""

    spec: str
    provider: str
    model: str
    options: ModelOptions
    capabilities: Capabilities
    engine: str
    key: str | None = field(repr=False)
    simulated: bool = False
    _made: Any = field(default=None, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)

    @property
    def side(self) -> Side:
        return self.options.side or "closed"

    @property
    def revision(self) -> str:
        return self.options.revision or ""

    @property
    def endpoint(self) -> str:
        return f"anyllm:{self.provider}#{self.model}"

    @property
    def concurrency(self) -> int:
        return self.options.concurrency or 8

    def refused(self, request: Request) -> ModelError | None:
        """Why `request` cannot be made, before any call; None where it can."""
        found = lacking(request, self.capabilities)
        if found is None:
            return None
        return ModelError(
            f"any-llm does not declare {found[0]} for {self.provider}",
            kind="bad_request",
            where=self.spec,
            fix=f"leave it out; where {self.model} has it all the same, say `can: [{found[1]}]` in its options",
            vendor=self.provider,
        )

    async def complete(self, request: Request) -> Completion:
        """One attempt; raises ModelError."""
        return await self._asked(request, None)

    async def _asked(self, request: Request, pieces: asyncio.Queue[str | None] | None) -> Completion:
        no = self.refused(request)
        if no is not None:
            raise no
        stream = (self.options.stream or pieces is not None) and self.capabilities.streaming
        answer = Answer(self.spec)
        try:
            async with asyncio.timeout(self.options.first_byte_timeout) as limit:
                found = await self._client().acompletion(model=self.model, stream=stream, **self._fields(request))
                if not stream:
                    answer.document(found.model_dump_json().encode())
                    text = "".join(answer.pieces)
                    if pieces is not None:
                        pieces.put_nowait(text)
                else:
                    loop = asyncio.get_running_loop()
                    async for chunk in found:
                        limit.reschedule(loop.time() + self.options.idle_timeout)
                        answer.last = _now()
                        text = answer.add(b"", chunk.model_dump_json().encode())
                        if text and pieces is not None:
                            pieces.put_nowait(text)
                answer.last = _now()
            return self._clean(answer.completion(request, unwrap=True))
        except TimeoutError:
            raise self._hidden(
                ModelError("waited too long for any-llm", kind="timeout", where=self.spec, usage_may_be_billed=True)
            ) from None
        except ModelError as error:
            raise self._hidden(error) from None
        except Exception as raised:  # SDKs raise errors of their own kinds, which any-llm converts as far as it can
            error_or_outcome = understood(raised, self.spec)
            if error_or_outcome is None:
                return Completion("", Finish.FILTER, stop_reason="content_filter")
            raise self._hidden(error_or_outcome) from None

    def _fields(self, request: Request) -> dict[str, Any]:
        can = self.capabilities
        shape = msgspec.structs.replace(
            self.options,
            server="openai",
            constrained="json_schema" if can.json_schema else "none",
            json_schema=can.json_schema,
            logprobs=can.logprobs,
        )
        body = wire.body(request, self.model, shape)
        if not can.temperature:
            body.pop("temperature", None)
        return {name: value for name, value in body.items() if name not in _TAKEN}

    def _client(self) -> Any:  # noqa: ANN401 - any-llm's provider
        loop = asyncio.get_running_loop()
        if self._made is None or self._loop is not loop:
            self._made, self._loop = made(self.provider, self.key, self.options.base_url), loop
        return self._made

    async def stream(self, request: Request) -> AsyncIterator[str]:
        """Pieces of text as they come; raises ModelError as `complete` does."""
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        asked = asyncio.create_task(self._asked(request, pieces))
        asked.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            await asked
        finally:
            asked.cancel()

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, in order. Raises ModelError."""
        try:
            found = await self._client().aembedding(self.model, list(texts))
        except Exception as raised:  # as in `_asked`
            error = understood(raised, self.spec) or ModelError("a filter stopped a text", kind="bad_request")
            raise self._hidden(error) from None
        return [list(row.embedding) for row in sorted(found.data, key=lambda row: row.index)]

    def _hidden(self, error: ModelError) -> ModelError:
        error.vendor = self.provider
        if self.key:
            hide(error, self.key)
        return error

    def _clean(self, completion: Completion) -> Completion:
        if self.key and self.key in completion.text:
            return msgspec.structs.replace(completion, text=completion.text.replace(self.key, "***"))
        return completion

    async def close(self) -> None:
        made, self._made = self._made, None
        client = getattr(made, "client", None)
        if client is not None and hasattr(client, "close") and self._loop is asyncio.get_running_loop():
            closing = client.close()
            if asyncio.iscoroutine(closing):
                await closing


def made(provider: str, key: str | None, base_url: str | None) -> Any:  # noqa: ANN401 - any-llm's provider
    """The provider's client, without retries of its own where its SDK can be told so."""
    from any_llm import AnyLLM
    from any_llm.exceptions import UnsupportedParameterError

    try:
        return AnyLLM.create(provider, key, base_url, unified_exceptions=True, max_retries=0)
    except UnsupportedParameterError:
        return AnyLLM.create(provider, key, base_url, unified_exceptions=True)


def open_anyllm(rest: str, options: ModelOptions, base_dir: Path) -> AnyModel:  # noqa: ARG001 - an opener's form
    """Opener of ``anyllm:``; raises UsageError for a provider or a package that is not there."""
    spec = f"anyllm:{rest}"
    where = f"model {spec!r}"
    try:
        from importlib.metadata import version

        from any_llm import AnyLLM
    except ImportError:
        raise UsageError(f"model {spec!r} needs any-llm-sdk", where=where, fix=_INSTALL) from None
    provider, slash, model = rest.partition("/")
    if not slash or not model:
        raise UsageError(f"model {spec!r} does not name provider and model", fix="write anyllm:provider/model")
    names = AnyLLM.get_supported_providers()
    if provider not in names:
        raise UsageError(f"any-llm has no provider {provider!r}", where=where, fix=nearest(provider, names))
    try:
        facts = AnyLLM.get_provider_class(provider).get_provider_metadata()
    except ImportError as missing:
        fix = f"pip install 'any-llm-sdk[{provider}]'"
        raise UsageError(f"any-llm cannot load {provider}: {missing}", where=where, fix=fix) from None
    _check_address(facts, options, spec)
    key = None
    if options.key_env is not None or _ONE_NAME.fullmatch(facts.env_key or ""):
        key = key_for(provider, (facts.env_key,), options.key_env, spec)
    declared = Capabilities(
        streaming=facts.streaming,
        reasoning_effort=facts.reasoning,
        images=facts.image,
        embeddings=facts.embedding,
    )
    engine = f"any-llm {version('any-llm-sdk')}; {provider}"
    for said in (options.base_url, ",".join(options.omit), msgspec.json.encode(options.extra).decode()):
        engine += f"; {said}" if said and said != "{}" else ""
    return AnyModel(spec, provider, model, options, adjusted(declared, options), engine, key)


def _check_address(facts: Any, options: ModelOptions, spec: str) -> None:  # noqa: ANN401 - any-llm's metadata
    """any-llm takes the address from the environment where it is set; only the project may name another."""
    import os

    name = facts.env_api_base
    if options.base_url is None and name and os.environ.get(name):
        raise UsageError(
            f"any-llm would send the key to the address in {name}",
            where=f"model {spec!r}",
            fix=f"unset {name}, or say `base_url:` in the model's options",
        )


def _now() -> float:
    from time import perf_counter

    return perf_counter()
