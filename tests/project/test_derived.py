"""What is derived from the declaration: schema and pages are current, and the schema agrees with the loader."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.project.check import checked
from weighbridge.project.fields import fields_of, written_fields
from weighbridge.project.options import CandidateOptions, ProjectOptions
from weighbridge.project.overrides import overrides
from weighbridge.project.reference import EXAMPLE, PAGE, project_page
from weighbridge.project.schema import FILE, project_schema, schema_text
from weighbridge.project.source import Source
from weighbridge.project.yaml_source import parse_yaml

DOCS = Path(__file__).resolve().parents[2] / "docs"


VALIDATOR = jsonschema.Draft202012Validator(project_schema())


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(project_schema())
    return VALIDATOR


def test_the_published_files_are_current() -> None:
    hint = "stale: run `make docs`"
    assert (DOCS / FILE).read_text() == schema_text(), hint
    assert (DOCS / PAGE).read_text() == project_page(), hint


def test_every_option_says_what_it_is() -> None:
    silent = [
        field.name
        for cls in (ProjectOptions, CandidateOptions)
        for field in written_fields(cls)
        if not field.description
    ]
    assert silent == []
    described = [one.name for one in overrides() if not one.field.description]
    assert described == []


def test_flat_structs_do_not_share_a_key() -> None:
    names = [field.name for field in written_fields(CandidateOptions)]
    assert len(names) == len(set(names))
    assert {"temperature", "key_env", "price"} <= set(names)
    assert "sampling" not in names
    assert "sampling" in {field.name for field in fields_of(CandidateOptions)}


def test_the_example_of_the_page_is_valid(schema: jsonschema.Draft202012Validator) -> None:
    source = parse_yaml(EXAMPLE, "example")
    schema.validate(source.tree)
    options = checked(source, ProjectOptions)
    assert [candidate.name for candidate in options.candidates] == ["rules", "small-open", "closed"]
    assert options.candidates[2].options.key_env == "EXAMPLE_API_KEY"


BASE = {"data": "t.csv", "candidates": [{"model": "a:b"}, {"model": "c:d"}]}


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"data": {"path": "t.csv", "meta": "one"}}, True),
        ({"data": {"path": "t.csv", "limit": 0}}, False),
        ({"data": 3}, False),
        ({"unknown": 1}, False),
        ({"prompt": "x"}, True),
        ({"prompts": {"a": {"user": "x", "shots": {"count": 2}}}}, True),
        ({"prompts": {"a": {"usr": "x"}}}, False),
        ({"question": {"goal": "best", "epsilon": 0}}, True),
        ({"question": {"goal": "worst"}}, False),
        ({"question": {"alpha": 0.5}}, False),
        ({"question": {"reference": None}}, True),
        ({"candidates": []}, False),
        ({"candidates": [{"name": "x"}]}, False),
        ({"candidates": [{"model": "a:b", "temperature": 3}]}, False),
        ({"candidates": [{"model": "a:b", "price": {"per_hour": -1}}]}, False),
        ({"candidates": [{"model": "a:b", "stop": ["x"], "headers": {"a": "b"}}]}, True),
        ({"budget": {"calls": 1.5}}, False),
        ({"status_scores": {"refused": 1.5}}, False),
        ({"limits": {"retries": None}}, True),
        ({"seed": -1}, False),
    ],
)
def test_schema_and_loader_agree(
    schema: jsonschema.Draft202012Validator, change: dict[str, object], good: bool
) -> None:
    tree = {**BASE, **change}
    assert schema.is_valid(tree) is good
    if good:
        checked(Source("project", tree), ProjectOptions)
    else:
        with pytest.raises(UsageError):
            checked(Source("project", tree), ProjectOptions)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([field.name for field in written_fields(ProjectOptions)]),
        st.none()
        | st.booleans()
        | st.integers(-2, 3)
        | st.text(max_size=3)
        | st.lists(st.text(max_size=2), max_size=2)
        | st.dictionaries(
            st.sampled_from(["path", "user", "goal", "alpha", "money", "calls", "x"]), st.integers(0, 2)
        ),
    )
)
def test_what_the_loader_takes_the_schema_takes(tree: dict[str, object]) -> None:
    tree = {**BASE, **tree}
    # How an answer is marked and its schema are read by their own rooms.
    tree = {key: value for key, value in tree.items() if key not in ("scorer", "json_schema")}
    nothing = {key for key, value in tree.items() if value is None}
    tree = {key: value for key, value in tree.items() if key not in nothing}
    try:
        checked(Source("project", tree), ProjectOptions)
    except UsageError:
        taken = False
    else:
        taken = True
    assert not taken or VALIDATOR.is_valid(tree)


def test_scorers_are_in_the_schema_with_their_settings(schema: jsonschema.Draft202012Validator) -> None:
    assert schema.is_valid({**BASE, "scorer": "exact"})
    assert schema.is_valid({**BASE, "scorer": {"name": "numeric", "relative": 0.1}})
    assert schema.is_valid({**BASE, "scorer": "mine.py:score"})
    assert not schema.is_valid({**BASE, "scorer": {"name": "numeric", "relativ": 0.1}})
    assert not schema.is_valid({**BASE, "scorer": "numerics"})
    assert '"base"' not in json.dumps(project_schema()["properties"]["scorer"])
