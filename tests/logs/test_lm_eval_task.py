"""Import of lm-eval task files, held against what lm-eval itself asked and scored with the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import BaseLoader, Environment, StrictUndefined

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion
from weighbridge.logs.lm_eval_docs import as_written
from weighbridge.logs.lm_eval_task import ID, REFERENCE, import_lm_eval
from weighbridge.project.load import Project, load_project
from weighbridge.tasks.templates import Template

HOME = Path(__file__).parent / "fixtures" / "lm_eval"
PLAIN = """
task: t
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
doc_to_text: "{{q}}"
doc_to_target: "{{a}}"
"""


def samples(model: str, task: str) -> list[dict[str, Any]]:
    path = next((HOME / "runs" / model).glob(f"samples_{task}_*"))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def loaded(name: str, folder: Path, label: str | None = None) -> Project:
    return load_project(import_lm_eval(HOME / "tasks" / f"{name}.yaml", label=label).write(folder))


def task_file(folder: Path, text: str, rows: list[dict[str, Any]] | None = None) -> Path:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows or [{"q": "1+1?", "a": "2"}]))
    path = folder / "task.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_prompts_and_references_are_those_of_lm_eval(tmp_path: Path) -> None:
    task = loaded("sums", tmp_path).task
    asked = {f"sums:{one['doc_id']}": one for one in samples("pairs-a", "sums")}
    prompt = task.prompts["default"]
    assert {item.id for item in task.items} == set(asked)
    for item in task.items:
        (message,) = prompt.render(item)
        assert message.content == asked[item.id]["arguments"]["gen_args_0"]["arg_0"]
        assert item.reference == asked[item.id]["target"]


@pytest.mark.parametrize("label", ["strict-match", "flexible-extract"])
@pytest.mark.parametrize("model", ["pairs-a", "pairs-b", "smollm2-135m"])
def test_the_scorer_marks_real_answers_as_lm_eval_did(tmp_path: Path, model: str, label: str) -> None:
    task = loaded("sums", tmp_path, label).task
    items = {item.id: item for item in task.items}
    for one in samples(model, "sums"):
        if one["filter"] == label:
            score = task.scorer(items[f"sums:{one['doc_id']}"], Completion(one["resps"][0][0]))
            assert score.value == one["exact_match"], one


def test_decoding_comes_with_the_task(tmp_path: Path) -> None:
    project = loaded("sums", tmp_path)
    sampling = project.candidates[0].sampling
    assert (sampling.temperature, sampling.max_tokens, sampling.stop) == (0.0, 24, ("\n\n", "Q:"))
    assert project.options.name == "sums"


def test_multiple_choice_is_asked_by_generation_and_says_so(tmp_path: Path) -> None:
    imported = import_lm_eval(HOME / "tasks" / "capitals.yaml")
    assert any("log-likelihoods instead" in one for one in imported.not_mapped)
    path = imported.write(tmp_path)
    assert "must not be compared" in path.read_text(encoding="utf-8")
    task = load_project(path).task
    first = task.items[0]
    system, user = task.prompts["default"].render(first)
    assert "letter" in system.content
    assert user.content.startswith("Question: What is the capital of France?\n\nA) ")
    assert first.reference == "Paris"
    letter = user.content[user.content.index(") Paris") - 1]
    assert task.scorer(first, Completion(letter)).value == 1
    assert task.scorer(first, Completion("Oslo")).value == 0


def test_options_that_are_the_same_for_all_are_stated_once(tmp_path: Path) -> None:
    text = PLAIN.replace("{{a}}", "a") + 'output_type: multiple_choice\ndoc_to_choice: ["no", "yes"]\n'
    rows = [{"q": "wet?", "a": 1}, {"q": "dry?", "a": 0}]
    imported = import_lm_eval(task_file(tmp_path, text, rows))
    assert imported.project["choices"] == ["no", "yes"]
    assert [row[REFERENCE] for row in imported.rows] == ["yes", "no"]
    task = load_project(imported.write(tmp_path / "out")).task
    assert task.scorer(task.items[0], Completion("Yes.")).value == 1


def test_options_alike_are_told_apart_by_number(tmp_path: Path) -> None:
    text = PLAIN.replace("{{a}}", "a") + "output_type: multiple_choice\ndoc_to_choice: options\n"
    rows = [{"q": "?", "a": 2, "options": ["x", "x", "y"]}, {"q": "!", "a": 0, "options": ["z", "w", "v"]}]
    task = load_project(import_lm_eval(task_file(tmp_path, text, rows)).write(tmp_path / "out")).task
    assert task.scorer(task.items[0], Completion("C")).value == 1
    assert task.scorer(task.items[1], Completion("A")).value == 1


def test_a_field_called_choices_keeps_its_own_shape(tmp_path: Path) -> None:
    text = PLAIN.replace("{{q}}", "{{q}} {{choices.label | join}}").replace("{{a}}", "{{choices.label.index(a)}}")
    text += 'output_type: multiple_choice\ndoc_to_choice: "{{choices.text}}"\n'
    rows = [{"q": f"q{n}", "a": "B", "choices": {"text": [f"x{n}", f"y{n}"], "label": ["A", "B"]}} for n in range(3)]
    task = load_project(import_lm_eval(task_file(tmp_path, text, rows)).write(tmp_path / "out")).task
    assert task.prompts["default"].render(task.items[1])[1].content == "q1 AB\n\nA) x1\nB) y1"
    assert task.scorer(task.items[1], Completion("B")).value == 1


def test_a_description_is_the_system_message_and_fields_may_be_named_alone(tmp_path: Path) -> None:
    text = PLAIN.replace('"{{q}}"', "q").replace('"{{a}}"', "a") + "description: 'Be brief.\n\n'\n"
    task = load_project(import_lm_eval(task_file(tmp_path, text)).write(tmp_path / "out")).task
    messages = task.prompts["default"].render(task.items[0])
    assert [(turn.role, turn.content) for turn in messages] == [("system", "Be brief."), ("user", "1+1?")]


def test_a_target_that_is_a_list_accepts_each(tmp_path: Path) -> None:
    text = PLAIN.replace("{{a}}", "{{[a, 'two']}}")
    task = load_project(import_lm_eval(task_file(tmp_path, text)).write(tmp_path / "out")).task
    assert task.items[0].reference == ["2", "two"]
    assert task.scorer(task.items[0], Completion("two")).value == 1


def test_functions_are_refused_with_their_line(tmp_path: Path) -> None:
    for tag in ("!function utils.process", "!!python/object/apply:os.system ['true']", "!other x"):
        path = task_file(tmp_path, f"task: t\ndoc_to_text: q\nprocess_docs: {tag}\n")
        with pytest.raises(UsageError) as caught:
            import_lm_eval(path)
        assert caught.value.where == f"{path}:3"


def test_includes_are_merged_and_the_task_s_own_keys_win(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        PLAIN.replace("task: t", "task: base") + "generation_kwargs: {max_gen_toks: 7}\n"
    )
    imported = import_lm_eval(task_file(tmp_path, "include: base.yaml\ntask: mine\n"))
    assert imported.project["name"] == "mine"
    assert imported.project["candidates"][0]["max_tokens"] == 7
    (tmp_path / "base.yaml").write_text("include: task.yaml\n")
    with pytest.raises(UsageError, match="without end"):
        import_lm_eval(tmp_path / "task.yaml")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("dataset_path: json", "dataset_path: openai/gsm8k"), "nothing is downloaded"),
        (("rows.jsonl", "../rows.jsonl"), "not in the task's folder"),
        (("rows.jsonl", "/etc/passwd"), "not in the task's folder"),
        (("rows.jsonl", "https://example.com/rows.jsonl"), "not in the task's folder"),
        (("{test: rows.jsonl}", "{train: rows.jsonl}"), "no file holds the split"),
        (("{{q}}", "{{q.__class__}}"), "may not do this|not there"),
        (("{{q}}", "{{nothing}}"), "'nothing'"),
        (("{{a}}", "{{a | regex_replace('x', 'y')}}"), "regex_replace"),
        (("task: t", "task: [a, b]"), "group of tasks"),
        (("task: t", "task: t\noutput_type: loglikelihood_rolling"), "log-likelihood alone"),
        (("task: t", "task: t\nclass: Other"), "Python code"),
        (("task: t", "task: [t"), "not YAML"),
    ],
    ids=lambda value: value[1][:30] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_imported_says_why(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    path = task_file(tmp_path, PLAIN.replace(*change))
    with pytest.raises(UsageError, match=told):
        load_project(import_lm_eval(path).write(tmp_path / "out"))


def test_what_is_not_mapped_is_listed(tmp_path: Path) -> None:
    more = """
