"""One conversation sent by the vendors' SDKs and by us: the JSON bodies must be the same, field by field."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dialects import anthropic_messages, bedrock, cohere_v2, dialect, gemini, openai_chat
from dialects.opening import address, give_keys, open_at
from dialects.said import Said
from weighbridge.evidence import ToolCall
from weighbridge.models.protocol import Request, Sampling, Tool
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.tasks.item import Image, Message
from wire_server import Reply, WireServer
from wire_sides import place, same

PICTURE = b"\x89PNG\r\n\x1a\n not really a picture"
DATA = base64.b64encode(PICTURE).decode()
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"team": {"type": "string"}, "sure": {"type": "boolean"}},
    "required": ["team", "sure"],
    "additionalProperties": False,
}
PARAMETERS: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ARGUMENTS = {"city": "Zürich"}
TEXT = Request(
    (Message("system", "Be brief."), Message("user", "Where is it?")),
    Sampling(temperature=0.5, max_tokens=64, stop=("END",)),
)
TOOLS = Request(
    (
        Message("system", "Be brief."),
        Message("user", "What is the weather in Zürich?"),
        Message("assistant", "", tool_calls=(ToolCall("call_a1", "look_up", json.dumps(ARGUMENTS)),)),
        Message("tool", '{"sky": "grey"}', tool_call_id="call_a1"),
    ),
    Sampling(temperature=0.5, max_tokens=64),
    tools=(Tool("look_up", json.dumps(PARAMETERS), "The weather."),),
)
PICTURED = Request(
    (Message("user", "What is this?", images=(Image("image/png", PICTURE),)),),
    Sampling(temperature=0.5, max_tokens=64),
)
SCHEMED = Request(
    (Message("user", "Which team?"),), Sampling(temperature=0.5, max_tokens=64), json_schema=json.dumps(SCHEMA)
)
ASKED = {"text": TEXT, "tools": TOOLS, "picture": PICTURED, "schema": SCHEMED}


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


def openai_sends(url: str, model: str, case: str) -> None:
    call: dict[str, Any] = {"id": "call_a1", "type": "function"}
    call["function"] = {"name": "look_up", "arguments": json.dumps(ARGUMENTS)}
    more: dict[str, Any] = {
        "text": {
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is it?"}],
            "stop": ["END"],
        },
        "tools": {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What is the weather in Zürich?"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "content": '{"sky": "grey"}', "tool_call_id": "call_a1"},
            ],
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "look_up", "parameters": PARAMETERS, "description": "The weather."},
                }
            ],
        },
        "picture": {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}},
                        {"type": "text", "text": "What is this?"},
                    ],
                }
            ]
        },
        "schema": {
            "messages": [{"role": "user", "content": "Which team?"}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
            },
        },
    }[case]
    with openai_chat.client(url) as client:
        client.chat.completions.create(model=model, temperature=0.5, max_completion_tokens=64, **more)


def anthropic_sends(url: str, model: str, case: str) -> None:
    text = {"type": "text"}
    more: dict[str, Any] = {
        "text": {
            "system": "Be brief.",
            "messages": [{"role": "user", "content": [{**text, "text": "Where is it?"}]}],
            "stop_sequences": ["END"],
        },
        "tools": {
            "system": "Be brief.",
            "messages": [
                {"role": "user", "content": [{**text, "text": "What is the weather in Zürich?"}]},
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "call_a1", "name": "look_up", "input": ARGUMENTS}],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "call_a1",
                            "content": [{"type": "text", "text": '{"sky": "grey"}'}],
                        }
                    ],
                },
            ],
            "tools": [{"name": "look_up", "description": "The weather.", "input_schema": PARAMETERS}],
        },
        "picture": {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}},
                        {**text, "text": "What is this?"},
                    ],
                }
            ]
        },
        "schema": {
            "messages": [{"role": "user", "content": [{**text, "text": "Which team?"}]}],
            "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
        },
    }[case]
    with anthropic_messages.client(url) as client:
        # Its newest models take no temperature, so neither does the SDK's function any more.
        client.messages.create(model=model, max_tokens=64, extra_body={"temperature": 0.5}, **more)


def google_sends(url: str, model: str, case: str) -> None:
    from google.genai import types

    config = types.GenerateContentConfig(temperature=0.5, max_output_tokens=64)
    contents: list[types.Content | types.Part | str] = ["Where is it?"]
    if case == "text":
        config.system_instruction, config.stop_sequences = "Be brief.", ["END"]
    elif case == "tools":
        config.system_instruction = "Be brief."
        function = types.FunctionDeclaration(
            name="look_up", description="The weather.", parameters_json_schema=PARAMETERS
        )
        config.tools = [types.Tool(function_declarations=[function])]
        contents = [
            types.Content(role="user", parts=[types.Part.from_text(text="What is the weather in Zürich?")]),
            types.Content(
                role="model",
                parts=[types.Part(function_call=types.FunctionCall(id="call_a1", name="look_up", args=ARGUMENTS))],
            ),
            types.Content(
                role="user",
                parts=[
                    types.Part(
                        function_response=types.FunctionResponse(
                            id="call_a1", name="look_up", response={"sky": "grey"}
                        )
                    )
                ],
            ),
        ]
    elif case == "picture":
        contents = [types.Part.from_bytes(data=PICTURE, mime_type="image/png"), "What is this?"]
    else:
        contents = ["Which team?"]
        config.response_mime_type, config.response_json_schema = "application/json", SCHEMA
    client = gemini.client(url)
    client.models.generate_content(model=model, contents=contents, config=config)
    client.close()


def cohere_sends(url: str, model: str, case: str) -> None:
    import cohere

    system, user = cohere.SystemChatMessageV2(content="Be brief."), cohere.UserChatMessageV2
    more: dict[str, Any]
    if case == "text":
        more = {"messages": [system, user(content="Where is it?")], "stop_sequences": ["END"]}
    elif case == "tools":
        call = cohere.ToolCallV2(
            id="call_a1",
            type="function",
            function=cohere.ToolCallV2Function(name="look_up", arguments=json.dumps(ARGUMENTS)),
        )
        function = cohere.ToolV2Function(name="look_up", description="The weather.", parameters=PARAMETERS)
        more = {
            "messages": [
                system,
                user(content="What is the weather in Zürich?"),
                cohere.AssistantChatMessageV2(tool_calls=[call]),
                cohere.ToolChatMessageV2(tool_call_id="call_a1", content='{"sky": "grey"}'),
            ],
            "tools": [cohere.ToolV2(type="function", function=function)],
        }
    else:
        wanted = cohere.JsonObjectResponseFormatV2(json_schema=SCHEMA)
        more = {"messages": [user(content="Which team?")], "response_format": wanted}
    cohere_v2.client(url).chat(model=model, temperature=0.5, max_tokens=64, **more)


def bedrock_sends(url: str, model: str, case: str) -> None:
    inference: dict[str, Any] = {"temperature": 0.5, "maxTokens": 64}
    more: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": "Where is it?"}]}]}
    if case == "text":
        inference["stopSequences"] = ["END"]
        more["system"] = [{"text": "Be brief."}]
    elif case == "tools":
        call = {"toolUse": {"toolUseId": "call_a1", "name": "look_up", "input": ARGUMENTS}}
        result = {"toolResult": {"toolUseId": "call_a1", "content": [{"text": '{"sky": "grey"}'}]}}
        more = {
            "system": [{"text": "Be brief."}],
            "messages": [
                {"role": "user", "content": [{"text": "What is the weather in Zürich?"}]},
                {"role": "assistant", "content": [call]},
                {"role": "user", "content": [result]},
            ],
            "toolConfig": {
                "tools": [
                    {
                        "toolSpec": {
                            "name": "look_up",
                            "description": "The weather.",
                            "inputSchema": {"json": PARAMETERS},
                        }
                    }
                ]
            },
        }
    elif case == "picture":
        picture = {"image": {"format": "png", "source": {"bytes": PICTURE}}}
        more["messages"] = [{"role": "user", "content": [picture, {"text": "What is this?"}]}]
    bedrock.client(url).converse(modelId=model, inferenceConfig=inference, **more)


SENDERS: dict[str, Callable[[str, str, str], None]] = {
    "openai": openai_sends,
    "anthropic": anthropic_sends,
    "google": google_sends,
    "cohere": cohere_sends,
    "bedrock": bedrock_sends,
}
CASES = [
    (name, case)
    for name in SENDERS
    for case in ASKED
    if name in VENDORS
    and not (name == "cohere" and case == "picture")
    and not (name == "bedrock" and case == "schema")
]


@pytest.mark.parametrize(("name", "case"), CASES)
async def test_bodies_are_alike(server: WireServer, monkeypatch: pytest.MonkeyPatch, name: str, case: str) -> None:
    give_keys(monkeypatch)
    model = open_at(server.url, name, stream=False)
    module = dialect(model.wire.name)
    server.reply = Reply(module.document(Said('{"team": "a", "sure": true}')))
    await model.complete(ASKED[case])
    await model.close()
    ours = server.asked[-1]
    SENDERS[name](address(server.url, name), VENDORS[name].example, case)
    theirs = server.asked[-1]
    assert theirs is not ours
    assert place(ours.path) == place(theirs.path)
    assert same(ours.body) == same(theirs.body)
    header = {"anthropic": "x-api-key", "google": "x-goog-api-key"}.get(name, "authorization")
    assert header in ours.headers
