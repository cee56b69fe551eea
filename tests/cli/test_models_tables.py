"""`weighbridge models`: what it lists, shows and compares, and every mistake on one screen."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(autouse=True)
def nobodys_facts(monkeypatch, tmp_path):
    monkeypatch.delenv("WEIGHBRIDGE_FACTS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("vendors",), "openai_api"),
        (("vendors", "anthropic"), "contested: 30 by tracker-2026"),
        (("hardware",), "H100-SXM-80GB"),
        (("hardware", "h100"), "3,350 GB/s"),
        (("versions", "anthropic", "opus"), "anthropic/claude-opus-4-1-20250805"),
        (("companies",), "Facts marked fmti"),
        (("companies", "ibm"), "95 of 100"),
        (("grades", "bloom"), "mof/BLOOM"),
        (("list", "palm", "bard"), "palm-2"),
        (("show", "bloom"), "Facts marked epoch"),
        (("diff", "llama-2", "falcon"), "facts are the same"),
    ],
)
def test_tables_are_shown(weighbridge, monkeypatch, arguments, told):
    monkeypatch.setenv("COLUMNS", "80")
    ran = weighbridge("models", *arguments)
    assert ran.code == 0, ran.err
    assert told in ran.out
    long = [line for line in ran.out.splitlines() if len(line.rstrip()) > 80 and "http" not in line]
    assert not long


@pytest.mark.parametrize("table", ["vendors", "hardware", "versions", "companies", "grades", "list"])
def test_tables_are_json_for_programs(weighbridge, table):
    rows = json.loads(weighbridge("models", table, "--json").out)
    assert rows
    assert all(fact["source"] for row in rows for fact in row["facts"].values())


def test_facts_that_change_are_marked_old_and_others_are_not():
    from datetime import date

    from weighbridge.catalog.fact import Fact, Source
    from weighbridge.cli.catalogue_view import origin

    fact = Fact(value=30, confidence="A", source=("page",), seen="2026-08-01")
    sources = {"page": Source(what="page", date="2026-08-01")}
    assert "old: 121 days" in origin("retention_days", fact, sources, date(2026, 11, 30))
    assert "old" not in origin("retention_days", fact, sources, date(2026, 11, 29))
    assert "old" not in origin("params_total", fact, sources, date(2030, 1, 1))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("hardware", "H1000"), "did you mean"),
        (("vendors", "opnai_api"), "did you mean"),
        (("companies", "IMB"), "did you mean"),
        (("show", "gtp-4"), "gpt-4"),
    ],
)
def test_a_name_that_is_not_there_gets_the_nearest(weighbridge, arguments, told):
    ran = weighbridge("models", *arguments)
    assert ran.code == 2
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_a_damaged_file_of_facts_is_told_with_its_place(weighbridge, monkeypatch, tmp_path):
    path = tmp_path / "facts.yaml"
    path.write_text("policies:\n- {id: a, name: A, facts: {trains_on_inputs: false}}\n")
    monkeypatch.setenv("WEIGHBRIDGE_FACTS", str(path))
    ran = weighbridge("models", "vendors")
    assert ran.code == 2
    assert "no date" in ran.err
    assert "facts.yaml" in ran.err
