"""A first project file: guessed, valid, and ready to run."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from weighbridge.project.check import checked
from weighbridge.project.options import ProjectOptions
from weighbridge.project.schema import FILE, project_schema
from weighbridge.project.yaml_source import read_yaml


def written(folder: Path) -> ProjectOptions:
    source = read_yaml(folder / "weighbridge.yaml")
    jsonschema.validate(source.tree, project_schema())
    return checked(source, ProjectOptions)


def data_of(options: ProjectOptions):
    assert not isinstance(options.data, str)
    return options.data


@pytest.fixture(autouse=True)
def _without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models are simulated, so that the tests are quick wherever weights are installed."""
    monkeypatch.setattr("weighbridge.project.starter._weights_installed", lambda: False)


def test_a_csv_of_labels_becomes_a_choice_that_runs(weighbridge, tickets, tmp_path) -> None:
    made = weighbridge("init", "tickets.csv", "--schema", "--cluster", "customer")
    assert made.code == 0
    assert "weighbridge run" in made.out
    assert "'team'" in made.out
    options = written(tmp_path)
    assert (options.scorer, data_of(options).cluster) == ("choice", "customer")
    assert set(options.choices or ()) == {"billing", "technical", "shipping", "account"}
    assert (tmp_path / FILE).is_file()
    assert (tmp_path / "weighbridge.yaml").read_text().startswith(f"# yaml-language-server: $schema={FILE}\n")
    assert weighbridge("check").code == 0
    ran = weighbridge("run", "--json", "d.json")
    assert ran.code == 0, ran.err
    assert "imulated" in ran.out
    decision = json.loads((tmp_path / "d.json").read_text())
    assert decision["verdict"]["candidates"] == ["pretend"]
    assert decision["simulated"] is True


def test_numbers_become_numeric_and_texts_exact(weighbridge, tmp_path) -> None:
    rows = [{"question": f"{n} + {n}?", "answer": 2 * n} for n in range(40)]
    (tmp_path / "sums.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert weighbridge("init", "sums.jsonl").code == 0
    assert written(tmp_path).scorer == "numeric"
    assert weighbridge("run", "-q").code in (0, 3)
    (tmp_path / "words.json").write_text(json.dumps([{"q": f"say {n}", "answer": f"word {n}"} for n in range(40)]))
    assert weighbridge("init", "words.json", "--force").code == 0
    assert written(tmp_path).scorer == "exact"
    assert weighbridge("check").code == 0


def test_items_with_their_own_options(weighbridge, tmp_path) -> None:
    lines = ["question,A,B,C,answer"] + [f"q{n},red {n},green {n},blue {n},{'ABC'[n % 3]}" for n in range(30)]
    (tmp_path / "exam.csv").write_text("\n".join(lines))
    assert weighbridge("init", "exam.csv").code == 0
    options = written(tmp_path)
    assert (options.scorer, data_of(options).choices) == ("choice", ("A", "B", "C"))
    shown = weighbridge("check")
    assert shown.code == 0
    assert weighbridge("run", "-q").code in (0, 3)


def test_awkward_names_are_quoted(weighbridge, tmp_path) -> None:
    folder = tmp_path / "a: b #c"
    folder.mkdir()
    (folder / "the data, v2.csv").write_text(
        'ticket id,"the text: all",is it ""ok""\n'.replace('""', "")
        + "".join(f"no,line {n},{'yes' if n % 2 else 'no'}\n".replace("no,", f"x{n},", 1) for n in range(30))
    )
    made = weighbridge("init", folder / "the data, v2.csv", "--out", folder, "--reference", "is it ok")
    assert made.code == 0, made.err
    source = read_yaml(folder / "weighbridge.yaml")
    options = checked(source, ProjectOptions)
    assert data_of(options).path == "the data, v2.csv"
    assert set(options.choices or ()) == {"yes", "no"}, "texts, not booleans"
    assert weighbridge("check", folder / "weighbridge.yaml").code == 0


def test_the_project_may_lie_elsewhere_than_its_data(weighbridge, tickets, tmp_path) -> None:
    (tmp_path / "projects").mkdir()
    assert weighbridge("init", "tickets.csv", "--out", "projects/desk.yaml").code == 0
    assert "path: ../tickets.csv" in (tmp_path / "projects" / "desk.yaml").read_text().replace('"', "")
    assert weighbridge("check", "projects/desk.yaml").code == 0
    assert weighbridge("run", "projects/desk.yaml", "-q").code == 0
    assert (tmp_path / "projects" / ".weighbridge" / "answers.db").is_file()


def test_a_baseline_that_is_there_is_left_alone(weighbridge, tickets, tmp_path) -> None:
    (tmp_path / "baseline.py").write_text("def answer(item):\n    return 'mine'\n")
    assert weighbridge("init", "tickets.csv").code == 0
    assert "mine" in (tmp_path / "baseline.py").read_text()


def test_what_cannot_be_guessed_is_asked_for(weighbridge, tmp_path) -> None:
    (tmp_path / "plain.csv").write_text("a1,b1\n" + "".join(f"x{n},y{n}\n" for n in range(20)))
    ran = weighbridge("init", "plain.csv")
    assert ran.code == 2
    assert "--reference" in ran.err
    assert not (tmp_path / "weighbridge.yaml").exists()
    lines = "".join(f"x{n},{n % 2},{n % 3}\n" for n in range(40))
    (tmp_path / "plain.csv").write_text("text,first,second\n" + lines)
    ran = weighbridge("init", "plain.csv")
    assert ran.code == 2
    assert "first, second" in ran.err


@pytest.mark.parametrize("installed", [True, False])
def test_open_weights_are_a_candidate_where_they_are_installed(
    weighbridge, tickets, tmp_path, monkeypatch, installed
) -> None:
    monkeypatch.setattr("weighbridge.project.starter._weights_installed", lambda: installed)
    assert weighbridge("init", "tickets.csv").code == 0
    models = [candidate.model for candidate in written(tmp_path).candidates]
    assert ("gguf:smollm2" in models) is installed
