"""The requests of more interfaces beside their SDKs' own: Responses, Azure, Mistral, AI21, Vertex AI, Ollama; and the
streamed requests of all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dialects import anthropic_messages, cohere_v2, dialect, gemini, openai_chat
from dialects.opening import KEY, SETTINGS, address, give_keys, open_at
from dialects.said import Said
from weighbridge.evidence import ToolCall
from weighbridge.models.protocol import Request, Sampling, Tool
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.tasks.item import Message
from wire_server import Reply, WireServer
from wire_sides import place, same

OLLAMA = {"temperature": 0.5, "num_predict": 64, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0}
"""With the server's own defaults switched off, as for every engine."""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"team": {"type": "string"}},
    "required": ["team"],
    "additionalProperties": False,
}
PARAMETERS: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ARGUMENTS = {"city": "Zürich"}
RESULT = '{"sky": "grey"}'
SYSTEM, USER, WEATHER = "Be brief.", "Where is it?", "What is the weather in Zürich?"
FUNCTION = {"name": "look_up", "parameters": PARAMETERS, "description": "The weather."}
CALL = {"id": "call_a1", "type": "function", "function": {"name": "look_up", "arguments": json.dumps(ARGUMENTS)}}
VERSION = "2024-10-21"
PLAIN = Sampling(temperature=0.5, max_tokens=64)
ASKED = {
    "text": Request((Message("system", SYSTEM), Message("user", USER)), PLAIN),
    "tools": Request(
        (
            Message("user", WEATHER),
            Message("assistant", "", tool_calls=(ToolCall("call_a1", "look_up", json.dumps(ARGUMENTS)),)),
            Message("tool", RESULT, tool_call_id="call_a1"),
        ),
        PLAIN,
        tools=(Tool("look_up", json.dumps(PARAMETERS), "The weather."),),
    ),
    "schema": Request((Message("user", USER),), PLAIN, json_schema=json.dumps(SCHEMA)),
}
MESSAGES: dict[str, list[dict[str, Any]]] = {
    "text": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}],
    "tools": [
        {"role": "user", "content": WEATHER},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": RESULT, "tool_call_id": "call_a1"},
    ],
    "schema": [{"role": "user", "content": USER}],
}
"""In OpenAI's form."""


def openai_words(case: str) -> dict[str, Any]:
    """What chat completions gets beside the sampling."""
    more: dict[str, Any] = {"messages": MESSAGES[case]}
    if case == "tools":
        more["tools"] = [{"type": "function", "function": FUNCTION}]
    if case == "schema":
        wanted = {"name": "answer", "schema": SCHEMA, "strict": True}
        more["response_format"] = {"type": "json_schema", "json_schema": wanted}
    return more


