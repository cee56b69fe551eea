"""`protocol`, `normalise` and `choice_as` of a project file, refused before anything is paid where they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from weighbridge.cli.main import cli
from weighbridge.errors import UsageError
from weighbridge.project.load import Project, load_project

ROWS = """id,message,team
1,where is my bill,billing
2,it crashed,technical
3,charged twice,billing
4,no login,technical
"""
OWN = """id,question,a,b,answer
1,two and two,4,5,A
2,three and three,5,6,B
"""
PROJECT = """\
data: {path: t.csv, reference: team}
choices: [billing, technical]
candidates:
  - name: small
    model: http://127.0.0.1:9/v1#small
    constrained: guided_choice
  - name: large
    model: simulated:accuracy=0.9
  - name: rules
    model: python:rules.route
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t.csv").write_text(ROWS)
    (tmp_path / "own.csv").write_text(OWN)
    (tmp_path / "rules.py").write_text("def route(item):\n    return 'billing'\n")
    return tmp_path


def load(folder: Path, text: str) -> Project:
    (folder / "weighbridge.yaml").write_text(text)
    return load_project(folder / "weighbridge.yaml")


def fails(folder: Path, text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load(folder, text)
    return caught.value


def test_a_protocol_for_all_binds_models_and_no_rule(folder: Path) -> None:
    small, large, rules = load(folder, PROJECT + "protocol: choice\n").candidates
    assert (small.protocol, large.protocol, rules.protocol) == ("choice", "choice", "generate")
    assert small.continuations.written(load(folder, PROJECT).task.items[0], chat=False) == (" billing", " technical")


def test_a_candidate_says_otherwise(folder: Path) -> None:
    text = PROJECT.replace(
        "    constrained: guided_choice\n",
        "    constrained: guided_choice\n    protocol: sample\n    repeats: 3\n    temperature: 0.7\n",
    )
    assert load(folder, text + "protocol: choice\n").candidates[0].protocol == "sample"


def test_the_letter_is_meant_where_the_usual_prompt_asks_for_it(folder: Path) -> None:
    head = "data: {path: own.csv, reference: answer, choices: [a, b]}\n"
    head += "candidates:\n  - {name: x, model: 'simulated:accuracy=0.9'}\n"
    tail = "  - {name: y, model: 'simulated:accuracy=0.8'}\n"
    project = load(folder, head + tail)
    one = project.candidates[0].continuations
    assert one.written(project.task.items[0], chat=False) == (" A", " B")
    project = load(folder, head + tail + "prompt: '{{ question }}?'\n")
    one = project.candidates[0].continuations
    assert one.written(project.task.items[0], chat=True) == ("4", "5")
    project = load(folder, head + tail + "prompt: '{{ question }}?'\nchoice_as: '({{ label }}) {{ choice }}'\n")
    one = project.candidates[0].continuations
    assert one.written(project.task.items[0], chat=True) == ("(A) 4", "(B) 5")


@pytest.mark.parametrize(
    ("change", "what", "line"),
    [
        ("protocol: loglikelihood\n", "cannot score given continuations", "candidates[1]"),
        ("protocol: guess\n", "guess", ":"),
        ("normalise: bytes\nprotocol: choice\nchoice_as: '{{ team }}'\n", "reference", ":"),
        ("choice_as: '{{ chioce }}'\n", "'chioce'", "(choice_as)"),
        ("choice_as: 'the answer'\n", "shows no choice", "(choice_as)"),
    ],
)
def test_what_cannot_be_is_refused_on_its_line(folder: Path, change: str, what: str, line: str) -> None:
    # What the server can do is found out when it is reached; a simulated candidate is known to have no likelihoods.
    error = fails(folder, PROJECT + change)
    assert what in error.what
    assert line in error.where


def test_alternatives_are_named_and_nothing_is_called(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "weighbridge.yaml").write_text(
        PROJECT.replace("    constrained: guided_choice\n", "") + "protocol: loglikelihood\n"
    )
    for command in ("check", "plan", "run"):
        done = CliRunner().invoke(cli, [command])
        assert done.exit_code != 0
        assert isinstance(done.exception, UsageError)
        assert "`protocol: generate`" in done.exception.fix
    assert not (folder / ".weighbridge" / "answers.db").exists()


def test_held_and_forbidden_to_be_held_contradict_each_other(folder: Path) -> None:
    text = PROJECT.replace(
        "    constrained: guided_choice\n", "    constrained: guided_choice\n    constrain: false\n"
    )
    assert "contradict" in fails(folder, text + "protocol: choice\n").what


def test_a_template_without_choices_to_write_is_refused(folder: Path) -> None:
    text = (
        "data: {path: t.csv, reference: message, input: [team]}\n"
        "scorer: exact\nchoice_as: '{{ choice }}'\ncandidates:\n"
        "  - {name: x, model: 'simulated:accuracy=0.9'}\n  - {name: y, model: 'simulated:accuracy=0.8'}\n"
    )
    assert "has no choices" in fails(folder, text).what


def test_candidates_that_differ_in_protocol_alone_are_two(folder: Path) -> None:
    text = PROJECT + (
        "  - name: small, free\n    model: http://127.0.0.1:9/v1#small\n    constrained: guided_choice\n"
        "    constrain: false\n"
    )
    assert len(load(folder, text).candidates) == 4


def test_check_shows_what_is_scored_and_warns_of_what_differs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "weighbridge.yaml").write_text(PROJECT + "protocol: choice\n")
    done = CliRunner().invoke(cli, ["check"])
    assert "protocol choice" in done.output
    assert "held to: 'billing' | 'technical'" in done.output
    assert "WARNING" not in done.output
    other = "  - {name: free, model: 'simulated:accuracy=0.8', constrain: false}\n"
    (folder / "weighbridge.yaml").write_text(PROJECT + other)
    assert "WARNING  Scored differently" in CliRunner().invoke(cli, ["check"]).output
