"""Licences as facts: what is shipped, what the loader refuses, and a user's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.audit.licence.fields import LIMITED
from weighbridge.audit.licence.places import CODES, UNIONS
from weighbridge.catalog.licences import (
    RIGHTS,
    catalogue_of_licences,
    folded_licence,
    licence,
    licence_id,
    licences,
    parsed_licences,
)
from weighbridge.catalog.models import shipped_catalogue
from weighbridge.errors import UsageError

FACTS = """
sources:
  ours: {what: contract with Acme}
licences:
- id: acme-eula
  name: Acme EULA
  kind: source available
  source: [ours]
  confidence: A
  seen: 2026-11-01
  aliases: [acme]
  grants: {use: {given: yes, clause: "1"}, commercial: {given: "no", clause: "2"}}
  rules:
  - {effect: requires, when: [use], says: tell Acme, clause: "3"}
"""


@pytest.fixture(autouse=True)
def _only_shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WEIGHBRIDGE_FACTS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def test_every_licence_that_the_model_catalogue_names_is_there() -> None:
    named = {model.says("licence") for model in shipped_catalogue().models.values()} - {""}
    assert len(named) >= 20
    for name in named:
        assert licence_id(name) == name, name


def test_every_licence_says_something_of_every_right_that_a_job_needs() -> None:
    for one in licences().values():
        for right in ("use", "commercial", "change", "share", "host", "train"):
            assert right in one.grants, (one.id, right)
        assert set(one.grants) <= set(RIGHTS)


def test_an_unread_or_missing_grant_is_not_a_given_one() -> None:
    for one in licences().values():
        for right, grant in one.grants.items():
            if "not read" in grant.clause:
                assert grant.given in ("unknown", "if"), (one.id, right)
    found = parsed_licences(FACTS.encode(), "facts.yaml").licences["acme-eula"]
    assert found.grant("host").given == "unknown"


def test_places_and_fields_of_rules_are_known() -> None:
    for one in licences().values():
        for rule in one.rules:
            assert all(place in UNIONS or place in CODES for place in (*rule.seat_in, *rule.users_in)), one.id
            assert set(rule.fields) <= set(LIMITED), one.id


def test_texts_belong_to_one_licence_each() -> None:
    keys = [key for one in licences().values() for key in one.texts]
    assert len(keys) == len(set(keys)) >= 40


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("llama2", "llama-2"),
        ("llama3.1", "llama-3.1"),
        ("LicenseRef-scancode-llama-4-cla-2025", "llama-4"),
        ("apache-2.0", "Apache-2.0"),
        ("Apache License 2.0", "Apache-2.0"),
        ("license:gemma", "gemma-tou"),
        ("bigscience-bloom-rail-1.0", "bigscience-bloom-rail-1.0"),
        ("openrail++", "openrail-m2"),
        ("GPL-3.0-or-later", "GPL-3.0-only"),
        ("odc-by", "ODC-By-1.0"),
        ("cc-by-nc-4.0", "CC-BY-NC-4.0"),
        ("modified-mit", "moonshot-modified-mit"),
        ("other", None),
        ("", None),
        ("llama", None),
        ("cc-by", None),
    ],
)
def test_names_of_licences(name: str, expected: str | None) -> None:
    assert licence_id(name) == expected


def test_every_name_leads_to_its_licence() -> None:
    names = catalogue_of_licences().names
    for one in licences().values():
        for name in (one.id, one.name, *one.aliases, *one.texts):
            assert names[folded_licence(name)] == one.id, name


@given(st.text(max_size=60))
def test_any_text_is_a_licence_or_is_none(text: str) -> None:
    assert licence_id(text) is None or licence_id(text) in licences()


def test_an_unknown_licence_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no licence") as error:
        licence("lama-3.1")
    assert "llama" in str(error.value)


def test_a_user_s_own_licence_and_override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "facts.yaml"
    own = """- id: MIT
  name: MIT License
  kind: permissive
  source: [ours]
  confidence: A
  seen: 2026-11-01
  grants: {train: {given: "no", clause: side letter}}
"""
    path.write_text(FACTS + own)
    monkeypatch.setenv("WEIGHBRIDGE_FACTS", str(path))
    assert licence("acme").id == "acme-eula"
    mit = licence("MIT")
    assert mit.grant("train").given == "no"
    assert mit.grant("use").given == "yes"
    assert mit.rules
    assert mit.source == ("ours",)
    assert licence("llama-2").id == "llama-2"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("source: [ours]", "source: []", "no source"),
        ("source: [ours]", "source: [theirs]", "no source 'theirs'"),
        ("  source: [ours]\n", "", "source"),
        ("seen: 2026-11-01", 'seen: "2026-13-01"', "no date"),
        ("  seen: 2026-11-01\n", "", "seen"),
        ('clause: "3"', 'clause: ""', "clause is missing"),
        ('clause: "1"', 'clause: " "', "clause is missing"),
        ("when: [use]", "when: []", "needs `when`"),
        ("when: [use]", "when: [dream]", "dream"),
        ("effect: requires", "effect: allows", "allows"),
        ('given: "no"', "given: maybe", "maybe"),
        ("kind: source available", "kind: nice", "nice"),
        ("grants:", "grant:", "grant"),
    ],
)
def test_damaged_facts_are_refused(old: str, new: str, what: str) -> None:
    assert old in FACTS
    with pytest.raises(UsageError, match=what):
        parsed_licences(FACTS.replace(old, new, 1).encode(), "facts.yaml")


def test_two_of_one_id_are_refused() -> None:
    twice = FACTS + FACTS.partition("licences:\n")[2]
    with pytest.raises(UsageError, match="two licences"):
        parsed_licences(twice.encode(), "facts.yaml")


def test_a_file_that_is_no_table_is_refused() -> None:
    with pytest.raises(UsageError, match="table"):
        parsed_licences(b"- a\n- b\n", "facts.yaml")