gen_prefix: "So:"
num_fewshot: 5
generation_kwargs: {until: ["."], num_beams: 4}
filter_list:
  - name: vote
    filter: [{function: majority_vote}, {function: take_first}]
metric_list: [{metric: exact_match, regexes_to_ignore: ["[a-z]+"]}, {metric: bleu}]
"""
    lost = " ".join(import_lm_eval(task_file(tmp_path, PLAIN + more)).not_mapped)
    for word in ("gen_prefix", "num_fewshot: the 5", "num_beams", "majority_vote", "bleu", "regexes_to_ignore"):
        assert word in lost


def test_rows_from_elsewhere_are_passed_in(tmp_path: Path) -> None:
    path = task_file(tmp_path, PLAIN.replace("dataset_path: json", "dataset_path: openai/gsm8k"))
    other = tmp_path / "other.csv"
    other.write_text("q,a\nx?,5\n")
    imported = import_lm_eval(path, data=other, models=["http://127.0.0.1:8000/v1#m"])
    assert [(row[ID], row[REFERENCE]) for row in imported.rows] == [("t:0", "5")]
    assert imported.project["candidates"][0]["model"] == "http://127.0.0.1:8000/v1#m"


blocks = st.sampled_from(
    ["{% if a %}", "{% else %}x", "{%- if a -%}", "  {% if b %}\n", "{# c #}\n", "\n", "t ", "{{ a }}"]
)


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(blocks, max_size=6))
def test_white_space_around_blocks_is_lm_eval_s(pieces: list[str]) -> None:
    text = "".join(pieces)
    text = (
        text.replace("{% else %}x", "") if text.count("{% else %}") > text.count("if ") or "if" not in text else text
    )
    text += "\n{% endif %}" * (text.count("{% if") + text.count("{%- if"))
    plain = Environment(loader=BaseLoader(), undefined=StrictUndefined)  # noqa: S701 - as lm-eval makes it
    try:
        wanted = plain.from_string(text).render(a=1, b="")
    except Exception:  # an `else` too many: not a template at all
        return
    assert Template(as_written(text), "t").render({"a": 1, "b": ""}) == wanted


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from(
            ["doc_to_text", "doc_to_target", "doc_to_choice", "metric_list", "filter_list", "output_type"]
        ),
        st.none()
        | st.integers()
        | st.text(max_size=6)
        | st.lists(st.text(max_size=3) | st.dictionaries(st.sampled_from(["metric", "name", "filter"]), st.text())),
        max_size=3,
    )
)
def test_values_of_any_other_type(tmp_path: Path, changes: dict[str, Any]) -> None:
    import yaml

    tree = yaml.safe_load(PLAIN) | changes
    path = task_file(tmp_path, yaml.safe_dump(tree, allow_unicode=True))
    try:
        imported = import_lm_eval(path)
    except UsageError as error:
        told = error
    else:
        assert imported.rows
        return
    assert told.where
