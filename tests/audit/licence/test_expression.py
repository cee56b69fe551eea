"""Licence expressions: what SPDX writes is read, and anything else is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.audit.licence.expression import Both, Either, Expression, Named, expression
from weighbridge.errors import UsageError

names = st.from_regex(r"[A-Za-z][A-Za-z0-9.+-]{0,12}", fullmatch=True).filter(
    lambda name: name not in ("AND", "OR", "WITH")
)
trees = st.recursive(
    names.map(Named),
    lambda inner: st.one_of(
        st.lists(inner.filter(lambda one: not isinstance(one, Both)), min_size=2, max_size=3).map(tuple).map(Both),
        st.lists(inner.filter(lambda one: not isinstance(one, Either)), min_size=2, max_size=3)
        .map(tuple)
        .map(Either),
    ),
    max_leaves=8,
)


def written(tree: Expression) -> str:
    if isinstance(tree, Named):
        return tree.name
    word = " AND " if isinstance(tree, Both) else " OR "
    return word.join(written(part) if isinstance(part, Named) else f"({written(part)})" for part in tree.parts)


@given(trees)
def test_what_is_written_is_read_again(tree: Expression) -> None:
    assert expression(written(tree)) == tree


def test_and_binds_before_or() -> None:
    assert expression("A OR B AND C") == Either((Named("A"), Both((Named("B"), Named("C")))))
    assert expression("Apache-2.0 WITH LLVM-exception") == Named("Apache-2.0", "LLVM-exception")
    assert expression("Apache License 2.0 OR MIT") == Either((Named("Apache License 2.0"), Named("MIT")))


@pytest.mark.parametrize(
    "text", ["", "  ", "(MIT", "MIT)", "MIT AND", "OR MIT", "MIT OR", "()", "A WITH", "A (B)", ")"]
)
def test_what_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(UsageError) as error:
        expression(text, "here")
    assert error.value.where == "here"
    assert error.value.fix


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expression(text)
    except UsageError:
        return


def test_a_page_of_text_is_no_expression() -> None:
    with pytest.raises(UsageError, match="text"):
        expression("permission is hereby granted " * 100)
