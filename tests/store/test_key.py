"""The key: every part that decides an answer changes it, and nothing else does."""

from __future__ import annotations

import datetime
import decimal
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import ToolCall
from weighbridge.models.protocol import Capabilities, Request, Sampling, Tool
from weighbridge.store import key_of
from weighbridge.tasks.item import Image, Item, Message


@dataclass
class Identity:
    """The part of a model that the key reads."""

    spec: str = "http://host/v1#m"
    revision: str = "r"
    engine: str = "e"
    capabilities: Capabilities = field(default_factory=Capabilities)


RULE = Identity(capabilities=Capabilities(needs_item=True))

texts = st.text(st.characters(), max_size=8)  # lone surrogates included
floats = st.floats(0, 2, allow_nan=False)
optional_texts = st.none() | st.lists(texts, min_size=1, max_size=3).map(tuple)
samplings = st.builds(
    Sampling,
    temperature=floats,
    max_tokens=st.integers(1, 4096),
    top_p=st.none() | floats,
    seed=st.none() | st.integers(-5, 2**40),
    stop=st.lists(texts, max_size=3).map(tuple),
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=5
)
items = st.builds(
    Item,
    id=texts,
    fields=st.dictionaries(texts, values, max_size=3),
    reference=values,
    cluster=st.none() | texts,
    meta=st.dictionaries(texts, texts, max_size=2),
)
messages = st.builds(
    Message,
    role=st.sampled_from(["system", "user"]),
    content=texts,
    images=st.lists(st.builds(Image, data=st.none() | st.binary(max_size=4), url=st.none() | texts), max_size=2).map(
        tuple
    ),
    tool_calls=st.lists(st.builds(ToolCall, id=texts, name=texts, arguments=texts), max_size=2).map(tuple),
    tool_call_id=st.none() | texts,
    echo=st.none() | texts,
)
requests = st.builds(
    Request,
    messages=st.lists(messages, min_size=1, max_size=3).map(tuple),
    sampling=samplings,
    choices=optional_texts,
    json_schema=st.none() | texts,
    logprobs=st.booleans(),
    continuations=optional_texts,
    normalise=st.sampled_from(["none", "bytes"]),
    tools=st.lists(st.builds(Tool, name=texts, parameters=texts, description=texts), max_size=2).map(tuple),
    tool_choice=st.none() | texts,
    repeat=st.integers(0, 50),
    item=st.none() | items,
)
identities = st.builds(Identity, spec=texts, revision=texts, engine=texts)


def plain(value: Any) -> Any:
    """`value` with its types kept apart: 1, 1.0 and True are three values, a list and a tuple are one."""
    if isinstance(value, (list, tuple)):
        return ("list", *(plain(part) for part in value))
    if isinstance(value, dict):
        return ("map", frozenset((name, plain(part)) for name, part in value.items()))
    if isinstance(value, float):
        return ("float", value.hex())
    if isinstance(value, msgspec.Struct):
        return (type(value).__name__, *(plain(getattr(value, name)) for name in value.__struct_fields__))
    return (type(value).__name__, value)


def meaning(model: Identity, request: Request) -> Any:
    """What the key stands for, as a comparable value."""
    item = request.item if model.capabilities.needs_item else None
    parts = None if item is None else [item.id, item.fields, item.reference, item.cluster, item.meta]
    return (
        model.spec,
        model.revision,
        model.engine,
        plain(msgspec.structs.replace(request, item=None)),
        plain(parts),
    )


@given(identities, requests, identities, requests)
def test_two_keys_agree_only_if_all_parts_do(one: Identity, a: Request, other: Identity, b: Request) -> None:
    assert (key_of(one, a) == key_of(other, b)) == (meaning(one, a) == meaning(other, b))


@given(requests, requests)
def test_a_rule_is_keyed_by_the_item_too(a: Request, b: Request) -> None:
    assert (key_of(RULE, a) == key_of(RULE, b)) == (meaning(RULE, a) == meaning(RULE, b))


@given(requests, requests, st.data())
def test_each_part_alone_changes_the_key(a: Request, b: Request, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from([name for name in Request.__struct_fields__ if name != "item"]))
    changed = msgspec.structs.replace(a, **{part: getattr(b, part)})
    same = plain(getattr(a, part)) == plain(getattr(b, part))
    assert (key_of(Identity(), changed) == key_of(Identity(), a)) == same


@given(samplings, samplings, st.data())
def test_each_setting_alone_changes_the_key(a: Sampling, b: Sampling, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(Sampling.__struct_fields__))
    changed = msgspec.structs.replace(a, **{part: getattr(b, part)})
    same = plain(getattr(a, part)) == plain(getattr(b, part))
    messages = (Message("user", "x"),)
    keys = [key_of(Identity(), Request(messages, sampling)) for sampling in (a, changed)]
    assert (keys[0] == keys[1]) == same


@pytest.mark.parametrize("part", ["spec", "revision", "engine"])
def test_each_part_of_the_model_changes_the_key(part: str) -> None:
    request = Request((Message("user", "x"),))
    assert key_of(Identity(**{part: "other"}), request) != key_of(Identity(), request)


