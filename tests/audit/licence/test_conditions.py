"""Fields, places and jobs: what words name, and what contradicts itself."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.audit.licence import Component, Gathered, Statement, audit_components, audit_licence, licence_target
from weighbridge.audit.licence.difference import difference
from weighbridge.audit.licence.fields import fields_of
from weighbridge.audit.licence.job import checked_job
from weighbridge.audit.licence.places import EU, checked, members
from weighbridge.catalog.licences import licence
from weighbridge.errors import UsageError
from weighbridge.evidence.requirements import Job


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("medicine", "medicine"),
        ("Hospital billing", "medicine"),
        ("medical advice", "medical advice"),
        ("law enforcement", "justice"),
        ("Defence", "military"),
        ("retail banking", "finance"),
        ("academic research", "research"),
        ("e-commerce", "other"),
        ("customer support", "other"),
    ],
)
def test_fields_are_found_in_words(words: str, field: str) -> None:
    found = fields_of(words)
    assert found is not None
    assert field in found


@pytest.mark.parametrize("words", [None, "", "zorbing", "retail zorbing", "???"])
def test_words_that_are_not_known_are_no_free_field(words: str | None) -> None:
    assert fields_of(words) is None


@given(st.text(max_size=50))
def test_any_words_are_fields_or_none(words: str) -> None:
    assert fields_of(words) is None or fields_of(words)


def test_a_field_that_is_not_known_leaves_limits_open() -> None:
    audit = audit_licence(licence_target("deepseek-v3"), Job(field="zorbing"))
    assert audit.met == "unknown"
    assert any("zorbing" in note for note in audit.notes)


def test_the_union_has_its_members() -> None:
    assert len(EU) == 27
    assert members(("EU", "GB")) == EU | {"GB"}
    assert {"IS", "LI", "NO"} <= members(("EEA",))
    assert checked(" de ", "here") == "DE"


@pytest.mark.parametrize(("code", "fix"), [("EU", "27 members"), ("UK", "write GB"), ("XX", "ISO 3166"), ("", "ISO")])
def test_codes_that_are_none_are_told(code: str, fix: str) -> None:
    with pytest.raises(UsageError) as error:
        checked(code, "country")
    assert fix in str(error.value)


@pytest.mark.parametrize(
    ("job", "what"),
    [
        (Job(use=()), "no use"),
        (Job(modality=()), "no modality"),
        (Job(field=" "), "field of use is empty"),
        (Job(monthly_users=-1), "monthly users"),
        (Job(yearly_revenue=float("nan")), "yearly revenue"),
        (Job(yearly_revenue=float("inf")), "yearly revenue"),
        (Job(monthly_users=0, users_in=("DE",)), "no monthly users, and users in DE"),
        (Job(country="EU"), "no country's code"),
        (Job(users_in=("DE", "UK")), "no country's code"),
    ],
)
def test_jobs_that_contradict_themselves_are_refused(job: Job, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        checked_job(job)


def test_terms_of_service_that_were_read_long_ago_are_told() -> None:
    parts = Gathered((Component("service", "it", (Statement("tos-openai-api", "a test"),)),))
    assert not audit_components("it", parts, Job(), today=date(2026, 12, 1)).notes
    old = audit_components("it", parts, Job(), today=date(2027, 12, 1))
    assert "look whether they changed" in old.notes[0]


def test_how_a_licence_ends_is_told() -> None:
    audit = audit_licence(licence_target("llama-65b"), Job(commercial=False, field="research"))
    assert any("7.b" in text and "any time" in text for text in audit.ends)


def test_a_choice_of_licences_is_told() -> None:
    audit = audit_licence(licence_target("licence:GPL-3.0-only OR MIT"), Job(use=("ship_product",)))
    assert audit.verdict == "allowed if"
    assert [duty.clause.licence for duty in audit.duties if duty.clause] == ["MIT"]
    assert any("MIT serves the job best" in note for note in audit.notes)


def test_an_exception_is_left_aside_and_told() -> None:
    audit = audit_licence(licence_target("licence:Apache-2.0 WITH LLVM-exception"), Job())
    assert audit.verdict == "allowed"
    assert any("LLVM-exception" in note for note in audit.notes)


def test_duties_of_several_parts_are_told_once() -> None:
    parts = tuple(Component(role, "it", (Statement("MIT", "a test"),)) for role in ("weights", "code"))
    audit = audit_components("it", Gathered(parts), Job(use=("ship_product",)))  # type: ignore[arg-type] # roles
    assert len(audit.duties) == 2
    assert len(audit.duties_of()) == 1
    assert "1 duty is kept" in audit.statement


def test_versions_of_llama_differ_where_their_texts_do() -> None:
    def changed(a: str, b: str) -> set[tuple[str, str]]:
        found = difference(licence(a), licence(b)).changes
        return {("-" if one.second is None else "+" if one.first is None else "~", one.kind) for one in found}

    to_3_1 = difference(licence("llama-3"), licence("llama-3.1"))
    assert any(one.kind == "forbids" and one.first_clause == "1.b.v" and one.second is None for one in to_3_1.changes)
    assert any(one.second and "Built with Llama" in one.second for one in to_3_1.changes)
    to_3_2 = difference(licence("llama-3.1"), licence("llama-3.2"))
    assert [(one.kind, one.first) for one in to_3_2.changes] == [("forbids", None)]
    assert changed("llama-3.2", "llama-3.3") == set()
    assert ("+", "requires") in changed("MIT", "moonshot-modified-mit")


def test_a_licence_does_not_differ_from_itself() -> None:
    for name in ("llama-4", "bigscience-bloom-rail-1.0", "GPL-3.0-only", "tos-openai-api"):
        found = difference(licence(name), licence(name))
        assert found.changes == ()
        assert found.same >= len(licence(name).rules)


def test_a_difference_is_the_other_way_round_backwards() -> None:
    there, back = (
        difference(licence(a), licence(b)) for a, b in (("qwen", "tongyi-qianwen"), ("tongyi-qianwen", "qwen"))
    )
    assert {(one.kind, one.first, one.second) for one in there.changes} == {
        (one.kind, one.second, one.first) for one in back.changes
    }
    assert msgspec.json.encode(there)