def responses_sends(url: str, model: str, case: str) -> None:
    more: dict[str, Any] = {"input": [{"role": "user", "content": USER}]}
    if case == "text":
        more["instructions"] = SYSTEM
    if case == "tools":
        call = {"type": "function_call", "call_id": "call_a1", "name": "look_up", "arguments": json.dumps(ARGUMENTS)}
        back = {"type": "function_call_output", "call_id": "call_a1", "output": RESULT}
        more = {
            "input": [{"role": "user", "content": WEATHER}, call, back],
            "tools": [{"type": "function", **FUNCTION, "strict": False}],
        }
    if case == "schema":
        more["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}}
    with openai_chat.client(url) as client:
        client.responses.create(model=model, temperature=0.5, max_output_tokens=64, store=False, **more)


def azure_responses_sends(url: str, model: str, case: str) -> None:
    responses_sends(f"{url}/openai/v1", model, case)


def azure_sends(url: str, model: str, case: str) -> None:
    with openai_chat.client(f"{url}/openai/v1") as client:  # the v1 paths are made for OpenAI's own client
        client.chat.completions.create(model=model, temperature=0.5, max_completion_tokens=64, **openai_words(case))


def deployment_sends(url: str, model: str, case: str) -> None:
    from openai import AzureOpenAI

    with AzureOpenAI(api_key=KEY, azure_endpoint=url, api_version=VERSION, max_retries=0) as client:
        client.chat.completions.create(model=model, temperature=0.5, max_completion_tokens=64, **openai_words(case))


def mistral_sends(url: str, model: str, case: str) -> None:
    from mistralai.client import Mistral

    # Its types write two defaults out: `prefix` of a message and `index` of a call.
    with Mistral(api_key=KEY, server_url=url.removesuffix("/v1")) as mistral:
        mistral.chat.complete(model=model, temperature=0.5, max_tokens=64, **openai_words(case))


def ai21_sends(url: str, model: str, case: str) -> None:
    from ai21 import AI21Client
    from ai21.models.chat import ChatMessage

    messages = [ChatMessage(**one) for one in MESSAGES[case]]
    AI21Client(api_key=KEY, api_host=url, num_retries=0).chat.completions.create(
        model=model, messages=messages, temperature=0.5, max_tokens=64
    )


def vertex_sends(url: str, model: str, case: str) -> None:
    from google import genai
    from google.genai import types
    from google.oauth2.credentials import Credentials

    config = types.GenerateContentConfig(temperature=0.5, max_output_tokens=64)
    contents: list[types.Content | str] = [USER]
    if case == "text":
        config.system_instruction = SYSTEM
    elif case == "tools":
        function = types.FunctionDeclaration(
            name="look_up", description="The weather.", parameters_json_schema=PARAMETERS
        )
        config.tools = [types.Tool(function_declarations=[function])]
        call = types.FunctionCall(id="call_a1", name="look_up", args=ARGUMENTS)
        back = types.FunctionResponse(id="call_a1", name="look_up", response=json.loads(RESULT))
        contents = [
            types.Content(role="user", parts=[types.Part.from_text(text=WEATHER)]),
            types.Content(role="model", parts=[types.Part(function_call=call)]),
            types.Content(role="user", parts=[types.Part(function_response=back)]),
        ]
    else:
        config.response_mime_type, config.response_json_schema = "application/json", SCHEMA
    root, _, _ = url.partition("/v1/")
    client = genai.Client(
        vertexai=True,
        project=SETTINGS["project"],
        location=SETTINGS["region"],
        credentials=Credentials(KEY),
        http_options=types.HttpOptions(base_url=root, api_version="v1"),
    )
    client.models.generate_content(model=model, contents=contents, config=config)
    client.close()


def ollama_sends(url: str, model: str, case: str) -> None:
    from ollama import Client

    more: dict[str, Any] = {"messages": MESSAGES[case]}
    if case == "tools":
        call = {"function": {"name": "look_up", "arguments": ARGUMENTS}}
        more["messages"] = [
            {"role": "user", "content": WEATHER},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "content": RESULT, "tool_name": "look_up"},
        ]
        more["tools"] = [{"type": "function", "function": FUNCTION}]
    if case == "schema":
        more["format"] = SCHEMA
    Client(host=url.removesuffix("/api")).chat(model=model, options=OLLAMA, **more)


SENDERS: dict[tuple[str, str | None], Callable[[str, str, str], None]] = {
    ("openai", "responses"): responses_sends,
    ("azure", "responses"): azure_responses_sends,
    ("azure", None): azure_sends,
    ("mistral", None): mistral_sends,
    ("ai21", None): ai21_sends,
    ("vertex", None): vertex_sends,
    ("ollama", None): ollama_sends,
}
CASES = [(*way, case) for way in SENDERS for case in ASKED if way[0] != "ai21" or case == "text"]


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


@pytest.mark.parametrize(("name", "api", "case"), CASES)
async def test_bodies_are_alike(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, name: str, api: str | None, case: str
) -> None:
    give_keys(monkeypatch)
    model = open_at(server.url, name, api, stream=False)
    module = dialect(model.wire.name)
    server.reply = Reply(module.document(Said('{"team": "a"}')))
    await model.complete(ASKED[case])
    await model.close()
    ours = server.asked[-1]
    SENDERS[name, api](address(server.url, name), VENDORS[name].example, case)
    theirs = server.asked[-1]
    assert theirs is not ours
    assert place(ours.path) == place(theirs.path)
    assert without_defaults(same(ours.body)) == without_defaults(same(theirs.body))


