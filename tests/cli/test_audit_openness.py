"""`weighbridge audit openness`: one screen per part, 80 columns, and every mistake told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub_folders import Folder, say


@pytest.fixture(autouse=True)
def nobodys_facts(monkeypatch, tmp_path):
    monkeypatch.delenv("WEIGHBRIDGE_FACTS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def folder(path: Path, **head: object) -> Path:
    body = "# Ours\n\nAn open-source model. The training data is not released. " + say(60)
    return Folder({"license": "apache-2.0", **head}, body, "llama", {"model.safetensors": 10**9}).write(path)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("olmo-7b", "class I (Open Science)"),
        ("BLOOM", "bigscience-bloom-rail-1.0 is not an open licence"),
        ("gpt-4", "offered over an API alone"),
        ("Bard", "PaLM"),
        ("gpt-j-6b", "proven"),
        ("starcoder2", "terms are not open"),
        ("llama-2", "behind a gate"),
    ],
)
def test_what_it_says_of_known_models(weighbridge, monkeypatch, target: str, told: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ran = weighbridge("audit", "openness", target)
    assert ran.code == 0
    assert told.lower() in " ".join(ran.out.split()).lower()
    assert max(len(line) for line in ran.out.splitlines()) <= 80


def test_a_folder(weighbridge, tmp_path) -> None:
    ran = weighbridge("audit", "openness", folder(tmp_path / "ours"))
    assert ran.code == 0
    text = " ".join(ran.out.split())
    assert 'It calls itself "open source" (README.md:6)' in text
    assert "weights.files" in text
    assert "says: training data is not released" in text


def test_json_holds_it_all(weighbridge, tmp_path) -> None:
    ran = weighbridge("audit", "openness", folder(tmp_path / "ours"), "--json")
    found = json.loads(ran.out)
    assert found["target"] == "ours"
    assert found["mof"]["low"] is None
    assert {row["component"]: row["state"] for row in found["rows"]}["weights"] == "released"
    assert len(found["criteria"]) == 14
    assert [clause["name"] for clause in found["osi"]["clauses"]] == ["data information", "code", "parameters"]


def test_html_escapes_what_files_say(weighbridge, tmp_path) -> None:
    path = folder(tmp_path / "ours", license_name="<script>alert(1)</script>", license="other")
    ran = weighbridge("audit", "openness", path, "--html", "x.html")
    page = (tmp_path / "x.html").read_text()
    assert ran.code == 0
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "Open Source AI Definition" in page


def test_control_characters_do_not_reach_the_terminal(weighbridge, tmp_path) -> None:
    ran = weighbridge("audit", "openness", folder(tmp_path / "ours", license_name="x\x1b[2Jy", license="other"))
    assert ran.code == 0
    assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("olmo-7c",), "olmo-7b"),
        (("nowhere/at/all",), "neither a model of the catalogue nor a file"),
        (("notes.txt",), "name its folder"),
        (("broken.json",), "no JSON"),
        (("empty.json",), "lists no files"),
        (("olmo-7b", "--html", "nowhere/x.html"), "mkdir"),
    ],
)
def test_mistakes_are_told_on_one_screen(weighbridge, tmp_path, arguments: tuple[str, ...], told: str) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "empty.json").write_text("{}")
    ran = weighbridge("audit", "openness", *arguments)
    assert ran.code == 2
    assert told in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) < 15
