"""The catalogue of models: every fact has a source, a date and a confidence; names lead to one model."""

from __future__ import annotations

import time

import pytest

from weighbridge.catalog.fact import real_day
from weighbridge.catalog.models import catalogue, parsed, shipped_catalogue
from weighbridge.catalog.naming import folded
from weighbridge.errors import UsageError

DEBATED = (
    *("llama", "llama-2", "bloom", "gpt-j", "gpt-neox-20b", "falcon", "t5", "bert", "deepseek-r1", "gpt-3", "gpt-4"),
    *("claude", "palm-2", "bard", "gopher", "jurassic-1", "cohere", "azure-openai"),
)


@pytest.fixture(autouse=True)
def nobodys_facts(monkeypatch, tmp_path):
    monkeypatch.delenv("WEIGHBRIDGE_FACTS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_every_fact_has_a_source_a_date_and_a_confidence():
    known = catalogue()
    assert len(known.models) >= 80
    for model in known.models.values():
        for name, fact in model.facts.items():
            assert fact.source, (model.id, name)
            assert set(fact.source) <= set(known.sources)
            assert real_day(fact.seen)
            assert fact.seen <= "2026-11-21"
            assert fact.confidence in ("A", "B", "C")


def test_the_dates_of_a_model_are_in_order():
    for model in catalogue().models.values():
        days = [model.says(name) for name in ("release_date", "announced_retirement", "retired")]
        known = [day for day in days if day]
        assert known == sorted(known), model.id


def test_numbers_are_of_their_size():
    for model in catalogue().models.values():
        total, active = (model.facts.get(name) for name in ("params_total", "params_active"))
        if total is not None:
            assert 1e8 < total.value < 1e13
            assert total.unit == "parameters"
        if total is not None and active is not None:
            assert active.value <= total.value, model.id
        if (context := model.facts.get("context")) is not None:
            assert 128 <= context.value <= 20_000_000


def test_every_name_leads_to_one_model():
    known = catalogue()
    claimed: dict[str, str] = {}
    for model in known.models.values():
        for name in {folded(text) for text in (model.id, model.name, *model.aliases)}:
            assert claimed.setdefault(name, model.id) == model.id
            assert known.find(name).id == model.id


@pytest.mark.parametrize("name", DEBATED)
def test_the_systems_of_the_debate_are_known(name):
    assert catalogue().find(name).facts


def test_names_are_found_however_they_are_written():
    known = catalogue()
    assert known.find("GPT 4").id == "gpt-4"
    assert known.find("claude-sonnet-4-5-20250929").id == "claude-sonnet-4.5"
    with pytest.raises(UsageError, match="gtp-4") as caught:
        known.find("gtp-4")
    assert "gpt-4" in caught.value.fix


@pytest.mark.parametrize(
    ("written", "model"),
    [
        ("gpt4", "gpt-4"),
        ("gpt3", "gpt-3-175b"),
        ("llama2", "llama-2-70b"),
        ("GPT4o", "gpt-4o"),
        ("llama2 7b", "llama-2-7b"),
    ],
)
def test_a_dash_between_letter_and_number_may_be_left_out(written, model):
    assert catalogue().find(written).id == model


def test_digits_are_never_joined_to_other_numbers():
    assert catalogue().find("gemma-2-27b").id == "gemma-2-27b"
    with pytest.raises(UsageError):
        catalogue().find("gemma-22-7b")


def test_a_name_that_begins_others_is_met_with_one_of_them():
    with pytest.raises(UsageError) as told:
        catalogue().find("gemini")
    assert "did you mean 'Gemini" in str(told.value)


def test_a_search_wants_every_word():
    found = catalogue().search("open bigscience")
    assert [model.id for model in found] == ["bloom-176b"]


def test_sources_that_ask_for_credit_get_it():
    known = catalogue()
    assert any("Epoch AI" in line for line in known.credits([known.find("gpt-4")]))
    for source in known.sources.values():
        if source.licence and source.licence.startswith("CC-BY"):
            assert source.credit


FACTS = """
sources:
  me: {what: our own measurement, date: "2026-11-01"}
models:
- id: gpt-4
  name: GPT-4
  source: [me]
  confidence: A
  seen: "2026-11-02"
  facts:
    context: 9000
- id: house-model
  name: House model
  aliases: [hm]
  source: [me]
  facts:
    licence:
      {value: apache-2.0, confidence: B, seen: "2026-11-02", contested_by: [{value: mit, source: epoch}]}
"""


def test_facts_of_ones_own_override_ours_one_by_one(monkeypatch, tmp_path):
    path = tmp_path / "facts.yaml"
    path.write_text(FACTS)
    monkeypatch.setenv("WEIGHBRIDGE_FACTS", str(path))
    known = catalogue()
    assert known.find("gpt-4").facts["context"].value == 9000
    assert known.find("gpt-4").facts["release_date"] == shipped_catalogue().find("gpt-4").facts["release_date"]
    assert known.find("hm").facts["licence"].contested_by[0].value == "mit"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("source: [me]\n", "source: []\n", "no source"),
        ("source: [me]\n", "source: [mee]\n", "did you mean 'me'"),
        ('  seen: "2026-11-02"\n  facts:\n    context', "  facts:\n    context", "no date"),
        ("  confidence: A\n", "", "no confidence"),
        ('seen: "2026-11-02"\n', 'seen: "2026-02-31"\n', "no date"),
        ("confidence: A", "confidence: D", "models[0].confidence"),
        ("    context: 9000", "    context: [9000", ":12"),
    ],
)
def test_a_fact_that_cannot_be_relied_on_is_refused(old, new, told):
    with pytest.raises(UsageError) as caught:
        parsed(FACTS.replace(old, new, 1).encode(), "facts.yaml", shipped_catalogue().sources)
    assert told in str(caught.value)
    assert "facts.yaml" in caught.value.where


def test_the_catalogue_is_read_at_once():
    shipped_catalogue.cache_clear()
    begun = time.process_time()
    shipped_catalogue()
    assert time.process_time() - begun < 0.5
