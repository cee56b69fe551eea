"""Amazon Bedrock's Converse: bodies checked against botocore's service model, streams in AWS's binary framing."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.validate import ParamValidator

from dialects.said import Read, Said
from wire_server import AWS

STREAM = AWS
WORDS = {"stop": "end_turn", "length": "max_tokens", "filter": "content_filtered", "tool": "tool_use"}


def checked(shape: str, value: dict[str, Any]) -> dict[str, Any]:
    """`value`, where it is of that shape of the service model; botocore refuses unknown members and wrong types."""
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    report = ParamValidator().validate(value, model.shape_for(shape))
    assert not report.has_errors(), report.generate_report()
    return value


def _usage(said: Said) -> dict[str, int]:
    return {
        "inputTokens": said.input - said.cached,
        "outputTokens": said.output,
        "totalTokens": said.input + said.output,
        "cacheReadInputTokens": said.cached,
        "cacheWriteInputTokens": 0,
    }


def document(said: Said) -> bytes:
    content: list[dict[str, Any]] = [{"text": said.text}] if said.text else []
    content += [
        {"toolUse": {"toolUseId": one, "name": name, "input": json.loads(arguments)}}
        for one, name, arguments in said.tools
    ]
    value = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": WORDS[said.finish],
        "usage": _usage(said),
        "metrics": {"latencyMs": 12},
    }
    return json.dumps(checked("ConverseResponse", value)).encode()


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One message: https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html"""
    head = b"".join(
        struct.pack("!B", len(name)) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return body + struct.pack("!I", zlib.crc32(body))


def event(kind: str, value: dict[str, Any]) -> bytes:
    checked("ConverseStreamOutput", {kind: value})
    names = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(names, json.dumps({**value, "p": "abcdefg"}).encode())


def exception(kind: str, message: str) -> bytes:
    """An error inside the stream."""
    names = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(names, json.dumps({"message": message}).encode())


def stream(said: Said) -> bytes:
    out = [event("messageStart", {"role": "assistant"})]
    place = 0
    if said.text:
        out += [
            event("contentBlockDelta", {"delta": {"text": piece}, "contentBlockIndex": 0})
            for piece in said.cut(said.text)
        ]
        out.append(event("contentBlockStop", {"contentBlockIndex": 0}))
        place = 1
    for number, (one, name, arguments) in enumerate(said.tools, place):
        start = {"toolUse": {"toolUseId": one, "name": name}}
        out.append(event("contentBlockStart", {"start": start, "contentBlockIndex": number}))
        out += [
            event("contentBlockDelta", {"delta": {"toolUse": {"input": piece}}, "contentBlockIndex": number})
            for piece in said.cut(arguments)
        ]
        out.append(event("contentBlockStop", {"contentBlockIndex": number}))
    out.append(event("messageStop", {"stopReason": WORDS[said.finish]}))
    out.append(event("metadata", {"usage": _usage(said), "metrics": {"latencyMs": 12}}))
    return b"".join(out)


def client(url: str) -> Any:
    session = botocore.session.get_session()
    session.set_credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    config = Config(retries={"total_max_attempts": 1}, read_timeout=10)
    return session.create_client("bedrock-runtime", region_name="us-east-1", endpoint_url=url, config=config)


def read(url: str, streamed: bool) -> Read:
    asked = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "hello"}]}]}
    aws = client(url)
    if not streamed:
        whole = aws.converse(**asked)
        content = whole["output"]["message"]["content"]
        text = "".join(block.get("text", "") for block in content)
        tools = [(block["toolUse"]["name"], block["toolUse"]["input"]) for block in content if "toolUse" in block]
        return _read(text, tools, whole["stopReason"], whole["usage"])
    text, begun, reason, used = "", {}, None, {}
    for one in aws.converse_stream(**asked)["stream"]:
        if "contentBlockStart" in one:
            block = one["contentBlockStart"]
            begun[block["contentBlockIndex"]] = (block["start"]["toolUse"]["name"], [])
        elif "contentBlockDelta" in one:
            block = one["contentBlockDelta"]
            text += block["delta"].get("text", "")
            if "toolUse" in block["delta"]:
                begun[block["contentBlockIndex"]][1].append(block["delta"]["toolUse"]["input"])
        reason = one.get("messageStop", {}).get("stopReason", reason)
        used = one.get("metadata", {}).get("usage", used)
    tools = [(name, json.loads("".join(parts))) for name, parts in begun.values()]
    return _read(text, tools, reason, used)


def _read(text: str, tools: list[tuple[str, Any]], reason: str | None, used: dict[str, int]) -> Read:
    cached = used["cacheReadInputTokens"]
    whole = used["inputTokens"] + cached + used["cacheWriteInputTokens"]
    return Read(text, tools, reason, whole, used["outputTokens"], cached)
