"""The clients that `clients.py` measures: each function returns an async function that makes one call.

All arguments are alike: ``(vendor, model, address of the server, streamed, prompt)``; a call returns the text.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

Call = Callable[[], Awaitable[str]]
MOST = 100


def weighbridge(vendor: str, model: str, url: str, streamed: bool, prompt: str) -> Call:
    from weighbridge.models.options import ModelOptions
    from weighbridge.models.protocol import Request, Sampling
    from weighbridge.models.remote.wires.vendors import VENDORS
    from weighbridge.models.specs import open_model
    from weighbridge.tasks.item import Message

    path = VENDORS[vendor].base_url.split("://", 1)[1].partition("/")[2]
    os.environ[VENDORS[vendor].key_envs[0]] = "key"
    opened = open_model(f"{vendor}:{model}", ModelOptions(base_url=f"{url}/{path}", stream=streamed))
    request = Request((Message("user", prompt),), Sampling(max_tokens=MOST))

    async def call() -> str:
        return (await opened.complete(request)).text

    return call


def sdk(vendor: str, model: str, url: str, streamed: bool, prompt: str) -> Call:
    return {"openai": _openai, "anthropic": _anthropic, "google": _google, "cohere": _cohere}[vendor](
        model, url, streamed, [{"role": "user", "content": prompt}]
    )


def _openai(model: str, url: str, streamed: bool, messages: Any) -> Call:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key="key", base_url=f"{url}/v1", max_retries=0)

    async def whole() -> str:
        answer = await client.chat.completions.create(
            model=model, messages=messages, temperature=0, max_completion_tokens=MOST
        )
        return answer.choices[0].message.content or ""

    async def pieces() -> str:
        text = []
        asked = client.chat.completions.create(
            model=model, messages=messages, temperature=0, max_completion_tokens=MOST, stream=True,
            stream_options={"include_usage": True},
        )  # fmt: skip
        async for chunk in await asked:
            if chunk.choices:
                text.append(chunk.choices[0].delta.content or "")
        return "".join(text)

    return pieces if streamed else whole


def _anthropic(model: str, url: str, streamed: bool, messages: Any) -> Call:
    from anthropic import AsyncAnthropic

    client = AsyncAnthropic(api_key="key", base_url=url, max_retries=0)

    async def whole() -> str:
        answer = await client.messages.create(model=model, messages=messages, max_tokens=MOST)
        return answer.content[0].text

    async def pieces() -> str:
        text = []
        async for event in await client.messages.create(model=model, messages=messages, max_tokens=MOST, stream=True):
            if event.type == "content_block_delta":
                text.append(event.delta.text)
        return "".join(text)

    return pieces if streamed else whole


def _google(model: str, url: str, streamed: bool, messages: Any) -> Call:
    from google import genai
    from google.genai import types

    client = genai.Client(api_key="key", http_options=types.HttpOptions(base_url=url))
    config = types.GenerateContentConfig(temperature=0, max_output_tokens=MOST)
    contents = messages[0]["content"]

    async def whole() -> str:
        answer = await client.aio.models.generate_content(model=model, contents=contents, config=config)
        return answer.text or ""

    async def pieces() -> str:
        text = []
        asked = client.aio.models.generate_content_stream(model=model, contents=contents, config=config)
        async for answer in await asked:
            text.append(answer.text or "")
        return "".join(text)

    return pieces if streamed else whole


def _cohere(model: str, url: str, streamed: bool, messages: Any) -> Call:
    import cohere

    client = cohere.AsyncClientV2(api_key="key", base_url=url)

    async def whole() -> str:
        answer = await client.chat(model=model, messages=messages, temperature=0, max_tokens=MOST)
        return answer.message.content[0].text

    async def pieces() -> str:
        text = []
        async for event in client.chat_stream(model=model, messages=messages, temperature=0, max_tokens=MOST):
            if event.type == "content-delta":
                text.append(event.delta.message.content.text)
        return "".join(text)

    return pieces if streamed else whole


def anyllm(vendor: str, model: str, url: str, streamed: bool, prompt: str) -> Call:
    from any_llm import AnyLLM

    provider = {"google": "gemini"}.get(vendor, vendor)
    base = f"{url}/v1" if vendor == "openai" else url
    llm = AnyLLM.create(provider, api_key="key", api_base=base)
    messages: Any = [{"role": "user", "content": prompt}]

    async def call() -> str:
        answer: Any = await llm.acompletion(model=model, messages=messages, max_tokens=MOST, stream=streamed)
        if not streamed:
            return answer.choices[0].message.content or ""
        return "".join([chunk.choices[0].delta.content or "" async for chunk in answer if chunk.choices])

    return call


def litellm(vendor: str, model: str, url: str, streamed: bool, prompt: str) -> Call:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm as lite

    lite.telemetry = False
    provider = {"google": "gemini", "cohere": "cohere_chat"}.get(vendor, vendor)
    path = {"openai": "/v1", "cohere": "/v2/chat"}.get(vendor, "")
    if vendor == "google":
        path = f"/v1beta/models/{model}"
    messages: Any = [{"role": "user", "content": prompt}]

    async def call() -> str:
        answer: Any = await lite.acompletion(
            model=f"{provider}/{model}", messages=messages, max_tokens=MOST, stream=streamed, api_key="key",
            api_base=f"{url}{path}",
        )  # fmt: skip
        if not streamed:
            return answer.choices[0].message.content or ""
        return "".join([chunk.choices[0].delta.content or "" async for chunk in answer if chunk.choices])

    return call
