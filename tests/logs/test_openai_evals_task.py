from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.logs.openai_evals_task import import_openai_evals
from weighbridge.project.load import load_project

SAMPLES = Path(__file__).resolve().parents[2] / "scripts/fixtures/openai_evals/registry/data/routing/samples.jsonl"


@pytest.mark.parametrize("kind", ["match", "includes", "fuzzy_match"])
def test_samples_become_a_project(kind: str, tmp_path: Path) -> None:
    task = import_openai_evals(SAMPLES, kind)
    project = load_project(str(task.write(tmp_path)))
    assert project.task.name == "routing"
    items = project.task.items
    assert len(items) == 8
    assert items[0].fields["question"] == "My invoice shows the wrong amount"
    assert items[0].fields["system"].startswith("Answer with the team")
    assert items[1].reference == ["billing", "Billing"]
    assert "Grüße" in items[7].fields["question"]


def test_ideals_that_are_json_are_held_against_json(tmp_path: Path) -> None:
    path = tmp_path / "forms.jsonl"
    path.write_text('{"input": "Give the team as JSON", "ideal": "{\\"team\\": \\"billing\\"}"}\n')
    project = load_project(str(import_openai_evals(path, "json_match").write(tmp_path / "made")))
    assert project.task.name == "forms"
    with pytest.raises(UsageError, match="is not JSON"):
        import_openai_evals(SAMPLES, "json_match")


def test_turns_before_the_question_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "shots.jsonl"
    turns = [("user", "2+2?"), ("assistant", "4"), ("user", "3+3?")]
    sample = {"input": [{"role": role, "content": text} for role, text in turns], "ideal": 6}
    path.write_text(json.dumps(sample) + '\n{"input": [{"role": "system", "content": "1+1?"}], "ideal": "2"}\n')
    task = import_openai_evals(path)
    assert task.rows[0]["conversation"] == "user: 2+2?\n\nassistant: 4"
    assert task.rows[1]["question"] == "1+1?"
    assert any("1 of 2 samples" in one for one in task.not_mapped)


@pytest.mark.parametrize(
    ("line", "told"),
    [('{"input": "a"}', "ideal"), ('{"input": [{"role": "user"}], "ideal": "a"}', "without a text"), ("{", "middle")],
)
def test_a_line_that_is_no_sample_is_named(line: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text('{"input": "q", "ideal": "a"}\n' + line)
    with pytest.raises(UsageError, match=told) as raised:
        import_openai_evals(path)
    assert raised.value.where == f"{path}:2"


def test_another_class_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="fuzzy_match"):
        import_openai_evals(SAMPLES, "fuzzymatch")


@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_anything_else_is_a_clear_error(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("odd") / "samples.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        import_openai_evals(path)
