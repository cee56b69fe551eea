"""`weighbridge audit continuity`: one screen per model, and every mistake told."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(autouse=True)
def nobodys_facts(monkeypatch, tmp_path):
    monkeypatch.delenv("WEIGHBRIDGE_FACTS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")


DAY = ("--today", "2026-11-21")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("gpt-4o", "ends 2027-01-14, in 54 days (alarm: 90 days"),
        ("gpt-4o", "announced 2026-10-14, 92 days before (today's rule"),
        ("o3", "alarm: 30 days"),
        ("claude-haiku-4.5", "of 81 versions"),
        ("google:gemini-2.5-pro", "contested: 2026-06-17"),
        ("llama-2-7b", "they stay with whoever has them"),
        ("azure-openai", "name the version"),
        ("gopher", "nothing is known"),
        ("palm-2", "ended 2025-04-09"),
    ],
)
def test_what_is_known_of_a_model(weighbridge, target, told):
    ran = weighbridge("audit", "continuity", target, *DAY)
    assert ran.code == 0, ran.err
    assert told in " ".join(ran.out.split()) or told in ran.out
    assert all(len(line.rstrip()) <= 80 for line in ran.out.splitlines())


def test_a_record_that_is_old_says_so(weighbridge):
    told = weighbridge("audit", "continuity", "gpt-5.5", "--today", "2027-06-01").out
    assert "the record is old: it was last read on 2026-11-21" in told
    assert "old: 192 days" in " ".join(told.split())
    assert "old" not in weighbridge("audit", "continuity", "gpt-5.5", *DAY).out


@pytest.mark.parametrize(
    ("target", "months", "code"), [("gpt-4o", 12, 4), ("gpt-4o", 1, 0), ("llama-2-7b", 60, 0), ("gopher", 12, 4)]
)
def test_a_probability_demanded_decides_the_exit_code(weighbridge, target, months, code):
    ran = weighbridge("audit", "continuity", target, "--months", months, "--probability", "0.8", *DAY)
    assert ran.code == code
    assert ("would change it" in ran.out) is True


def test_a_document_for_programs(weighbridge, tmp_path):
    (tmp_path / "calls.jsonl").write_text('{"model": "gpt-4o", "messages": [], "seed": 1}\n')
    ran = weighbridge("audit", "continuity", "o3", "--calls", "calls.jsonl", "--json", "--probability", "0.5", *DAY)
    found = json.loads(ran.out)
    assert found["calendar"][0]["days_left"] == 20
    assert found["calendar"][0]["alarm"] == 30
    assert found["finding"]["met"] == "not met"
    assert found["lock_in"]["calls"] == 1
    assert len(found["survival"]["times"]) == len(found["survival"]["low"])


def test_a_project_file_gives_the_calendar_of_its_candidates(weighbridge, tmp_path):
    (tmp_path / "data.csv").write_text("input,reference\na,b\nc,d\n")
    (tmp_path / "weighbridge.yaml").write_text(
        "data: {path: data.csv, input: input, reference: reference}\n"
        "candidates:\n"
        "  - {name: old, model: 'openai:gpt-4o'}\n"
        "  - {name: new, model: 'openai:gpt-5.5'}\n"
    )
    ran = weighbridge("audit", "continuity", "weighbridge.yaml", *DAY)
    assert ran.code == 0, ran.err
    assert "old: ends 2027-01-14, in 54 days" in ran.out
    assert "new: no end announced" in ran.out
    found = json.loads(weighbridge("audit", "continuity", "weighbridge.yaml", "--json", *DAY).out)
    assert set(found) == {"old", "new"}
    demanded = weighbridge("audit", "continuity", "weighbridge.yaml", "--probability", "0.8", *DAY)
    assert demanded.code == 4
    assert weighbridge("audit", "continuity", "weighbridge.yaml", "--repo", ".").code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("gpt-4x",), "did you mean"),
        (("gpt-4o", "--repo", "."), "no git clone"),
        (("gpt-4o", "--repo", "nowhere"), "no such folder"),
        (("gpt-4o", "--calls", "nowhere.jsonl"), "cannot be read"),
        (("gpt-4o", "--today", "yesterday"), "is no date"),
        (("gpt-4o", "--months", "0"), "0"),
        (("nowhere.yaml",), "nowhere.yaml"),
    ],
)
def test_every_mistake_gets_one_screen(weighbridge, arguments, told):
    ran = weighbridge("audit", "continuity", *arguments)
    assert ran.code == 2
    assert told in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) < 15


def test_an_audit_that_is_not_there_gets_the_nearest(weighbridge):
    ran = weighbridge("audit", "continuty", "gpt-4")
    assert ran.code == 2
    assert "continuity" in ran.err


def test_the_lines_of_the_help_are_those_of_the_commands():
    import importlib

    from weighbridge.cli.audit import COMMANDS

    for name, (place, line) in COMMANDS.items():
        module, _, function = place.partition(":")
        command = getattr(importlib.import_module(module), function)
        assert (command.help or "").splitlines()[0] == line, name
