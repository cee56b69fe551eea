"""Vendors, accelerators, versions and grades: sourced, dated, in order, and overridden by a user's own facts."""

from __future__ import annotations

from datetime import date

import pytest

from weighbridge.catalog.entries import TABLES, Tables, age, parsed_tables, shipped_tables
from weighbridge.catalog.fact import Fact, Source, real_day
from weighbridge.catalog.grades import grades
from weighbridge.catalog.hardware import accelerator, accelerators
from weighbridge.catalog.models import catalogue
from weighbridge.catalog.naming import folded
from weighbridge.catalog.vendors import companies, company, policies, policy, policy_of, rule_of, tuning, tuning_of
from weighbridge.catalog.versions import version_named, versions
from weighbridge.errors import UsageError

FILES = ("models.json", "vendors.json", "hardware.json", "versions.json", "grades.json")


@pytest.fixture(autouse=True)
def nobodys_facts(monkeypatch, tmp_path):
    monkeypatch.delenv("WEIGHBRIDGE_FACTS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.mark.parametrize("name", FILES)
def test_every_fact_has_a_source_a_date_and_a_confidence(name):
    tables: Tables = shipped_tables(name)
    assert tables.tables
    for entries in tables.tables.values():
        for entry in entries.values():
            assert entry.facts, entry.id
            for title, fact in entry.facts.items():
                assert fact.source, (entry.id, title)
                assert set(fact.source) <= set(tables.sources)
                assert real_day(fact.seen)
                assert fact.seen <= "2026-11-21"
                for day in (fact.valid_from, fact.valid_to):
                    assert day is None or real_day(day)


@pytest.mark.parametrize("name", FILES)
def test_sources_have_real_dates_and_credits_where_their_licence_asks(name):
    for title, source in shipped_tables(name).sources.items():
        assert source.date is None or real_day(source.date), title
        if source.licence and source.licence.upper().startswith("CC-BY"):
            assert source.credit, title


@pytest.mark.parametrize("name", FILES)
def test_every_name_leads_to_one_entry(name):
    for table, entries in shipped_tables(name).tables.items():
        if table == "versions":  # two vendors serve versions of the same name
            continue
        claimed: dict[str, str] = {}
        for entry in entries.values():
            for text in {folded(text) for text in (entry.id, *entry.aliases)}:
                if table in ("policies", "tuning", "rules") and text not in (folded(entry.id),):
                    continue
                assert claimed.setdefault(text, entry.id) == entry.id, (table, text)


def test_policies_that_models_name_are_there():
    known = policies()
    for model in catalogue().models.values():
        said = model.says("data_policy")
        assert not said or said in known, model.id


def test_a_policy_says_yes_no_or_nothing():
    assert policy("openai_api").trains is False
    assert policy("deepseek_api").trains is True
    assert policy("ai21_api").trains is None
    assert policy("ai21_api").retention_days is None
    assert policy("anthropic_api").retention_days == 7
    assert [one.value for one in policy("anthropic_api").facts["retention_days"].contested_by] == [30]
    assert policy("self_hosted").zero_retention == "always"
    assert policy("mistral_api").regions == ("EU",)
    for one in policies().values():
        assert one.zero_retention in ("always", "agreement", "none", None)
        if "zero_retention" in one.facts:
            assert one.zero_retention is not None
        assert one.retention_days is None or 0 <= one.retention_days <= 4000


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("openai:gpt-4.1", "openai_api"),
        ("azure:gpt-4o", "azure_openai"),
        ("https://api.openai.com/v1#gpt-4o", "openai_api"),
        ("hf:org/name", "self_hosted"),
        ("path:./model", "self_hosted"),
        ("http://127.0.0.1:8000/v1#m", "self_hosted"),
        ("http://gpu-box:8000/v1#m", "self_hosted"),
        ("https://llm.example.com/v1#m", None),
        ("groq:llama-3.3-70b-versatile", "groq_api"),
        ("cerebras:llama-3.3-70b", None),
    ],
)
def test_the_policy_of_a_spec(spec, found):
    one = policy_of(spec)
    assert (None if one is None else one.id) == found


