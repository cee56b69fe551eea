from __future__ import annotations

import contextlib
import math
from collections import deque
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.tasks.running.wire import WireError, decode, encode

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.fractions()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.timedeltas(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers() | st.text())
        | st.sets(st.tuples(st.integers(), st.text()))
        | st.lists(inner).map(deque)
    ),
    max_leaves=20,
)


def refuse(value: object) -> list[object]:
    raise TypeError(type(value))


@given(plain)
def test_plain_values_come_back_as_they_were(value: object) -> None:
    back = decode(encode(value, refuse), refuse)
    assert back == value
    assert type(back) is type(value)


def test_numbers_at_the_edge() -> None:
    for value in (math.inf, -math.inf, -0.0, 5e-324, 2**5000, -(3**4000)):
        assert repr(decode(encode(value, refuse), refuse) == value) == "True"
    assert math.isnan(decode(encode(math.nan, refuse), refuse))
    assert math.copysign(1, decode(encode(-0.0, refuse), refuse)) == -1


def test_subclasses_lose_what_they_are() -> None:
    class Liar(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

        def __pos__(self) -> int:
            return 99

        def __index__(self) -> int:
            return 99

    back = decode(encode([Liar(1), {Liar(2): Liar(3)}], refuse), refuse)
    assert back == [1, {2: 3}]
    assert type(back[0]) is int

    class Text(str):
        def __str__(self) -> str:
            return "other"

    assert decode(encode(Text("mine"), refuse), refuse) == "mine"


def test_arrays_travel() -> None:
    import numpy as np

    array = np.arange(6, dtype=np.int32).reshape(2, 3)[:, ::-1]
    back = decode(encode(array, refuse), refuse)
    assert (back == array).all()
    assert back.dtype == array.dtype
    assert decode(encode(np.float64(1.5), refuse), refuse) == 1.5
    assert type(decode(encode(np.int64(3), refuse), refuse)) is int


def test_what_is_not_plain_is_kept() -> None:
    class Mine:
        pass

    assert encode([Mine(), Decimal(1), Fraction(1, 2)], lambda _: ["h", 0])[1][0] == ["h", 0]


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=4)))
def test_nonsense_is_refused_and_breaks_nothing(coded: object) -> None:
    with contextlib.suppress(WireError, TypeError, RecursionError):
        decode(coded, refuse)  # type: ignore[arg-type] # whatever a program may send


def test_nesting_is_bounded() -> None:
    value: list[object] = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(WireError, match="deep"):
        encode(value, refuse)
    coded: list[object] = ["l", []]
    for _ in range(900):
        coded = ["l", [coded]]
    with pytest.raises(WireError, match="deep"):
        decode(coded, refuse)
