"""The Model Openness Framework: its rules, its tool's own expected results, and the class as an interval."""

from __future__ import annotations

import gzip
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.audit.openness.components import CLASSES, FRAMEWORK, required
from weighbridge.audit.openness.mof import at_least, progress
from weighbridge.audit.openness.mof_file import declared, read_model_file
from weighbridge.audit.openness.terms import framework_counts, terms_of

NUMBERS = {None: 0, "III": 3, "II": 2, "I": 1}
IDS = [component.id for component in FRAMEWORK]


def test_classes_ask_for_6_10_and_14_parts() -> None:
    assert [len(required(mof)) for mof in CLASSES] == [6, 10, 14]


def test_a_class_needs_the_ones_below_it() -> None:
    without_card = set(required("I")) - {"data_card"}
    found = progress(without_card)
    assert found.mof is None
    assert found.missing["III"] == ("data_card",)
    assert found.percent == {"III": pytest.approx(500 / 6), "II": 0.0, "I": 0.0}


def test_a_paper_stands_in_for_the_report() -> None:
    assert progress(set(required("III")) - {"report"}).mof is None
    assert progress((set(required("III")) - {"report"}) | {"paper"}).mof == "III"
    assert progress(set(required("I")) - {"report"}).mof == "I"


@given(st.sets(st.sampled_from(IDS)), st.sampled_from(IDS))
def test_one_part_more_never_lowers_the_class(counting: set[str], more: str) -> None:
    before, after = progress(counting), progress(counting | {more})
    assert at_least(after.mof, before.mof)
    assert after.percent["III"] >= before.percent["III"] - 1e-9


def test_licence_of_the_part_before_that_of_its_kind_before_that_of_the_whole() -> None:
    release = {
        "name": "x",
        "license": {"distribution": {"name": "MIT"}, "data": {"name": "Proprietary"}},
        "components": [
            {"name": "Model architecture"},
            {"name": "Model parameters (Final)"},
            {"name": "Model card", "license": "unlicensed"},
            {"name": "Data card", "license": "CC-BY-4.0"},
            {"name": "No such component"},
        ],
    }
    found = declared(read_model_file({"release": release}))
    assert set(required("III")) - set(found.missing["III"]) == {"architecture", "data_card"}


def test_the_tool_counts_exact_ids_alone() -> None:
    assert framework_counts("Apache-2.0")
    assert not framework_counts("Apache 2.0")
    assert not framework_counts("apache-2.0")
    assert terms_of("Apache 2.0").standing == terms_of("apache-2.0").standing == "open"


def test_every_expected_result_of_the_frameworks_tool(shared_data) -> None:
    content = gzip.decompress((shared_data / "model_openness_framework" / "expected_results.json.gz").read_bytes())
    fixtures = json.loads(content)
    assert len(fixtures) >= 20
    for fixture in fixtures:
        found, expected = declared(read_model_file(fixture)), fixture["classification"]
        assert NUMBERS[found.mof] == expected["class"], fixture["release"]["name"]
        got = {str(NUMBERS[mof]): found.percent[mof] for mof in CLASSES}
        assert got == pytest.approx({key: float(value) for key, value in expected["progress"].items()})


def test_licences_count_as_the_frameworks_tests_say(shared_data) -> None:
    lists = json.loads(
        gzip.decompress((shared_data / "model_openness_framework" / "licence_ids.json.gz").read_bytes())
    )
    assert [one for one in lists["valid-licenses"] + lists["valid-mof-licenses"] if not framework_counts(one)] == []
    assert [one for one in lists["invalid-licenses"] if framework_counts(one)] == []


def test_grades_of_all_listed_models(shared_data, shared_facts) -> None:
    text = gzip.decompress((shared_data / "model_openness_framework" / "models.yaml.gz").read_bytes()).decode()
    grades = {
        row["mot_entry"]: row for row in json.loads((shared_facts / "openness_grades.json").read_text())["mot_grades"]
    }
    checked = 0
    for part in text.split("# file: ")[1:]:
        entry = part.partition("\n")[0].removesuffix(".yml").strip()
        found = declared(read_model_file(yaml.safe_load(part.partition("\n")[2].removesuffix("---\n"))))
        expected = grades[entry]
        assert (NUMBERS[found.mof] or None) == expected["class"], entry
        assert {mof: round(found.percent[mof]) for mof in CLASSES} == {mof: expected[mof] for mof in CLASSES}, entry
        checked += 1
    assert checked == len(grades) == 273