def test_what_vendors_promise_and_tune():
    assert rule_of("openai").notice_days() == 180
    assert rule_of("openai").notice_days("preview") == 14
    assert rule_of("anthropic").notice_days() == 60
    assert rule_of("nobody") is None
    assert tuning_of("openai").last_day == "2027-01-06"
    assert tuning_of("cohere").status == "ended"
    assert all(one.status in ("available", "winding down", "ended", "none", None) for one in tuning().values())


def test_scores_of_companies_are_of_a_hundred():
    assert company("IBM").score("2025-12") == 95
    assert company("openai").score("2023-10") == 48
    for one in companies().values():
        assert one.facts
        assert all(0 <= fact.value <= 100 for fact in one.facts.values())


def test_accelerators_make_sense():
    known = accelerators()
    assert len(known) >= 13
    for one in known.values():
        assert 8 <= (one.memory_gb or 0) <= 1024, one.id
        assert 100 <= (one.bandwidth_gb_s or 0) <= 20_000
        fp16, fp8, fp4 = (one.tflops(kind) for kind in ("fp16", "fp8", "fp4"))
        assert fp16 is not None
        assert 10 <= fp16 <= 10_000
        assert fp8 is None or fp16 <= fp8 <= 2.05 * fp16, "dense rates, not those with sparsity"
        assert fp4 is None or (fp8 is not None and fp8 <= fp4)
        assert one.tdp_w is None or 30 <= one.tdp_w <= 3000
        if one.hour_usd is not None:
            low, high = one.hour_usd
            assert 0.1 <= low <= high <= 20, one.id
            assert high <= 5 * low


def test_accelerators_are_found_by_short_names():
    assert accelerator("H100").id == "H100-SXM-80GB"
    assert accelerator("a100").memory_gb == 80
    assert accelerator("V100").tflops("bf16") is None
    assert accelerator("l40s").tflops("int4") == accelerator("l40s").tflops("fp16")
    with pytest.raises(UsageError, match="H1000") as caught:
        accelerator("H1000")
    assert "H100" in caught.value.fix


def test_the_days_of_a_version_are_in_order():
    vendors = {one.vendor for one in versions().values()}
    assert {"openai", "anthropic", "google", "vertex", "azure", "cohere", "mistral", "ai21"} <= vendors
    for one in versions().values():
        days = [one.released, one.announced, one.retires]
        known = [day for day in days if day is not None]
        assert one.released is not None, one.id
        assert known == sorted(known), one.id
        assert one.released <= date(2026, 11, 21)
        for day in (one.planned, one.not_before):
            assert day is None or day > one.released
        assert one.kind in ("general", "special", "preview")
        assert one.model is None or one.model in catalogue().models, one.id


def test_ends_agree_with_what_models_say():
    for model in catalogue().models.values():
        said = model.says("retired")
        rows = [one for one in version_named(model.id) if one.model == model.id or one.name == model.id]
        if said and rows:
            assert said in {one.says("retires") for one in rows}, model.id


def test_grades_are_those_of_their_publishers():
    known = grades()
    assert sum(name.startswith("mof/") for name in known) == 273
    assert sum(name.startswith("opening-up/") for name in known) == 46
    classes = [one.says("mof_class") for one in known.values() if "mof_class" in one.facts]
    assert {name: classes.count(name) for name in ("I", "II", "III")} == {"I": 14, "II": 1, "III": 16}


def test_old_facts_are_as_old_as_the_copy_that_was_read():
    fact = Fact(value=1, confidence="A", source=("a", "b"), seen="2026-11-01")
    today = date(2026, 11, 21)
    assert age(fact, today) == 20
    sources = {"a": Source(what="a", date="2025-06"), "b": Source(what="b", date="2024")}
    assert age(fact, today, sources) == (today - date(2025, 6, 30)).days
    assert age(fact, today, {"a": Source(what="a")}) == 20
    assert age(fact, today, {"a": Source(what="a", date="2026")}) == 20


