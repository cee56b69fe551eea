from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta

from weighbridge.errors import UsageError
from weighbridge.project.check import checked
from weighbridge.project.fields import attribute_docs, fields_of, written_fields
from weighbridge.project.source import Source
from weighbridge.project.yaml_source import parse_yaml


class Inner(msgspec.Struct, frozen=True):
    """Inner."""

    width: Annotated[float, Meta(gt=0, le=2)] = 1.0
    """How wide
    it is, in ``metres``."""
    seed: int | None = None


@dataclass(frozen=True)
class Plain:
    depth: Annotated[int, Meta(ge=1, description="How deep.")] = 3


class Outer(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """Its name."""
    kind: Literal["round", "square"] = "round"
    tags: tuple[str, ...] = ()
    inner: Inner = Inner()
    beside: Annotated[Inner, Meta(extra={"flat": True})] = Inner()
    plain: Plain = Plain()
    either: str | Inner = "x"
    many: tuple[Inner, ...] = ()
    named: dict[str, Annotated[float, Meta(ge=0)]] = {}
    yes: bool = False


def read(text: str) -> Outer:
    return checked(parse_yaml(text, "p.yaml"), Outer)


def fails(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(text)
    return caught.value


def test_values_become_structs() -> None:
    found = read(
        "name: 1.10\nkind: square\ntags: [no, 007]\ninner: {width: 2}\nwidth: 0.5\nseed: 4\nplain: {depth: 2}\n"
        "either: {width: 1}\nmany: [{}, {seed: 1}]\nnamed: {a: 1}\nyes: true"
    )
    assert found == Outer(
        name="1.10",
        kind="square",
        tags=("no", "007"),
        inner=Inner(width=2.0),
        beside=Inner(width=0.5, seed=4),
        plain=Plain(depth=2),
        either=Inner(width=1.0),
        many=(Inner(), Inner(seed=1)),
        named={"a": 1.0},
        yes=True,
    )


def test_one_text_is_a_list_of_one() -> None:
    assert read("name: a\ntags: 5").tags == ("5",)


@pytest.mark.parametrize(
    ("text", "place", "what", "fix"),
    [
        ("name: a\nknd: round", "p.yaml:2:1 (knd)", "unknown key 'knd'", "'kind'"),
        ("name: a\ninner:\n  widht: 1", "p.yaml:3:3 (inner.widht)", "unknown key 'widht' under 'inner'", "'width'"),
        ("name: a\ninner:\n  width: wide", "p.yaml:3:10 (inner.width)", "must be a number, and is 'wide'", "metres"),
        ("name: a\ninner:\n  width: 0", "p.yaml:3:10 (inner.width)", "must be more than 0", "How wide it is"),
        ("name: a\nmany:\n- {}\n- width: 3", "p.yaml:4:10 (many[1].width)", "must be at most 2", ""),
        ("name: a\nkind: rund", "p.yaml:2:7 (kind)", "kind cannot be 'rund'", "'round'"),
        ("name: a\nyes: yes", "p.yaml:2:6 (yes)", "must be true or false, and is 'yes'", ""),
        ("name: a\nseed: 1.5", "p.yaml:2:7 (seed)", "must be a whole number, and is 1.5", ""),
        ("name: a\nseed: true", "p.yaml:2:7 (seed)", "must be a whole number, and is true", ""),
        ("name: a\nmany: 3", "p.yaml:2:7 (many)", "must be a list of mappings", ""),
        ("name: a\nplain: {depth: 0}", "p.yaml:2:16 (plain.depth)", "must be at least 1", "How deep"),
        ("name: a\nnamed: {x: -1}", "p.yaml:2:12 (named.x)", "must be at least 0", ""),
        ("name: [a]", "p.yaml:1:7 (name)", "must be text, and is a list", "Its name"),
        ("kind: round", "p.yaml:1:1", "'name' is missing", "Its name"),
        ("name:\nkind: round", "p.yaml:1:1", "'name' is missing", ""),
        ("name: a\nwidth: .inf", "p.yaml:2:8 (width)", "finite", ""),
        ("name: a\neither: [1]", "p.yaml:2:9 (either)", "text or a mapping", ""),
    ],
)
def test_each_mistake_names_its_line_and_the_way_out(text: str, place: str, what: str, fix: str) -> None:
    error = fails(text)
    assert error.where == place
    assert what in error.what
    assert fix in (error.fix or "")


def test_a_project_from_python_names_its_path_instead_of_a_line() -> None:
    with pytest.raises(UsageError) as caught:
        checked(Source("project", {"name": "a", "inner": {"width": "x"}}), Outer)
    assert caught.value.where == "project: inner.width"
    with pytest.raises(UsageError, match="must be text"):
        checked(Source("project", {"name": 3}), Outer)


def test_an_override_is_checked_like_the_file_and_named_as_what_it_is() -> None:
    source = parse_yaml("name: a\ninner: {seed: 1}", "p.yaml").override({("inner", "width"): (5, "option --width")})
    with pytest.raises(UsageError) as caught:
        checked(source, Outer)
    assert caught.value.where == "option --width"
    mended = source.override({("inner", "width"): (2, "option --width"), ("tags",): (["b"], "option --tags")})
    assert checked(mended, Outer).inner == Inner(width=2.0, seed=1)
    assert checked(mended, Outer).tags == ("b",)


def test_descriptions_come_from_docstrings_and_meta() -> None:
    described = {field.name: field.description for field in written_fields(Inner)}
    assert described["width"] == "How wide it is, in `metres`."
    assert fields_of(Plain)[0].description == "How deep."
    assert attribute_docs(Outer)["name"] == "Its name."
    assert [field.name for field in written_fields(Outer)].count("width") == 1, "flat fields stand among the others"


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["name", "kind", "inner", "width", "many", "either", "tags"]), inner)
        ),
    )
)
def test_any_tree_is_read_or_refused(tree: object) -> None:
    source = Source("project", tree if isinstance(tree, dict) else {"name": tree})
    error = None
    try:
        checked(source, Outer)
    except UsageError as caught:
        error = caught
    assert error is None or (error.where and error.what)
