from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from weighbridge.errors import UsageError
from weighbridge.evidence import Budget, Question, Requirements
from weighbridge.project.load import Project, load_project

ROWS = """id,message,team,customer
1,where is my bill,billing,ann
2,it crashed,technical,bob
3,charged twice,billing,ann
4,cannot log in,technical,cleo
"""

PROJECT = """\
name: desk
data:
  path: data/tickets.csv
  reference: team
prompt:
  system: Route it.
  user: "{{ message }}"
choices: [billing, technical]
scorer: choice
candidates:
  - name: small
    model: http://127.0.0.1:8000/v1#small
    max_tokens: 8
    price: {per_hour: 0.5}
  - name: large
    model: https://models.example/v1#large
    key_env: DESK_KEY
    price: {input_per_million: 1, output_per_million: 4}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DESK_KEY", "a-key-for-tests")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tickets.csv").write_text(ROWS)
    return tmp_path


def load(folder: Path, text: str = PROJECT, **said: object) -> Project:
    (folder / "weighbridge.yaml").write_text(text)
    return load_project(folder / "weighbridge.yaml", said)


def fails(folder: Path, text: str, **said: object) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load(folder, text, **said)
    return caught.value


def test_a_project_file_becomes_a_task_and_candidates(folder: Path) -> None:
    project = load(folder)
    assert project.task.name == "desk"
    assert [item.id for item in project.task.items] == ["1", "2", "3", "4"]
    assert project.task.choices == ("billing", "technical")
    small, large = project.candidates
    assert (small.name, small.model.side, small.sampling.max_tokens) == ("small", "open", 8)
    assert small.price.per_hour == 0.5
    assert (large.model.side, large.sampling.max_tokens) == ("closed", 256)
    assert small.choices == ("billing", "technical")
    messages = small.prompt.render(project.task.items[0])
    assert [(message.role, message.content) for message in messages] == [
        ("system", "Route it."),
        ("user", "where is my bill"),
    ]
    assert project.store == str(folder / ".weighbridge/answers.db")
    assert project.question == Question()


def test_the_folder_of_the_file_and_not_the_working_directory_holds_its_paths(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert len(load(folder).task.items) == 4


def test_the_same_from_a_python_mapping(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    project = load_project(yaml.safe_load(PROJECT), {"alpha": 0.1})
    assert project.question.alpha == 0.1
    assert project.task.items[0].reference == "billing"
    with pytest.raises(UsageError) as caught:
        load_project({**yaml.safe_load(PROJECT), "sed": 1})
    assert caught.value.where == "project: sed"


def test_options_overrule_the_file(folder: Path) -> None:
    project = load(
        folder,
        PROJECT + "question: {epsilon: 0.1, goal: pareto}\nbudget: {money: 3}\n",
        epsilon=0.05,
        budget_calls=9,
        latency_p95=2,
        seed=7,
        store="here.db",
        limit=3,
        concurrency=2,
    )
    assert project.question == Question(goal="pareto", epsilon=0.05)
    assert project.budget == Budget(money=3.0, calls=9)
    assert project.requirements == Requirements(latency_p95=2.0)
    assert (project.seed, project.store, len(project.task.items)) == (7, str(folder / "here.db"), 3)
    assert project.limits.concurrency == 2
    error = fails(folder, PROJECT, epsilon=3.0)
    assert error.where == "option --epsilon"
    assert "less than 1" in error.what
    with pytest.raises(UsageError, match="unknown option"):
        load(folder, PROJECT, epsilom=0.1)


def test_scorers_are_guessed_from_the_references(folder: Path) -> None:
    plain = PROJECT.replace("choices: [billing, technical]\nscorer: choice\n", "")
    assert load(folder, plain).task.scorer_key.startswith("exact@"), "four items are too few to call it a choice"
    (folder / "data" / "tickets.csv").write_text(
        ROWS + "".join(f"{n},text {n},{'billing' if n % 2 else 'technical'},c{n}\n" for n in range(5, 30))
    )
    project = load(folder, plain)
    assert project.task.scorer_key.startswith("choice@")
    assert set(project.task.choices or ()) == {"billing", "technical"}
    (folder / "data" / "tickets.csv").write_text("message,team\n" + "".join(f"m {n},{n * 1.5}\n" for n in range(30)))
    assert load(folder, plain).task.scorer_key.startswith("numeric@")


def test_scorer_settings_are_checked_on_their_line(folder: Path) -> None:
    text = PROJECT.replace("scorer: choice", "scorer:\n  name: numeric\n  relativ: 0.1")
    error = fails(folder, text)
    assert "'relativ'" in error.what
    assert "'relative'" in (error.fix or "")
    assert "weighbridge.yaml:11:3" in (error.where or "")
    error = fails(folder, PROJECT.replace("scorer: choice", "scorer: chioce"))
    assert "weighbridge.yaml:9:9" in (error.where or "")
    assert "'choice'" in (error.fix or "")
    error = fails(folder, PROJECT.replace("scorer: choice", "scorer: {absolute: 1}"))
    assert "'name' is missing" in error.what


def test_a_scorer_of_ones_own_is_found_beside_the_file(folder: Path) -> None:
    (folder / "mine.py").write_text("def half(item, completion):\n    return 0.5\n")
    project = load(folder, PROJECT.replace("scorer: choice", "scorer: mine:half"))
    from weighbridge.evidence import Completion

    assert project.task.scorer(project.task.items[0], Completion("x")).value == 0.5
    error = fails(folder, PROJECT.replace("scorer: choice", "scorer: mine:hlf"))
    assert "weighbridge.yaml:9" in (error.where or "")


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "fix"),
    [
        ("name: large", "name: small", 15, "two candidates are named 'small'", "own"),
        ("reference: team", "reference: taem", 4, "no column 'taem'", "'team'"),
        ("path: data/tickets.csv", "path: data/ticket.csv", 3, "not there", "tickets.csv"),
        ("https://models.example/v1#large", "htps://models.example/v1#large", 16, "htps", "http"),
        ("key_env: DESK_KEY", "api_key: sk-abcdefghijklmnopqrstuvwx", 17, "looks like a secret", "key_env"),
        ("key_env: DESK_KEY", "headers: {Authorization: Bearer abcdefghijkl}", 17, "looks like a secret", "key_env"),
        ('"{{ message }}"', '"{{ mesage }}"', 7, "'mesage'", "'message'"),
        ('"{{ message }}"', '"{{ message "', 7, "template", ""),
        ('"{{ message }}"', '"{{ team }}"', 7, "give the answer away", ""),
        ("max_tokens: 8", "max_tokens: many", 13, "whole number", "tokens"),
        ("name: small", "prompt: fancy", 11, "no prompt 'fancy'", "default"),
    ],
)
def test_mistakes_name_their_line(folder: Path, old: str, new: str, line: int, what: str, fix: str) -> None:
    assert old in PROJECT
    error = fails(folder, PROJECT.replace(old, new))
    assert f"weighbridge.yaml:{line}" in (error.where or ""), error.where
    assert what in error.what
    assert fix in (error.fix or "")


def test_a_key_that_is_not_set_is_shown_where_the_file_names_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DESK_KEY")
    error = fails(folder, PROJECT)
    assert "weighbridge.yaml:17:14 (candidates[1].key_env)" in (error.where or "")
    assert "export DESK_KEY" in (error.fix or "")


def test_a_secret_is_never_repeated(folder: Path) -> None:
    error = fails(folder, PROJECT.replace("key_env: DESK_KEY", "api_key: sk-abcdefghijklmnopqrstuvwx"))
    assert "abcdefghij" not in str(error)


def test_a_template_error_in_a_block_names_the_line_of_the_file(folder: Path) -> None:
    text = PROJECT.replace('user: "{{ message }}"', "user: |\n    Read this.\n    {{ message }}\n    {{ custommer }}")
    error = fails(folder, text)
    assert "weighbridge.yaml:10" in (error.where or "")
    assert "'customer'" in (error.fix or "")
    (folder / "user.txt").write_text("a\nb\n{% if %}")
    error = fails(folder, PROJECT.replace('user: "{{ message }}"', "user_file: user.txt"))
    assert error.where == f"{folder / 'user.txt'}:3"
    error = fails(folder, PROJECT.replace('user: "{{ message }}"', "user_file: usr.txt"))
    assert "user.txt" in (error.fix or "")
    assert "weighbridge.yaml:7" in (error.where or "")


def test_two_candidates_alike_are_refused_with_both_lines(folder: Path) -> None:
    text = PROJECT + "  - name: again\n    model: http://127.0.0.1:8000/v1#small\n    max_tokens: 8\n"
    error = fails(folder, text)
    assert "'small' (line 11) and 'again' are alike" in error.what
    assert "weighbridge.yaml:19" in (error.where or "")
    changed = load(folder, text + "    temperature: 0.7\n    repeats: 3\n")
    assert [candidate.repeats for candidate in changed.candidates] == [1, 1, 3]
    unnamed = "  - model: http://127.0.0.1:8000/v1#x\n" * 2
    assert "neither has a name" in fails(folder, PROJECT + unnamed).what


def test_prompts_by_name_and_of_a_candidates_own(folder: Path) -> None:
    (folder / "examples.csv").write_text("message,team\nlate invoice,billing\nit hangs,technical\nrefund,billing\n")
    text = PROJECT.replace(
        "choices:",
        'prompts:\n  shots:\n    user: "Q: {{ message }}"\n'
        "    shots: {path: examples.csv, count: 2, balanced: true}\nchoices:",
    )
    text = text.replace("name: small", "name: small\n    prompt: shots").replace(
        "name: large", 'name: large\n    prompt: {user: "Own: {{ message }}"}'
    )
    small, large = load(folder, text).candidates
    item = load(folder, text).task.items[0]
    turns = small.prompt.render(item)
    assert [turn.role for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
    assert {turns[1].content, turns[3].content} == {"billing", "technical"}
    assert large.prompt.render(item)[-1].content == "Own: where is my bill"
    error = fails(folder, text.replace("path: examples.csv, ", "path: data/tickets.csv, "))
    assert "among the items to be weighed" in error.what
    assert "weighbridge.yaml:11" in (error.where or "")
    error = fails(folder, text.replace("path: examples.csv, ", ""))
    assert "no source" in error.what


def test_questions_that_cannot_be_asked(folder: Path) -> None:
    asked = PROJECT + "question:\n  goal: non_inferior\n"
    assert load(folder, asked).question.goal == "non_inferior"
    error = fails(folder, asked + "  reference: lage\n")
    assert "'large'" in (error.fix or "")
    assert "weighbridge.yaml:21" in (error.where or "")
    error = fails(folder, asked.replace("name: small", "name: small\n    side: closed"))
    assert "there is none" in error.what
    assert "small (closed)" in (error.fix or "")
    error = fails(folder, asked.replace("name: large", "name: large\n    side: open"))
    assert "best closed candidate, and there is none" in error.what
    named = asked.replace("name: large", "name: large\n    side: open") + "  reference: large\n"
    assert load(folder, named).question.reference == "large"


@pytest.mark.parametrize("cap", ["money: 0", "calls: 0", "minutes: 0.0"])
def test_a_budget_of_nothing_is_refused(folder: Path, cap: str) -> None:
    error = fails(folder, PROJECT + f"budget:\n  {cap}\n")
    assert "budget of nothing" in error.what
    assert "weighbridge.yaml:20" in (error.where or "")


def test_one_candidate_is_no_comparison(folder: Path) -> None:
    alone = PROJECT[: PROJECT.index("  - name: large")]
    assert "nothing to compare" in fails(folder, alone).what
    none = PROJECT[: PROJECT.index("candidates:")]
    assert "'candidates' is missing" in fails(folder, none).what
    error = fails(folder, none + "candidates: []\n")
    assert "there is none" in error.what


def test_the_answers_schema_comes_from_a_file_or_stands_in_the_project(folder: Path) -> None:
    text = PROJECT.replace(
        "choices: [billing, technical]\nscorer: choice", "json_schema: s.json\nscorer: {name: json, check: schema}"
    )
    (folder / "s.json").write_text('{"type": "object"}')
    project = load(folder, text)
    assert project.candidates[0].json_schema == '{"type":"object"}'
    (folder / "s.json").write_text("{")
    assert "weighbridge.yaml:8" in (fails(folder, text).where or "")
    inline = text.replace("json_schema: s.json", "json_schema: {type: object}")
    assert load(folder, inline).task.json_schema == '{"type":"object"}'
    free = load(folder, inline.replace("    max_tokens: 8\n", "    max_tokens: 8\n    constrain: false\n"))
    assert [candidate.json_schema for candidate in free.candidates] == [None, '{"type":"object"}']


def test_two_projects_in_one_process_keep_their_own_modules(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import asyncio

    from weighbridge.models.protocol import Request

    other = tmp_path_factory.mktemp("other")
    (other / "data").mkdir()
    (other / "data" / "tickets.csv").write_text(ROWS)
    text = PROJECT.replace("http://127.0.0.1:8000/v1#small", "python:my_rules.route")
    for place, said in ((folder, "billing"), (other, "technical"), (folder, "billing")):
        (place / "my_rules.py").write_text(f"def route(item):\n    return {said!r}\n")
        project = load(place, text)
        request = Request(messages=(), item=project.task.items[0])
        assert asyncio.run(project.candidates[0].model.complete(request)).text == said
