"""JSON answers: found wherever they stand, and compared field by field."""

from __future__ import annotations

import json
import time
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish, Score, Status
from weighbridge.tasks import Item, scorer_named
from weighbridge.tasks.json_reading import NoJsonError, read_json_answer

REFERENCE = {"team": "billing", "order": {"number": 17, "lines": ["a", "b"]}, "urgent": True, "note": None}


def score(wanted, answer: str, *, finish=Finish.STOP, base=None, **settings) -> Score:
    marker, _ = scorer_named("json", settings, base=base)
    item = Item("1", {}, wanted, line=2)
    marker.check([item])
    return marker(item, Completion(answer, finish=finish))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=4), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(min_size=1, max_size=4), VALUES, min_size=1, max_size=4)


@given(OBJECTS, st.sampled_from(["{}", "```json\n{}\n```", "Here it is:\n```\n{}\n```\nDone.", "It is {} as asked."]))
def test_json_is_found_wherever_it_stands(value: dict, frame: str) -> None:
    assert read_json_answer(frame.replace("{}", json.dumps(value))) == value


@pytest.mark.parametrize("text", ["", "none", '{"a": 1', "{'a': 1}", '{"a": NaN}', '{"a": Infinity}', "[" * 100_000])
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(NoJsonError):
        read_json_answer(text)


def test_only_the_whole_answer_counts_as_bare() -> None:
    assert read_json_answer(' {"a": 1}\n', bare=True) == {"a": 1}
    with pytest.raises(NoJsonError, match="more text"):
        read_json_answer('{"a": 1} there', bare=True)


def test_the_last_block_and_the_longest_value_count() -> None:
    assert read_json_answer('```json\n{"a": 1}\n```\nNo:\n```json\n{"a": 2}\n```') == {"a": 2}
    assert read_json_answer('[1] and {"a": [1, 2, 3]} and {}') == {"a": [1, 2, 3]}


def test_hostile_text_takes_no_time() -> None:
    for text in ("{" * 300_000, '{"a":' * 50_000, "[" * 300_000, "```json\n" * 20_000, '{"' * 100_000):
        start = time.process_time()
        with pytest.raises(NoJsonError):
            read_json_answer(text)
        assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("change", "share", "wrong"),
    [
        ({}, 1.0, None),
        ({"team": "refund"}, 5 / 6, "wrong: team"),
        ({"team": " billing  "}, 1.0, None),
        ({"urgent": 1}, 5 / 6, "wrong: urgent"),
        ({"order": {"number": 17.0, "lines": ["a", "b"]}}, 1.0, None),
        ({"order": {"number": "17", "lines": ["a", "b"]}}, 5 / 6, "wrong: order.number"),
        ({"order": {"number": 17, "lines": ["b", "a"]}}, 4 / 6, "wrong: order.lines[0], order.lines[1]"),
        ({"order": {"number": 17, "lines": ["a", "b", "c"]}}, 6 / 7, "wrong: order.lines[2]"),
        ({"order": {"number": 17, "lines": ["a"]}}, 5 / 6, "wrong: order.lines[1]"),
        ({"order": 17}, 3 / 6, "wrong: order.number, order.lines[0], order.lines[1]"),
        ({"more": 1}, 1.0, None),
    ],
)
def test_share_of_fields(change: dict, share: float, wrong: str | None) -> None:
    got = score(REFERENCE, json.dumps(REFERENCE | change))
    assert got.value == pytest.approx(share)
    assert got.detail == wrong
    assert score(REFERENCE, json.dumps(REFERENCE | change), check="exact").value == float(share == 1)


