"""The JSON form keeps what docs/decision-json.md and docs/decision.schema.json promise."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from report.sample import hostile, sample
from weighbridge.decide import SCHEMA, Decision
from weighbridge.report.json import decision_json
from weighbridge.report.schema import PAGE_FILE, SCHEMA_FILE, decision_page, decision_schema, main

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_published_files_are_current(tmp_path: Path) -> None:
    main(str(tmp_path))
    for name in (SCHEMA_FILE, PAGE_FILE):
        assert (DOCS / name).read_text() == (tmp_path / name).read_text(), (
            "run: python -m weighbridge.report.schema docs"
        )


def test_the_schema_is_a_schema_and_every_field_is_described() -> None:
    schema = decision_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, part in schema["$defs"].items():
        assert part["description"], name
        assert "efficient serializable" not in part["description"], name
        for field, about in part["properties"].items():
            assert about.get("description"), f"{name}.{field}"
            assert f"| `{field}` |" in decision_page()


@pytest.mark.parametrize("candidates", [1, 4, 9])
def test_a_decision_keeps_the_schema(candidates: int) -> None:
    decision = sample(candidates, items=50).decision
    found = json.loads(decision_json(decision))
    jsonschema.Draft202012Validator(decision_schema()).validate(found)
    assert found["schema"] == SCHEMA
    assert msgspec.json.decode(decision_json(decision), type=Decision) == decision


def test_it_has_at_least_what_was_promised() -> None:
    found = json.loads(decision_json(sample(3).decision))
    assert found["verdict"]["kind"] == "best"
    assert found["verdict"]["candidates"] == ["qwen2.5-7b"]
    assert found["claim"] == "population"
    assert found["alpha"] == 0.05
    assert found["calls"]["made"] <= found["calls"]["exhaustive"] == 900
    assert found["cost"]["spent"] > 0
    fields = {"name", "side", "score", "interval", "items", "cost_per_1000", "latency_p50", "latency_p95", "statuses"}
    assert all(fields <= set(candidate) for candidate in found["candidates"])


def test_the_schema_refuses_what_is_not_a_decision() -> None:
    validator = jsonschema.Draft202012Validator(decision_schema())
    found = json.loads(decision_json(sample(2).decision))
    for damage in ({"alpha": "small"}, {"verdict": {}}, {"schema": "weighbridge.decision/2"}):
        assert not validator.is_valid({**found, **damage})
    del found["calls"]
    assert not validator.is_valid(found)


def test_any_text_can_be_written() -> None:
    found = json.loads(decision_json(hostile().decision).decode())
    jsonschema.Draft202012Validator(decision_schema()).validate(found)
    assert "\ufffd" in found["title"]


def test_one_line_or_pretty() -> None:
    decision = sample(2).decision
    assert decision_json(decision, indent=0).count(b"\n") == 1
    assert decision_json(decision).startswith(b'{\n  "verdict": {\n')
    assert json.loads(decision_json(decision, indent=0)) == json.loads(decision_json(decision))
