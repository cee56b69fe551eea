"""Lock-in: what calls use, and which endpoints would take them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.audit.continuity.calls import COMMON, PORTABLE, read_calls
from weighbridge.audit.continuity.lockin import lock_in
from weighbridge.errors import UsageError
from weighbridge.models.protocol import Capabilities

PLAIN = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 9}


def calls(tmp_path, *bodies, lines: bool = True):
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(json.dumps(body) for body in bodies) if lines else json.dumps(list(bodies)))
    return read_calls(path)


def test_abilities_are_those_that_models_declare():
    assert set(PORTABLE.values()) <= set(Capabilities.__struct_fields__)


@pytest.mark.parametrize(
    ("more", "needs", "bound"),
    [
        ({}, set(), set()),
        ({"temperature": 1, "stream": False, "n": 1, "logprobs": False}, set(), set()),
        (
            {"temperature": 0.7, "seed": 1, "stop": ["x"], "top_p": 0.5},
            {"temperature", "seed", "stop", "top_p"},
            set(),
        ),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, {"json_schema"}, set()),
        ({"response_format": {"type": "json_object"}}, set(), set()),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, {"tools"}, set()),
        ({"tools": [{"type": "web_search"}]}, set(), {"tool web_search"}),
        ({"tools": [{"type": "computer_20250124", "name": "computer"}]}, set(), {"tool computer_20250124"}),
        ({"tools": [{"name": "f", "input_schema": {}}]}, {"tools"}, set()),
        ({"reasoning": {"effort": "low"}}, {"reasoning_effort"}, set()),
        ({"previous_response_id": "r"}, set(), {"previous_response_id"}),
        ({"service_tier": "flex", "prediction": {}}, set(), {"service_tier", "prediction"}),
    ],
)
def test_what_a_call_uses(tmp_path, more, needs, bound):
    (call,) = calls(tmp_path, PLAIN | more)
    assert call.needs == needs
    assert call.bound == bound


def test_pictures_sounds_and_caches_in_messages(tmp_path):
    parts = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}, {"type": "image", "source": {}}]
    (call,) = calls(tmp_path, {"model": "claude", "messages": [{"role": "user", "content": parts}]})
    assert call.needs == {"images"}
    assert call.bound == {"cache_control"}
    (google,) = calls(
        tmp_path,
        {
            "contents": [{"parts": [{"inlineData": {}}, {"fileData": {}}]}],
            "tools": [{"googleSearch": {}}],
            "generationConfig": {"seed": 3, "responseSchema": {}},
        },
    )
    assert google.needs == {"images", "seed", "json_schema"}
    assert google.bound == {"content fileData", "tool googleSearch"}


def test_files_of_batches_and_arrays_are_unwrapped(tmp_path):
    found = calls(tmp_path, {"custom_id": "1", "body": PLAIN | {"seed": 1}}, {"custom_id": "2", "params": PLAIN})
    assert [call.needs for call in found] == [{"seed"}, set()]
    assert found[1].where.endswith(":2")
    assert len(calls(tmp_path, PLAIN, PLAIN, lines=False)) == 2
    (tmp_path / "one.json").write_text(json.dumps(PLAIN, indent=2))
    assert len(read_calls(tmp_path / "one.json")) == 1


def test_who_takes_the_calls(tmp_path):
    found = lock_in(
        calls(
            tmp_path,
            PLAIN,
            PLAIN | {"seed": 1},
            PLAIN | {"logprobs": True},
            PLAIN | {"tools": [{"type": "web_search"}]},
            PLAIN | {"model": "ft:gpt-4o:us::1"},
        ),
        vendor="openai",
    )
    taken = {one.name: one.taken for one in found.endpoints}
    assert "openai" not in taken
    assert taken["vllm"] == 4
    assert taken["anthropic"] == 2
    assert found.bound == 1
    assert found.tuned == 1
    assert found.endpoints[0].own
    lacks = {one.name: one.lacks for one in found.endpoints}
    assert lacks["anthropic"] == ("logprobs", "seed")
    assert "tool web_search (1)" in found.words()


@given(st.lists(st.sets(st.sampled_from(["seed", "stop", "tools", "logprobs", "images"]), max_size=4), max_size=12))
def test_asking_for_more_is_taken_by_no_more(needs):
    from weighbridge.audit.continuity.calls import Call

    plain = [Call("f:1", "m", frozenset(one), frozenset(), frozenset()) for one in needs]
    held = [Call("f:1", "m", frozenset({*one, "seed"}), frozenset(), frozenset()) for one in needs]
    before = {one.name: one.taken for one in lock_in(plain).endpoints}
    after = {one.name: one.taken for one in lock_in(held).endpoints}
    assert all(after[name] <= before[name] <= len(needs) for name in before)


def test_common_fields_are_told_but_exclude_nobody(tmp_path):
    found = lock_in(calls(tmp_path, PLAIN | {"logit_bias": {"1": 2}}))
    assert {one.name for one in found.used} == {"logit_bias"} <= COMMON
    assert found.used[0].kind == "field"
    assert found.bound == 0


@pytest.mark.parametrize(
    ("text", "where", "told"),
    [
        ("", "bad.jsonl", "no call"),
        ('{"model": "x", "messages": []}\n{"model": ', "bad.jsonl:2", "no JSON"),
        ('{"model": "x"}\n', "element 1", "no request"),
        ('{"a": 1}\n{"b": 2}\n', "bad.jsonl:1", "no request"),
        ("[1, 2]", "element 1", "no request"),
    ],
)
def test_a_file_that_holds_no_calls_is_refused_with_its_line(tmp_path, text, where, told):
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=told) as caught:
        read_calls(path)
    assert where in caught.value.where
    assert "messages" in caught.value.fix


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_calls(tmp_path / "nowhere.json")
