"""Answers held to a JSON Schema follow it, whatever the model would rather say."""

from __future__ import annotations

import importlib.util
import json

import jsonschema
import pytest

from generating import answers, ask, loaded
from open_models import needs_torch
from weighbridge.evidence import Finish
from weighbridge.models.local.batch import Failure

pytestmark = [
    pytest.mark.torch,
    needs_torch,
    pytest.mark.skipif(importlib.util.find_spec("llguidance") is None, reason="llguidance is not installed"),
]

SCHEMAS = [
    {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False},
    {"enum": ["red", "green", "blue"]},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3},
    {
        "type": "object",
        "properties": {"level": {"type": "integer", "minimum": 1, "maximum": 5}, "tag": {"enum": ["a", "b"]}},
        "required": ["level", "tag"],
        "additionalProperties": False,
    },
]


@pytest.mark.parametrize("name", ["llama", "gpt2", "bloom", "t5"])
@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_random_weights_write_what_the_schema_allows(name: str, temperature: float) -> None:
    """Models that know nothing: only the rule can make their answers fit."""
    calls = [
        ask(f"text {seed}", json_schema=json.dumps(schema), temperature=temperature, seed=seed, max_tokens=120)
        for seed in range(3)
        for schema in SCHEMAS
    ]
    found = answers(loaded(name), [*calls, ask("free", max_tokens=5)])
    for call, one in zip(calls, found, strict=False):
        assert one.finish is Finish.STOP
        jsonschema.validate(json.loads(one.text), json.loads(call.json_schema))
    assert found[-1].usage.output_tokens <= 5


def test_an_answer_cut_at_its_limit_says_so() -> None:
    schema = json.dumps({"type": "array", "items": {"type": "boolean"}, "minItems": 50})
    (one,) = answers(loaded("llama"), [ask("a", json_schema=schema, max_tokens=7)])
    assert one.finish is Finish.LENGTH
    assert one.usage.output_tokens == 7


@pytest.mark.parametrize("schema", ["{", '{"type": "nonsense"}', '{"$ref": "#/nowhere"}'])
def test_a_schema_that_cannot_be_followed_is_told(schema: str) -> None:
    (one,) = answers(loaded("llama"), [ask("a", json_schema=schema)])
    assert isinstance(one, Failure)
    assert "schema" in one.what.lower()


def test_without_the_library_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from weighbridge.models.local.torch import constrain_json

    monkeypatch.setattr(constrain_json, "available", lambda: False)
    (one,) = answers(loaded("llama"), [ask("a", json_schema="{}")])
    assert isinstance(one, Failure)
    assert "pip install" in one.fix
