"""Ollama's own interface: bodies by its documented fields, answers as JSON lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamed import assert_never_half, body_of, options, read, request, split, timeless, vendor, whole
from weighbridge.evidence import Finish, ToolCall
from weighbridge.models.protocol import ModelError, Sampling, Tool
from weighbridge.models.remote.ndjson import LineReader
from weighbridge.models.remote.wires import ollama
from weighbridge.tasks.item import Image, Message

ROW = vendor("ollama", "http://127.0.0.1:11434/api", "Ollama")
WIRE = ollama.make(ROW, options())
ASKED = request()


def line(done: bool = False, **more: Any) -> dict[str, Any]:
    return {"model": "qwen3:4b", "created_at": "2026-11-21T06:00:00Z", "done": done, **more}


def said(**message: Any) -> dict[str, Any]:
    return line(message={"role": "assistant", "content": "", **message})


END = line(
    done=True,
    message={"role": "assistant", "content": ""},
    done_reason="stop",
    total_duration=1_500_000_000,
    load_duration=1000,
    prompt_eval_count=11,
    prompt_eval_duration=1000,
    eval_count=5,
    eval_duration=1000,
)
LINES = [
    said(thinking="hm, "),
    said(thinking="so"),
    said(content="Grüße "),
    said(content="🦊"),
    said(
        tool_calls=[
            {"function": {"name": "look", "arguments": {"a": 1}}},
            {"function": {"name": "go", "arguments": {}}},
        ]
    ),
    END,
]


def ndjson(lines: list[dict[str, Any]], end: str = "\n") -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False) + end for one in lines).encode()


STREAM = ndjson(LINES)


def test_a_stream_and_a_document() -> None:
    found = read(WIRE, ASKED, [STREAM])
    assert (found.text, found.reasoning, found.finish, found.stop_reason) == (
        "Grüße 🦊",
        "hm, so",
        Finish.TOOL,
        "stop",
    )
    assert found.tool_calls == [ToolCall("call_0", "look", '{"a":1}'), ToolCall("call_1", "go", "{}")]
    assert (found.usage.input_tokens, found.usage.output_tokens, found.model) == (11, 5, "qwen3:4b")
    assert json.loads(found.echo or "") == {"ollama": "hm, so"}
    message = {
        "role": "assistant",
        "content": "Grüße 🦊",
        "thinking": "hm, so",
        "tool_calls": LINES[4]["message"]["tool_calls"],
    }
    assert timeless(whole(WIRE, ASKED, {**END, "message": message})) == timeless(found)


@given(st.lists(st.integers(0, 10_000), max_size=30), st.sampled_from(["\n", "\r\n", "\n\n"]))
@settings(max_examples=60, deadline=None)
def test_segments_and_line_ends_change_nothing(places: list[int], end: str) -> None:
    stream = ndjson(LINES, end)
    assert timeless(read(WIRE, ASKED, split(stream, places))) == timeless(read(WIRE, ASKED, [STREAM]))


@given(st.binary(max_size=60), st.lists(st.integers(0, 59), max_size=9))
def test_lines_do_not_depend_on_segments(data: bytes, places: list[int]) -> None:
    once, reader = LineReader(), LineReader()
    expected = once.feed(data)
    found = [pair for part in (split(data, places) if data else []) for pair in reader.feed(part)]
    assert (found, reader.rest) == (expected, once.rest)


def test_a_stream_cut_anywhere_is_no_answer() -> None:
    assert_never_half(WIRE, ASKED, STREAM, lambda cut: len(cut) >= len(STREAM) - 1)


@pytest.mark.parametrize(
    ("reason", "finish"), [("stop", Finish.STOP), ("length", Finish.LENGTH), ("new", Finish.STOP)]
)
def test_done_reasons(reason: str, finish: Finish) -> None:
    found = read(WIRE, ASKED, [ndjson([said(content="a"), {**END, "done_reason": reason}])])
    assert (found.text, found.finish, found.stop_reason) == ("a", finish, reason)


def test_loading_alone_and_empty_answers_are_errors() -> None:
    for reason in ("load", "unload", "stop"):
        with pytest.raises(ModelError) as caught:
            read(WIRE, ASKED, [ndjson([{**END, "done_reason": reason}])])
        assert caught.value.retryable


def test_an_error_in_the_stream_is_an_error() -> None:
    with pytest.raises(ModelError, match="runner process has terminated") as caught:
        read(WIRE, ASKED, [ndjson([LINES[2], {"error": "llama runner process has terminated"}])])
    assert (caught.value.kind, caught.value.vendor) == ("server", "ollama")


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"message": 1}', b"{}x"])
def test_what_is_no_answer_is_malformed(body: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        WIRE.reader("ollama:x", ASKED).document(body)
    assert caught.value.kind == "malformed"


def test_a_conversation_with_everything() -> None:
    asked = request(
        Message("system", "brief"),
        Message("user", "what?", images=(Image("image/png", b"\xff\xd8"),)),
        Message("assistant", "", tool_calls=(ToolCall("call_0", "look", '{"x": 1}'),), echo='{"ollama": "hm"}'),
        Message("tool", "a cat", tool_call_id="call_0"),
        tools=(Tool("look", '{"type": "object"}', "looks"),),
        json_schema='{"type": "object"}',
        logprobs=True,
        repeat=1,
        sampling=Sampling(0.5, 20, 0.9, 7, ("END",), "low"),
    )
    call = WIRE.call(asked, "qwen3:4b", stream=True)
    assert call.path == "/chat"
    body = json.loads(call.body)
    assert body["messages"] == [
        {"role": "system", "content": "brief"},
        {"role": "user", "content": "what?", "images": ["/9g="]},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"function": {"name": "look", "arguments": {"x": 1}}}],
            "thinking": "hm",
        },
        {"role": "tool", "content": "a cat", "tool_name": "look"},
    ]
    assert body["options"] == {
        **{"top_k": 0, "top_p": 0.9, "min_p": 0.0, "repeat_penalty": 1.0},
        **{"num_predict": 20, "temperature": 0.5, "seed": 8, "stop": ["END"]},
    }
    assert (body["format"], body["logprobs"], body["think"], body["stream"]) == (
        {"type": "object"},
        True,
        "low",
        True,
    )
    assert body["tools"][0]["function"]["name"] == "look"


def test_options_of_the_runner() -> None:
    wire = ollama.make(ROW, options(server_defaults=True, extra={"options": {"num_ctx": 8192}, "keep_alive": "5m"}))
    body = body_of(wire, request(sampling=Sampling(max_tokens=9, reasoning_effort="none")), "m")
    assert body["options"] == {"num_ctx": 8192, "num_predict": 9, "temperature": 0.0}
    assert (body["keep_alive"], body["think"]) == ("5m", False)


def test_what_cannot_be_said_is_refused_before_the_call() -> None:
    tools = (Tool("look", "{}"),)
    for asked, word in (
        (request(tools=tools, tool_choice="required"), "tool_choice"),
        (request(sampling=Sampling(reasoning_effort="minimal")), "minimal"),
        (request(Message("user", "?", images=(Image(url="https://a.test/b.png"),))), "picture"),
    ):
        with pytest.raises(ModelError, match=word) as caught:
            WIRE.call(asked, "m", stream=False)
        assert caught.value.kind == "bad_request"
    assert "tools" not in body_of(WIRE, request(tools=tools, tool_choice="none"), "m")


def test_choices_and_log_probabilities() -> None:
    asked = request(choices=("yes", "no"), logprobs=True)
    assert body_of(WIRE, asked, "m")["format"]["properties"]["choice"]["enum"] == ["yes", "no"]
    lines = [{**said(content='{"choice": "no"}'), "logprobs": [{"token": "{", "logprob": -0.5}]}, END]
    found = read(WIRE, asked, [ndjson(lines)])
    assert (found.text, found.logprobs) == ("no", [("{", -0.5)])


def test_refusals() -> None:
    missing = WIRE.failure(404, {}, b'{"error": "model \'x\' not found"}', "ollama:x")
    assert (missing.kind, missing.vendor) == ("dead", "ollama")
    assert "ollama pull x" in str(missing.fix)
    assert WIRE.failure(400, {}, b'{"error": "does not support thinking"}', "ollama:x").kind == "bad_request"
    assert WIRE.failure(503, {}, b'{"error": "server busy"}', "ollama:x").kind == "server"


def test_embeddings() -> None:
    call = WIRE.embeddings(["a", "b"], "nomic-embed-text")
    assert (call.path, json.loads(call.body)) == ("/embed", {"model": "nomic-embed-text", "input": ["a", "b"]})
    reader = WIRE.vectors("ollama:x", 2)
    reader.document(b'{"model": "m", "embeddings": [[0.5, 1], [2, 3]]}')
    assert reader.vectors() == [[0.5, 1], [2, 3]]
    short = WIRE.vectors("ollama:x", 1)
    short.document(reader.body)
    with pytest.raises(ModelError, match="2 embeddings for 1"):
        short.vectors()
    assert WIRE.capabilities("nomic-embed-text").embeddings
    assert not WIRE.capabilities("nomic-embed-text").streaming


def test_without_a_key_nothing_is_sent() -> None:
    assert WIRE.auth("", "http://x", b"") == {}
    assert list(WIRE.secrets("")) == []
    assert WIRE.auth("k", "http://x", b"") == {"Authorization": "Bearer k"}