OWN = """
sources:
  contract: {what: our contract with OpenAI, date: "2026-10-01"}
policies:
- id: openai_api
  name: OpenAI API
  source: [contract]
  confidence: A
  seen: "2026-10-01"
  facts: {retention_days: 0, zero_retention: always, region: [EU]}
accelerators:
- id: H100-SXM-80GB
  name: H100
  source: [contract]
  confidence: A
  seen: "2026-10-01"
  facts: {hour_low: 1.5, hour_high: 1.5}
- id: our-card
  name: Our card
  source: [gpu-prices-2026]
  confidence: C
  seen: "2026-10-01"
  facts: {memory: 96, bandwidth: 2000, fp16_tflops: 300}
versions:
- id: openai/gpt-4o-2024-08-06
  name: gpt-4o-2024-08-06
  source: [contract]
  confidence: A
  seen: "2026-10-01"
  facts: {retires: "2028-01-01"}
"""


def test_a_users_own_facts_override_vendors_hardware_and_versions(monkeypatch, tmp_path):
    path = tmp_path / "facts.yaml"
    path.write_text(OWN)
    monkeypatch.setenv("WEIGHBRIDGE_FACTS", str(path))
    assert policy("openai_api").retention_days == 0
    assert policy("openai_api").zero_retention == "always"
    assert policy("openai_api").trains is False, "facts that are not said again stay"
    assert accelerator("H100").hour_usd == (1.5, 1.5)
    assert accelerator("H100").memory_gb == 80
    assert accelerator("our-card").tflops("bf16") == 300
    assert versions()["openai/gpt-4o-2024-08-06"].retires == date(2028, 1, 1)
    assert catalogue().find("gpt-4").facts


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  source: [contract]\n  confidence: A\n", "  confidence: A\n", "no source"),
        ("source: [contract]", "source: [contrakt]", "did you mean 'contract'"),
        ('seen: "2026-10-01"\n  facts: {ret', "facts: {ret", "no date"),
        ("policies:", "polices:", "polices"),
        ("- id: our-card", "- id: H100-SXM-80GB", "two accelerators"),
    ],
)
def test_a_fact_that_cannot_be_relied_on_is_refused(old, new, told):
    known = shipped_tables("hardware.json").sources
    with pytest.raises(UsageError) as caught:
        parsed_tables(OWN.replace(old, new, 1).encode(), "facts.yaml", known)
    assert told in str(caught.value)
    assert "facts.yaml" in caught.value.where


def test_every_table_of_the_catalogue_may_be_a_users_own():
    assert set(TABLES) >= {table for name in FILES for table in shipped_tables(name).tables}


@pytest.mark.parametrize(
    ("table", "fact", "told"),
    [
        ("models", "retired: '2026-99-01'", "'2026-99-01' is no date"),
        ("models", "context: -3", "-3 is no number above 0"),
        ("models", "params_total: many", "'many' is no number above 0"),
        ("models", "weights: opne", "did you mean 'open'"),
        ("versions", "kind: sometimes", "is no value of kind"),
        ("policies", "trains_on_inputs: seldom", "neither true nor false"),
        ("policies", "retention_days: -1", "no number of days"),
        ("accelerators", "bandwidth: lots", "'lots' is no number above 0"),
        ("tuning", "last_day: soon", "'soon' is no date"),
    ],
)
def test_values_that_a_fact_cannot_have_are_refused_with_their_place(table, fact, told):
    text = f"""
sources: {{lab: {{what: ours, date: "2026-01-01"}}}}
{table}:
- {{id: x, name: X, source: [lab], confidence: A, seen: "2026-02-20", facts: {{{fact}}}}}
"""
    with pytest.raises(UsageError) as error:
        parsed_tables(text.encode(), "facts.yaml")
    assert told in str(error.value)
    assert f"facts.yaml: x.{fact.partition(':')[0]}" in str(error.value)