def without_defaults(body: Any) -> Any:
    """`body` without defaults that the types of Mistral and Ollama write out."""
    if not body.get("tools"):
        body.pop("tools", None)
    for message in body.get("messages", ()):
        if message.get("prefix") is False:
            del message["prefix"]
        if message.get("content") == "":
            del message["content"]
        for call in message.get("tool_calls", ()):
            if call.get("index") == 0:
                del call["index"]
    return body


@pytest.mark.parametrize("case", ASKED)
async def test_deployments_of_azure_are_asked_alike(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    give_keys(monkeypatch)
    model = open_at(server.url, "azure", stream=False, api_version=VERSION)
    server.reply = Reply(dialect(model.wire.name).document(Said('{"team": "a"}')))
    await model.complete(ASKED[case])
    await model.close()
    ours = server.asked[-1]
    deployment_sends(server.url, VENDORS["azure"].example, case)
    theirs = server.asked[-1]
    assert theirs is not ours
    assert ours.path == theirs.path
    assert ours.headers["api-key"] == theirs.headers["api-key"]
    assert same(ours.body) == same(theirs.body)


def openai_streams(url: str, model: str) -> None:
    with openai_chat.client(url) as client:
        for _ in client.chat.completions.create(
            model=model,
            temperature=0.5,
            max_completion_tokens=64,
            stream=True,
            stream_options={"include_usage": True},
            messages=MESSAGES["text"],
        ):
            pass


def responses_streams(url: str, model: str) -> None:
    with openai_chat.client(url) as client:
        for _ in client.responses.create(
            model=model,
            temperature=0.5,
            max_output_tokens=64,
            store=False,
            stream=True,
            instructions=SYSTEM,
            input=MESSAGES["schema"],
        ):
            pass


def anthropic_streams(url: str, model: str) -> None:
    said = [{"role": "user", "content": [{"type": "text", "text": USER}]}]
    with (
        anthropic_messages.client(url) as client,
        client.messages.stream(
            model=model, max_tokens=64, system=SYSTEM, messages=said, extra_body={"temperature": 0.5}
        ) as events,
    ):
        for _ in events:
            pass


def google_streams(url: str, model: str) -> None:
    from google.genai import types

    config = types.GenerateContentConfig(temperature=0.5, max_output_tokens=64, system_instruction=SYSTEM)
    client = gemini.client(url)
    for _ in client.models.generate_content_stream(model=model, contents=[USER], config=config):
        pass
    client.close()


def cohere_streams(url: str, model: str) -> None:
    for _ in cohere_v2.client(url).chat_stream(
        model=model, temperature=0.5, max_tokens=64, messages=MESSAGES["text"]
    ):
        pass


def mistral_streams(url: str, model: str) -> None:
    from mistralai.client import Mistral

    with Mistral(api_key=KEY, server_url=url.removesuffix("/v1")) as mistral:
        for _ in mistral.chat.stream(model=model, temperature=0.5, max_tokens=64, messages=MESSAGES["text"]):
            pass


def ollama_streams(url: str, model: str) -> None:
    from ollama import Client

    for _ in Client(host=url.removesuffix("/api")).chat(
        model=model, options=OLLAMA, messages=MESSAGES["text"], stream=True
    ):
        pass


STREAMERS: dict[tuple[str, str | None], Callable[[str, str], None]] = {
    ("openai", None): openai_streams,
    ("openai", "responses"): responses_streams,
    ("anthropic", None): anthropic_streams,
    ("google", None): google_streams,
    ("cohere", None): cohere_streams,
    ("mistral", None): mistral_streams,
    ("ollama", None): ollama_streams,
}


@pytest.mark.parametrize(("name", "api"), STREAMERS)
async def test_streamed_requests_are_alike(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, name: str, api: str | None
) -> None:
    give_keys(monkeypatch)
    model = open_at(server.url, name, api)
    module = dialect(model.wire.name)
    server.reply = Reply(module.stream(Said("there")), module.STREAM)
    assert (await model.complete(ASKED["text"])).text == "there"
    await model.close()
    ours = server.asked[-1]
    STREAMERS[name, api](address(server.url, name), VENDORS[name].example)
    theirs = server.asked[-1]
    assert theirs is not ours
    assert place(ours.path) == place(theirs.path)
    assert ours.path.partition("?")[2] == theirs.path.partition("?")[2]
    assert without_defaults(same(ours.body)) == without_defaults(same(theirs.body))
