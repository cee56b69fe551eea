"""`weighbridge suites` as its users call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weighbridge.project.load import load_project

ROWS = [{"question": f"is {n} even", "passage": f"A number: {n}.", "label": n % 2 == 0} for n in range(40)]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "boolq.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("WEIGHBRIDGE_DATA", raising=False)
    return folder


def test_the_list_says_what_is_here(weighbridge, data: Path) -> None:
    ran = weighbridge("suites", "--data", data, "--group", "superglue")
    assert ran.code == 0
    lines = {line.split()[0]: line for line in ran.out.splitlines() if line.strip()}
    assert lines["boolq"].rstrip().endswith("here")
    assert lines["multirc"].rstrip().endswith("absent")
    assert "F1a, EM, accuracy" in lines["multirc"]
    assert "8 suites, the data of 1 are here" in ran.out
    assert weighbridge("suites", "--group", "nothing").code == 2
    everything = weighbridge("suites", "--all")
    assert everything.out.count("absent") > 50
    assert "xquad_es" in everything.out


def test_the_list_is_short_and_by_groups(weighbridge, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "xquad_es.jsonl").write_text("{}")
    monkeypatch.setenv("WEIGHBRIDGE_DATA", str(data))
    monkeypatch.setenv("COLUMNS", "80")
    ran = weighbridge("suites")
    lines = ran.out.splitlines()
    assert max(len(line) for line in lines) <= 80
    rows = {line.split()[0]: line for line in lines if line.startswith("    ")}
    assert "12 languages" in rows["xquad_*"]
    assert rows["xquad_*"].rstrip().endswith("1 of 12")
    assert rows["boolq"].rstrip().endswith("here")
    assert lines.index("  superglue") < lines.index(rows["boolq"])
    assert "--data FOLDER, or the variable WEIGHBRIDGE_DATA" in ran.out
    assert "xquad_es" in weighbridge("suites", "--group", "xquad").out


def test_one_suite_is_shown_with_its_fetch_command(weighbridge, data: Path) -> None:
    ran = weighbridge("suites", "show", "multirc")
    assert ran.code == 0
    assert "hf download --repo-type dataset aps/super_glue" in ran.out
    assert "not on this machine" in ran.out
    assert "Khashabi" in ran.out
    here = weighbridge("suites", "show", "boolq", "--data", data)
    assert str(data / "boolq.jsonl") in here.out
    assert weighbridge("suites", "show", "boolqq").code == 2


def test_a_run_gives_verdict_figures_and_json(weighbridge, data: Path, tmp_path: Path) -> None:
    ran = weighbridge(
        *("suites", "run", "boolq", "-m", "simulated:accuracy=0.95", "-m", "simulated:accuracy=0.4,seed=3"),
        *("--data", data, "--all", "--json", "out.json", "--html", "out.html", "-q"),
    )
    assert ran.code == 0, ran.err
    assert "BEST" in ran.out
    assert "the suite's own figures" in ran.out
    assert "The verdict rests on the scores" in " ".join(ran.out.split())
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["schema"] == "weighbridge.suites/1"
    suite = found["suites"][0]
    assert suite["decision"]["verdict"]["kind"] == "best"
    assert suite["figures"]["complete"] is True
    assert "<html" in (tmp_path / "out.html").read_text()
    one = weighbridge("suites", "run", "boolq", "-m", "simulated:accuracy=0.95", "--data", data, "--json", "-")
    assert one.code == 0
    assert json.loads(one.out)["suites"][0]["decision"] is None
    alone = weighbridge(
        "suites", "run", "boolq", "-m", "simulated:accuracy=0.95", "--data", data, "--limit", 30, "-q"
    )
    text = " ".join(alone.out.split())
    assert "compared with nobody, so there is no verdict" in text
    assert "30 of the 40 items in these data, drawn at random" in text
    assert "compared with nobody" not in ran.out
    cut = weighbridge(
        *("suites", "run", "boolq", "-m", "simulated:accuracy=0.6", "-m", "simulated:accuracy=0.5,seed=3"),
        *("--data", data, "--budget-calls", 10, "-q", "--store", "other.db"),
    )
    assert cut.code == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "boolq", "-m", "simulated:accuracy=1", "--data", "nowhere"), "folder is not there"),
        (("run", "rte", "-m", "simulated:accuracy=1"), "hf download --repo-type dataset aps/super_glue"),
        (("run", "bolq", "-m", "simulated:accuracy=1"), "boolq"),
        (("run", "boolq", "-m", "simulated:accuracy=1", "--protocol", "loglikelihood"), "cannot score"),
        (("run", "boolq", "-m", "simulated:accuracy=1", "--shots", "3"), "examples of boolq"),
        (("run", "boolq", "-m", "smollm2"), "smollm2"),
        (("run", "boolq", "-m", "simulated:accuracy=1", "--html", "x.html"), "one comparison"),
    ],
)
def test_bad_input_is_told(weighbridge, data: Path, arguments: tuple[str, ...], words: str) -> None:
    extra = () if "--data" in arguments else ("--data", data)
    ran = weighbridge("suites", *arguments, *extra)
    assert ran.code == 2, ran.out + ran.err
    assert words in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


def test_a_suite_becomes_a_project(weighbridge, data: Path, tmp_path: Path) -> None:
    ran = weighbridge(
        "suites",
        "write",
        "boolq",
        "mine",
        "--data",
        data,
        "-m",
        "simulated:accuracy=0.9",
        "-m",
        "simulated:accuracy=0.5,seed=2",
    )
    assert ran.code == 0, ran.err
    project = load_project(tmp_path / "mine" / "weighbridge.yaml")
    from weighbridge.tasks.suites import suite_task

    suite = suite_task("boolq", data=[data])
    assert len(project.task.items) == 40
    for ours, theirs in zip(project.task.items, suite.task.items, strict=True):
        assert (ours.id, ours.reference) == (theirs.id, theirs.reference)
        written = project.task.prompts["default"].render(ours)
        assert written == suite.task.prompts["default"].render(theirs)
    assert weighbridge("run", "mine/weighbridge.yaml", "-q").code == 0
    assert weighbridge("suites", "write", "boolq", "mine", "--data", data).code == 2


@pytest.mark.parametrize(
    "name", ["copa", "humaneval", "xquad_es", "legalbench", "flip_gb1", "wmt22_de_en", "record", "gsm8k"]
)
def test_every_kind_of_suite_becomes_a_project(weighbridge, name: str, shared_data: Path, tmp_path: Path) -> None:
    from weighbridge.tasks.suites import suite_task

    ran = weighbridge(
        "suites",
        "write",
        name,
        "mine",
        "--data",
        shared_data,
        "--limit",
        5,
        "-m",
        "simulated:accuracy=0.9",
        "-m",
        "simulated:accuracy=0.5,seed=2",
    )
    assert ran.code == 0, ran.err
    project = load_project(tmp_path / "mine" / "weighbridge.yaml")
    suite = suite_task(name, data=[shared_data], limit=5, shots=0)
    assert project.task.scorer_key == suite.task.scorer_key
    for ours, theirs in zip(project.task.items, suite.task.items, strict=True):
        assert project.task.prompts["default"].render(ours) == suite.task.prompts["default"].render(theirs)
