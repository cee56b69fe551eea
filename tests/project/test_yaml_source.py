from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.project.source import dotted
from weighbridge.project.yaml_source import parse_yaml, plain, read_yaml


def fails(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse_yaml(text, "p.yaml")
    return caught.value


def test_scalars_follow_yaml_1_2() -> None:
    tree = parse_yaml("a: [yes, no, on, true, 1e-3, 12, 012, 0x1f, ~, 1.5, 2026-01-02, 12:30, '12', <3]", "p").tree
    assert tree["a"] == [*("yes", "no", "on", True, 0.001, 12, 12, 31, None, 1.5, "2026-01-02", "12:30", "12", "<3")]


def test_every_value_knows_its_line_and_column() -> None:
    source = parse_yaml("a: 1\nb:\n  - x: 2\n    y: [3, 4]\n", "p.yaml")
    assert source.where(("b", 0, "y", 1)) == "p.yaml:4:12 (b[0].y[1])"
    assert source.where(("b", 0, "y"), key=True) == "p.yaml:4:5 (b[0].y)"
    assert source.where(("b", 0, "missing")) == "p.yaml:3:5 (b[0].missing)", (
        "what is not there is shown by what encloses it"
    )
    assert source.line(("a",)) == 1
    assert source.raw[("a",)] == "1"


def test_a_key_given_twice_is_an_error_that_names_both_lines() -> None:
    error = fails("seed: 1\nname: a\nseed: 2\n")
    assert error.where == "p.yaml:3:1"
    assert "'seed'" in error.what
    assert "line 1" in error.what


@pytest.mark.parametrize(
    ("text", "line", "fix"),
    [
        ("a: b: c", 1, "quotes"),
        ("a:\n\t- b", 2, "spaces"),
        ("a: [1, 2\nb: 3", 2, "brackets"),
        ("a: 'open", 1, "quotes"),
        ("a: @home", 1, "quotes"),
        ("a: 1\n b: 2", 2, "indentation"),
        ("a: *nobody", 1, "quotes"),
        ('a: "\\q"', 1, "single quotes"),
        ("a: \x07", 1, "control"),
        ("a: 1\n---\nb: 2", 2, "line"),
    ],
)
def test_a_syntax_error_names_its_line_and_how_to_mend_it(text: str, line: int, fix: str) -> None:
    error = fails(text)
    assert error.where is not None
    assert error.where.startswith(f"p.yaml:{line}")
    assert fix in (error.fix or "")


@pytest.mark.parametrize(
    "text", ["a: !!python/object/apply:os.system [ls]", "a: !env HOME", "a: !!int '3'", "!!map {}\n"]
)
def test_tags_are_not_read(text: str) -> None:
    if text.startswith("!!map"):
        assert parse_yaml(text, "p").tree == {}, "the default tag said aloud changes nothing"
    else:
        assert "tag" in fails(text).what


def test_aliases_are_shared_but_may_not_explode() -> None:
    shared = parse_yaml("a: &p {x: 1}\nb: *p\nc: {<<: *p, y: 2}\nd: {<<: [*p, *p], x: 3}", "p").tree
    assert shared["b"] == {"x": 1}
    assert shared["c"] == {"x": 1, "y": 2}
    assert shared["d"] == {"x": 3}
    bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    assert "unfolds" in fails(bomb).what
    assert "nested" in fails("a: &a [*a]").what


def test_deep_nesting_is_an_error_of_the_file() -> None:
    assert fails("a: " + "[" * 5000).exit_code == 2


def test_what_is_not_a_mapping_is_refused() -> None:
    assert "key: value" in fails("- a\n- b").what
    assert "key: value" in fails("just text").what
    assert parse_yaml("", "p").tree == {}
    assert parse_yaml("# nothing yet\n", "p").tree == {}
    assert "word" in fails("{a: 1}: 2").what


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text("name: x")
    with pytest.raises(UsageError) as caught:
        read_yaml(tmp_path / "weighbrige.yaml")
    assert "weighbridge.yaml" in (caught.value.fix or "")
    with pytest.raises(UsageError, match="folder"):
        read_yaml(tmp_path)
    with pytest.raises(UsageError, match="no folder"):
        read_yaml(tmp_path / "nowhere" / "x.yaml")


def test_encodings(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes("﻿name: é".encode())
    assert read_yaml(path).tree == {"name": "é"}
    path.write_bytes("name: é".encode("utf-16"))
    assert read_yaml(path).tree == {"name": "é"}
    path.write_bytes("a: 1\nname: é".encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8") as caught:
        read_yaml(path)
    assert caught.value.where == f"{path}:2"


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    error = None
    try:
        parse_yaml(text, "p.yaml")
    except UsageError as caught:
        error = caught
    assert error is None or ((error.where or "").startswith("p.yaml") and error.fix)


@settings(deadline=None)
@given(st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_survive_their_own_spelling(number: float) -> None:
    assert plain(repr(number)) == number


def test_paths_read_as_a_user_would_write_them() -> None:
    assert dotted(("candidates", 0, "price", "per_hour")) == "candidates[0].price.per_hour"
    assert dotted(()) == ""