def test_settings() -> None:
    assert score({"n": 5}, '{"n": "5"}', loose_types=True).value == 1.0
    assert score({"b": True}, '{"b": "True"}', loose_types=True).value == 1.0
    assert score({"n": 5}, '{"n": 5.05}', absolute=0.1).value == 1.0
    assert score({"l": [1, {"a": [2, 3]}]}, '{"l": [{"a": [3, 2]}, 1]}', any_order=True).value == 1.0
    assert score({"l": [1, 2]}, '{"l": [2, 3]}', any_order=True).value == 0.5
    assert score({"l": [1, 2, 3]}, '{"l": [3, 1]}', any_order=True).value == pytest.approx(2 / 3)
    assert score({"a": 1}, '{"a": 1, "b": 2}', extra_fields="wrong").value == 0.5
    assert score({"a": "X", "b": 2}, '{"a": "x", "b": 3}', fields=["a"], normalize=["case"]).value == 1.0
    assert score('{"a": 1}', '{"a": 1}').value == 1.0
    assert score([{"a": 1}, {"a": 2}], '{"a": 2}').value == 1.0
    assert score({"a": []}, '{"a": []}').value == 1.0
    assert score({"a": 1, "b": None}, '{"a": 1}').value == 1.0
    assert score({"a": 1, "b": None}, '{"a": 1, "b": ""}').value == 0.5


@given(OBJECTS)
def test_a_value_is_like_itself_in_any_order(value: dict) -> None:
    for settings in ({}, {"any_order": True}, {"extra_fields": "wrong"}, {"loose_types": True}):
        assert score(value, json.dumps(value), **settings).value == 1.0


@given(OBJECTS, OBJECTS)
def test_the_share_is_a_share(value: dict, other: dict) -> None:
    for settings in ({}, {"any_order": True}, {"extra_fields": "wrong"}):
        assert 0 <= score(value, json.dumps(other), **settings).value <= 1


SCHEMA = {
    "type": "object",
    "required": ["team"],
    "properties": {"team": {"enum": ["billing", "refund"]}, "order": {"type": "integer"}},
    "additionalProperties": False,
}


@given(
    st.dictionaries(
        st.sampled_from(["team", "order", "x"]), st.sampled_from(["billing", "no", 3, 3.0, 2.5, True, None])
    )
)
def test_schema(value: dict) -> None:
    expected = jsonschema.Draft202012Validator(SCHEMA).is_valid(value)
    got = score(None, json.dumps(value), check="schema", schema=SCHEMA)
    assert got.value == float(expected)
    assert (got.detail or "").startswith("schema: $") == (not expected)


def test_schema_and_fields_together(tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_text(json.dumps(SCHEMA))
    options = {"schema": "answer.json", "base": tmp_path}
    assert score({"team": "billing"}, '{"team": "billing"}', **options).value == 1.0
    assert score({"team": "billing"}, '{"team": "billing", "x": 1}', **options).value == 0.0
    before = scorer_named("json", {"schema": "answer.json"}, base=tmp_path)[1]
    (tmp_path / "answer.json").write_text("{}")
    assert scorer_named("json", {"schema": "answer.json"}, base=tmp_path)[1] != before
    with pytest.raises(UsageError, match=r"did you mean 'answer\.json'"):
        score({"team": "billing"}, "{}", schema="anwser.json", base=tmp_path)


def test_mistakes() -> None:
    with pytest.raises(UsageError, match="needs a schema"):
        scorer_named("json", {"check": "schema"})
    with pytest.raises(UsageError, match="the schema is wrong"):
        scorer_named("json", {"schema": {"type": "objekt"}})
    with pytest.raises(UsageError, match="nothing is fetched"):
        scorer_named("json", {"schema": {"properties": {"a": {"$ref": "http://127.0.0.1:9/x.json"}}}})
    with pytest.raises(UsageError, match="not JSON") as caught:
        score("{team: billing}", "{}")
    assert (caught.value.where or "").endswith(":2")
    with pytest.raises(UsageError, match="lacks one of the fields"):
        score({"a": 1}, "{}", fields=["b"])


def test_statuses() -> None:
    assert score(REFERENCE, "It is billing.").status is Status.UNPARSABLE
    assert score(REFERENCE, '{"team": "bill', finish=Finish.LENGTH).status is Status.TRUNCATED
    assert score(REFERENCE, json.dumps(REFERENCE), finish=Finish.LENGTH).status is Status.OK
    assert score(REFERENCE, "I'm sorry, but I can't help with that.").status is Status.REFUSED
    assert score(None, "[]", check="valid").value == 1.0
    marker, _ = scorer_named("json", {"check": "valid"})
    assert not marker.needs_reference
