"""Prompts and options for log-likelihoods are lm-evaluation-harness's own, to the character."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from jinja2 import Environment

from weighbridge.tasks.suites import SuiteTask, suite_task


@pytest.fixture(scope="module")
def tasks() -> Path:
    spec = importlib.util.find_spec("lm_eval")
    if spec is None or spec.origin is None:
        pytest.skip("lm_eval is not installed")
    return Path(spec.origin).parent / "tasks"


class Loader(yaml.SafeLoader):
    """Names of functions stay names."""


Loader.add_constructor("!function", lambda loader, node: f"!{node.value}")


def written(path: Path) -> dict:
    return yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"theirs_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def ours(suite: SuiteTask, number: int) -> tuple[str, tuple[str, ...]]:
    item = suite.task.items[number]
    assert suite.scored is not None
    messages = suite.task.prompts["loglikelihood"].render(item)
    assert [message.role for message in messages] == ["user"]
    return messages[0].content, suite.scored.written(item, chat=False)


def rendered(template: str, row: dict) -> str:
    return Environment(autoescape=False, keep_trailing_newline=True).from_string(template).render(**row)  # noqa: S701


@pytest.mark.parametrize(("name", "folder"), [("boolq", "boolq"), ("cb", "cb"), ("wic", "wic")])
def test_templates_of_superglue(name: str, folder: str, shared_data: Path, tasks: Path) -> None:
    theirs = written(tasks / "super_glue" / folder / "default.yaml")
    suite = suite_task(name, data=[shared_data], limit=25)
    for number, item in enumerate(suite.task.items):
        prompt, options = ours(suite, number)
        assert prompt == rendered(theirs["doc_to_text"], item.fields).strip()
        assert list(options) == [f" {choice}" for choice in theirs["doc_to_choice"]]


def test_copa(shared_data: Path, tasks: Path) -> None:
    theirs = module(tasks / "super_glue" / "copa" / "utils.py")
    suite = suite_task("copa", data=[shared_data])
    for number, item in enumerate(suite.task.items):
        prompt, options = ours(suite, number)
        assert prompt == theirs.doc_to_text(item.fields)
        assert list(options) == theirs.doc_to_choice(item.fields)
        assert options["AB".index(str(item.reference))] == theirs.doc_to_target(item.fields)


@pytest.mark.parametrize("language", ["id", "it", "sw", "zh"])
def test_xcopa(language: str, shared_data: Path, tasks: Path) -> None:
    theirs = module(tasks / "xcopa" / "utils.py")
    suite = suite_task(f"xcopa_{language}", data=[shared_data], limit=25)
    for number, item in enumerate(suite.task.items):
        prompt, options = ours(suite, number)
        assert prompt == getattr(theirs, f"doc_to_text_{language}")(item.fields)
        assert list(options) == [f" {choice}" for choice in theirs.doc_to_choice(item.fields)]


def test_wsc(shared_data: Path, tasks: Path) -> None:
    theirs = module(tasks / "super_glue" / "wsc" / "preprocess_wsc.py")
    suite = suite_task("wsc", data=[shared_data])
    for number, item in enumerate(suite.task.items):
        assert ours(suite, number)[0] == theirs.default_doc_to_text(item.fields)


def test_multirc(tmp_path: Path, tasks: Path) -> None:
    theirs = written(tasks / "super_glue" / "multirc" / "default.yaml")
    row = {"paragraph": "Ann has a cat.", "question": "Who?", "answer": "Ann", "label": 1}
    (tmp_path / "multirc.jsonl").write_text(json.dumps(row))
    suite = suite_task("multirc", data=[tmp_path])
    prompt, options = ours(suite, 0)
    assert prompt == rendered(theirs["doc_to_text"], row)
    # lm-eval lists yes before no, and takes the label for its place: 1 is its "no" (lm-eval 0.4.13).
    assert {option.strip() for option in options} == {
        text.strip() for text in ast.literal_eval(rendered(theirs["doc_to_choice"], row))
    }


def test_pubmedqa(shared_data: Path, tasks: Path) -> None:
    theirs = module(tasks / "pubmedqa" / "preprocess_pubmedqa.py")
    suite = suite_task("pubmedqa", data=[shared_data], limit=25)
    for number, item in enumerate(suite.task.items):
        row = {"CONTEXTS": item.fields["contexts"], "QUESTION": item.fields["question"]}
        assert ours(suite, number)[0] == theirs.doc_to_text(row)


def test_truthfulqa(shared_data: Path, tasks: Path) -> None:
    theirs = written(tasks / "truthfulqa" / "truthfulqa_mc1.yaml")
    suite = suite_task("truthfulqa_mc1", data=[shared_data], limit=25)
    for number, item in enumerate(suite.task.items):
        assert ours(suite, number)[0] == rendered(theirs["doc_to_text"], item.fields)


def test_mmlu_arc_and_medqa(tmp_path: Path, tasks: Path) -> None:
    rows = {
        "mmlu": {"question": " What? ", "choices": ["a", "b", "c", "d"], "answer": 2, "subject": "law"},
        "arc_easy": {
            "id": "1",
            "question": "What?",
            "choices": {"text": ["a", "b", "c"], "label": ["A", "B", "C"]},
            "answerKey": "B",
        },
        "medqa": {"sent1": "What?", "ending0": "a", "ending1": "b", "ending2": "c", "ending3": "d", "label": 3},
    }
    for name, row in rows.items():
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row))
    mmlu = written(tasks / "mmlu" / "default" / "_default_template_yaml")
    prompt, options = ours(suite_task("mmlu", data=[tmp_path]), 0)
    assert prompt == rendered(mmlu["doc_to_text"], rows["mmlu"])
    assert list(options) == [f" {choice}" for choice in mmlu["doc_to_choice"]]
    arc = written(tasks / "arc" / "arc_easy.yaml")
    prompt, options = ours(suite_task("arc_easy", data=[tmp_path]), 0)
    assert prompt == rendered(arc["doc_to_text"], rows["arc_easy"])
    assert options == (" a", " b", " c")
    prompt, options = ours(suite_task("medqa", data=[tmp_path]), 0)
    assert prompt == module(tasks / "medqa" / "preprocess_medqa.py").doc_to_text(rows["medqa"])
    assert options == (" A", " B", " C", " D")


def test_examples_stand_before_as_in_lm_eval(shared_data: Path) -> None:
    """lm-eval's few-shot form: prompt, blank, answer, empty line."""
    suite = suite_task("boolq", data=[shared_data], shots=2, limit=3)
    content = suite.task.prompts["loglikelihood"].render(suite.task.items[0])[0].content
    parts = content.split("\nAnswer:")
    assert len(parts) == 4
    assert all(part.split("\n\n")[0] in (" yes", " no") for part in parts[1:3])
    assert parts[3] == ""
