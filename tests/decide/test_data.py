"""Data handling: vendors' dated facts held against the demand; what is not known is never met."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.decide.subjects import column

from weighbridge.catalog.entries import Entry
from weighbridge.catalog.fact import Contest, Fact
from weighbridge.catalog.vendors import Policy
from weighbridge.decide.data import EU, data_finding, inside
from weighbridge.decide.subject import Subject, subject_of
from weighbridge.evidence import DataHandling

TODAY = date(2026, 11, 21)


def vendor(**facts: object) -> Subject:
    made = {name: Fact(value, "A", ("x",), "2026-11-01") for name, value in facts.items()}  # type: ignore[arg-type]
    return Subject("it", "closed", "stored", policy=Policy("p", "P", (), made), hosting="vendor")


def met(subject: Subject, **demand: object) -> str:
    return data_finding(subject, DataHandling(**demand), TODAY).met


def test_nothing_leaves_ones_own_machines() -> None:
    own = subject_of(column("open", "http://127.0.0.1:8000/v1#m"))
    assert met(own, leaves="never", retention_days=None, zero_retention=True, region=("EU",)) == "met"
    assert met(subject_of(column("closed", "openai:gpt-4.1")), leaves="never") == "not met"
    unknown = data_finding(subject_of(column("open", "stored")), DataHandling(leaves="never"), TODAY)
    assert unknown.met == "unknown"
    assert (unknown.would_change or "").startswith("meets if")


@pytest.mark.parametrize(
    ("facts", "demand", "expected"),
    [
        ({"trains_on_inputs": False}, {}, "met"),
        ({"trains_on_inputs": True}, {}, "not met"),
        ({"trains_on_inputs": True}, {"training": True}, "met"),
        ({"trains_on_inputs": True, "opt_out": True}, {}, "unknown"),
        ({}, {}, "unknown"),
        ({"trains_on_inputs": False, "retention_days": 30}, {"retention_days": 30}, "met"),
        ({"trains_on_inputs": False, "retention_days": 30}, {"retention_days": 29}, "not met"),
        ({"trains_on_inputs": False}, {"retention_days": 29}, "unknown"),
        (
            {"trains_on_inputs": False, "retention_days": 30, "zero_retention": "agreement"},
            {"retention_days": 7},
            "unknown",
        ),
        ({"trains_on_inputs": False, "zero_retention": "always"}, {"zero_retention": True}, "met"),
        (
            {"trains_on_inputs": False, "retention_days": 30, "zero_retention": "none"},
            {"zero_retention": True},
            "not met",
        ),
        ({"trains_on_inputs": False, "region": ["EU"]}, {"region": ("EU",)}, "met"),
        ({"trains_on_inputs": False, "region": ["DE"]}, {"region": ("EU",)}, "met"),
        ({"trains_on_inputs": False, "region": ["CN"]}, {"region": ("EU",)}, "not met"),
        ({"trains_on_inputs": False, "region_choice": ["any"]}, {"region": ("EU",)}, "unknown"),
        ({"trains_on_inputs": False}, {"region": ("EU",)}, "unknown"),
        ({"trains_on_inputs": True, "region": ["EU"]}, {"region": ("EU",)}, "not met"),
    ],
)
def test_each_part_of_the_demand(facts: dict[str, object], demand: dict[str, object], expected: str) -> None:
    assert met(vendor(**facts), **demand) == expected


def test_sources_that_disagree_must_all_keep_the_limit() -> None:
    kept = Fact(7, "B", ("x",), "2026-11-01", contested_by=(Contest(30, "y"),))
    facts = {"trains_on_inputs": Fact(False, "A", ("x",), "2026-11-01"), "retention_days": kept}
    subject = Subject("it", "closed", "stored", policy=Policy("p", "P", (), facts), hosting="vendor")
    assert met(subject, retention_days=10) == "unknown"
    assert met(subject, retention_days=30) == "met"


def test_evidence_names_source_date_and_age() -> None:
    found = data_finding(vendor(trains_on_inputs=False), DataHandling(), date(2027, 6, 1))
    assert (
        "p.trains_on_inputs = false (x, seen 2026-11-01, confidence A, old: read 212 days ago)" in found.evidence[0]
    )


def test_facts_of_ones_own_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text(
        "sources: {contract: {what: our contract with the vendor}}\n"
        "policies:\n"
        "  - {id: openai_api, name: OpenAI API, source: [contract], confidence: A, seen: 2026-11-01,\n"
        "     facts: {zero_retention: always, region: [EU]}}\n"
    )
    demand = {"zero_retention": True, "region": ("EU",)}
    assert met(subject_of(column("closed", "openai:gpt-4.1")), **demand) == "unknown"
    monkeypatch.setenv("WEIGHBRIDGE_FACTS", str(file))
    assert met(subject_of(column("closed", "openai:gpt-4.1")), **demand) == "met"


@given(
    trains=st.sampled_from([True, False, None]),
    opt=st.sampled_from([True, False, None]),
    days=st.sampled_from([0, 7, 30, 400, None]),
    zero=st.sampled_from(["always", "agreement", "none", None]),
    limit=st.sampled_from([0, 7, 30, None]),
)
def test_a_laxer_demand_never_makes_it_worse(
    trains: bool | None, opt: bool | None, days: int | None, zero: str | None, limit: int | None
) -> None:
    facts = {"trains_on_inputs": trains, "opt_out": opt, "retention_days": days, "zero_retention": zero}
    subject = vendor(**{name: value for name, value in facts.items() if value is not None})
    rank = {"not met": 0, "unknown": 1, "met": 2}
    strict = rank[met(subject, retention_days=limit)]
    assert rank[met(subject, training=True, retention_days=limit)] >= strict
    assert rank[met(subject, retention_days=None)] >= strict
    if trains is None or (days is None and zero is None and limit is not None):
        assert strict < 2, "what is not known is never met"


def test_members_of_the_union_lie_in_it() -> None:
    assert len(EU) == 27
    assert inside(["FR", "DE"], ["EU"])
    assert not inside(["FR", "CH"], ["EU"])
    assert inside(["US"], ["EU", "US"])
    assert isinstance(Policy("p", "P", (), {}), Entry)