def test_no_field_of_a_request_is_forgotten() -> None:
    # A field added to these must be put into the key, or be stated here as not deciding an answer.
    assert set(Request.__struct_fields__) == {
        *("messages", "sampling", "choices", "json_schema", "logprobs", "repeat", "item"),
        *("continuations", "normalise", "tools", "tool_choice"),
    }
    assert set(Sampling.__struct_fields__) == {
        *("temperature", "max_tokens", "top_p", "seed", "stop", "reasoning_effort"),
    }
    assert set(Message.__struct_fields__) == {"role", "content", "images", "tool_calls", "tool_call_id", "echo"}
    assert set(Item.__struct_fields__) - {"line"} == {"id", "fields", "reference", "cluster", "meta"}


def test_text_cannot_slide_from_one_part_into_the_next() -> None:
    request = Request((Message("user", "x"),))
    assert key_of(Identity(spec="ab", revision="c"), request) != key_of(Identity(spec="a", revision="bc"), request)
    one, two = Request((Message("user", "a"), Message("user", "b"))), Request((Message("user", "ab"),))
    assert key_of(Identity(), one) != key_of(Identity(), two)
    assert key_of(Identity(), Request((), stop := Sampling(stop=("a,b",)))) != key_of(
        Identity(), Request((), msgspec.structs.replace(stop, stop=("a", "b")))
    )


def test_equal_settings_written_differently_are_one() -> None:
    whole = [Sampling(temperature=0), Sampling(temperature=0.0), Sampling(temperature=-0.0)]
    assert len({key_of(Identity(), Request((), sampling)) for sampling in whole}) == 1
    listed = Sampling(stop=["a"])  # type: ignore[arg-type]  # users do
    assert key_of(Identity(), Request((), listed)) == key_of(Identity(), Request((), Sampling(stop=("a",))))


def test_names_lines_and_the_order_of_columns_do_not_matter() -> None:
    a = Request((), item=Item("1", {"a": 1, "b": 2}, line=3))
    b = Request((), item=Item("1", {"b": 2, "a": 1}, line=9))
    assert key_of(RULE, a) == key_of(RULE, b)
    assert key_of(Identity(), Request((), item=Item("1", {}))) == key_of(Identity(), Request(()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1)),
        (datetime.date(2026, 1, 1), "2026-01-01"),
        (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
        (decimal.Decimal("1"), "1"),
        (2**70, str(2**70)),
        (2**70, 2**70 + 1),
        (b"x", "x"),
        ({1: "a"}, {"1": "a"}),
        (np.float64(1), np.float32(1)),
        (np.array([1, 2]), np.array([2, 1])),
        ({1, 2}, {1, 3}),
        ("\ud800", "\ud801"),
        ("\ud800", "?"),
    ],
)
def test_values_of_data_files_are_told_apart(one: object, other: object) -> None:
    keys = [key_of(RULE, Request((), item=Item("1", {"x": value}))) for value in (one, other, one)]
    assert keys[0] == keys[2] != keys[1]


def test_a_value_without_a_stable_form_is_refused() -> None:
    with pytest.raises(UsageError, match="object cannot take part") as caught:
        key_of(RULE, Request((), item=Item("17", {"x": object()})))
    assert "17" in str(caught.value)


GOLDEN = """
from types import SimpleNamespace
from weighbridge.evidence import ToolCall
from weighbridge.models.protocol import Capabilities, Request, Sampling, Tool
from weighbridge.store import key_of
from weighbridge.tasks.item import Image, Item, Message
request = Request((Message("system", "Sort."), Message("user", "grüß")), Sampling(0.5, 10, 0.9, 7, ("\\n",)),
                  choices=("a", "b"), json_schema="{}", logprobs=True, repeat=2,
                  item=Item("i", {"b": [1, 2.5, None], "a": {"y": True, "x": "z"}}, reference="a", cluster="c"))
for needs in (False, True):
    model = SimpleNamespace(spec="s", revision="r", engine="e", capabilities=Capabilities(needs_item=needs))
    print(key_of(model, request).hex())
"""


def test_keys_are_the_same_in_every_process_and_release() -> None:
    # These change only with key.VERSION: another value here means that every stored answer would be paid for again.
    expected = (
        "6de8ac4ae12b21bed66cae1b2a5d717b01828feef944592aeb892c67ca320acf\n"
        "4f41177f88aeecc75a7127d9579dc0ddee4aba331030d2adde20171f1d95f979\n"
    )
    for seed in ("0", "1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        out = subprocess.run(
            [sys.executable, "-c", GOLDEN], capture_output=True, text=True, env=environment, check=True
        )
        assert out.stdout == expected


def test_keys_are_made_fast() -> None:
    prompt = "s" * 300, "u" * 700
    many = [
        Request((Message("system", prompt[0]), Message("user", f"{prompt[1]}{number}"))) for number in range(20_000)
    ]
    began = time.process_time()
    keys = {key_of(Identity(), request) for request in many}
    seconds = time.process_time() - began
    assert len(keys) == 20_000
    # Measured at 450,000 a second; the limit leaves room for a loaded machine.
    assert 20_000 / seconds > 50_000
