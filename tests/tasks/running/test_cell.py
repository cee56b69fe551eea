"""The tests see the program's names as if they were at home."""

from __future__ import annotations

import pytest

from weighbridge.errors import UsageError
from weighbridge.tasks.running import Bounds, cage, cell, run_tests, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

PROGRAM = """
import asyncio, collections, math
from decimal import Decimal
from fractions import Fraction

class Point:
    count = 0
    def __init__(self, x, y=0):
        self.x, self.y = x, y
        Point.count += 1
    def __eq__(self, other):
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)
    def __hash__(self):
        return hash((self.x, self.y))
    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)
    def __len__(self):
        return 2
    def __iter__(self):
        return iter((self.x, self.y))
    def __lt__(self, other):
        return self.x < other.x
    def __getitem__(self, at):
        return (self.x, self.y)[at]
    def __str__(self):
        return f"({self.x}, {self.y})"

class Odd(ValueError):
    pass

def kinds():
    return [None, True, 3, 2**100, -0.0, 1.5, "é\\ud800", b"x", (1,), {1: {2}}, frozenset({3}), range(3),
            Decimal("1.20"), Fraction(1, 3), complex(1, -2), bytearray(b"y"),
            collections.Counter("aab"), collections.deque([1])]
def same(value):
    return value
def fails(value):
    raise Odd(f"not {value}")
def squares():
    n = 0
    while n < 3:
        yield n * n
        n += 1
def apply(function, values):
    return [function(value) for value in values]
def sort_in_place(values):
    values.sort()
def add_key(mapping):
    mapping["new"] = 1
def sum(values):
    return 42
async def later(): return 5
def with_loop():
    return asyncio.run(later())
"""

FAITHFUL = [
    "assert kinds()[:5] == [None, True, 3, 2**100, 0.0] and str(kinds()[4]) == '-0.0'",
    "assert kinds()[5:13:1][0] == 1.5 and kinds()[6] == 'é\\ud800' and kinds()[8] == (1,) and kinds()[9] == {1: {2}}",
    "from fractions import Fraction\nassert kinds()[13] == Fraction(1, 3) and kinds()[14] == 1 - 2j",
    "assert type(kinds()[10]) is frozenset and type(kinds()[15]) is bytearray and kinds()[11] == range(3)",
    "assert kinds()[16] == {'a': 2, 'b': 1} and list(kinds()[17]) == [1]",
    "assert Point(1, 2) == Point(1, 2) and Point(1) != Point(2) and Point(1) != (1, 0)",
    "assert (Point(1, 2) + Point(3, 4)).x == 4 and len(Point(1)) == 2 and list(Point(5, 6)) == [5, 6]",
    "p = Point(1)\np.x = 9\nassert p.x == 9 and p[0] == 9 and str(p) == '(9, 0)' and p < Point(10)",
    "assert isinstance(Point(1), Point) and not isinstance(3, Point) and {Point(1), Point(1)} == {Point(1)}",
    "assert same(Point(7)).x == 7 and [q.x for q in same([Point(1), Point(2)])] == [1, 2]",
    "try:\n    fails(3)\nexcept ValueError as error:\n    assert 'not 3' in str(error)\nelse:\n    assert False",
    "assert list(squares()) == [0, 1, 4] and next(squares()) == 0",
    "assert apply(lambda value: value + 1, [1, 2]) == [2, 3] and apply(same, [5]) == [5]",
    "values = [3, 1, 2]\nsort_in_place(values)\nassert values == [1, 2, 3]",
    "held = {'old': 0}\nadd_key(held)\nassert held == {'old': 0, 'new': 1}",
    "from solution import same as imported\nassert imported(4) == 4",
    "import solution\nassert solution.same(4) == 4",
    "assert math.isclose(same(0.1) + 0.2, 0.3)",
    "assert same(1) and sum([1, 2]) == 3",
    "assert with_loop() == 5",
    "def test_one():\n    assert same(1) == 1\ndef test_two():\n    assert same(2) == 2",
    "import unittest\nclass T(unittest.TestCase):\n    def test_x(self):\n        self.assertEqual(same(1), 1)",
]


def test_the_tests_see_the_program() -> None:
    outcome = run_tests(PROGRAM, FAITHFUL)
    failed = [test for test, passed in zip(FAITHFUL, outcome.passed, strict=True) if not passed]
    assert not failed, (failed, outcome.detail)


def test_a_function_may_be_called_like_a_built_in() -> None:
    """MBPP asks for a function `sum`; where nothing else is under test it is the program's."""
    assert run_tests(PROGRAM, ["assert sum([1, 2]) == 42"]).all_passed
    hidden = "def f(x):\n    return 0\ndef set(x):\n    return 0\ndef sorted(x):\n    return 0\n"
    assert not run_tests(hidden, ["assert set(f(1)) == set([2])"]).all_passed
    module = "class math:\n    isclose = staticmethod(lambda *a, **k: True)\ndef f(x):\n    return 0\n"
    assert not run_tests(module, ["assert math.isclose(f(1), 2)"]).all_passed


def test_failing_tests_are_told_by_their_line() -> None:
    outcome = run_tests(
        "def f(x):\n    return x\n", ["assert f(1) == 1", "y = 2\nassert f(1) == y, 'wrong'", "assert f(3) == 3"]
    )
    assert outcome.passed == (True, False, True)
    assert outcome.share == pytest.approx(2 / 3)
    assert "wrong" in outcome.detail
    assert "line 2" in outcome.detail
    broken = run_tests("def f(x)\n    return x\n", ["f(1)"])
    assert "SyntaxError" in broken.detail
    assert "line 1" in broken.detail
    for tests in (
        ["def test_x():\n    assert f(1) == 2"],
        ["import unittest\nclass T(unittest.TestCase):\n    pass"],
    ):
        assert not run_tests("def f(x):\n    return x\n", tests).all_passed
    assert "no_such" in run_tests("", ["no_such()"]).detail
    assert not run_tests("x = 1\n", []).all_passed


def test_a_set_up_runs_before_the_tests() -> None:
    outcome = run_tests(
        "class Node:\n    def __init__(self, v): self.v = v\n", ["assert root.v == 3"], setup="root = Node(3)"
    )
    assert outcome.all_passed
    assert "set-up" in run_tests("", ["pass"], setup="1/0").detail


def test_the_same_code_gives_the_same_result() -> None:
    source = "import random\ndef f():\n    return [random.random(), hash('x'), sorted({'a', 'b', 'c'}, key=hash)]\n"
    seen = {run_tests(source, ["print(f())", f"assert str(f()) == {text!r}"]).passed for text in [""]}
    assert seen == {(True, False)}
    first = run_tests(source, ["assert False, str(f())"]).detail
    assert first == run_tests(source, ["assert False, str(f())"]).detail


def test_the_private_folder_can_be_written() -> None:
    source = "def f():\n    open('a.txt', 'w').write('hello')\n    return open('a.txt').read()\n"
    assert run_tests(source, ["assert f() == 'hello'"]).all_passed


def test_limits_are_those_asked_for() -> None:
    assert run_tests("held = bytearray(300 * 2**20)\n", ["pass"], bounds=Bounds(memory=600)).all_passed
    assert not run_tests("held = bytearray(300 * 2**20)\n", ["pass"], bounds=Bounds(memory=100)).all_passed
    slow = run_tests("import time\ntime.sleep(0.6)\n", ["pass"], bounds=Bounds(seconds=0.3))
    assert "time limit of 0.3 s" in slow.detail
    cpu = run_tests("def f():\n    while True: pass\n", ["f()"], bounds=Bounds(seconds=0.5))
    assert not cpu.all_passed


def test_without_a_sandbox_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value, words in (
        ("landlock_version", lambda: 0, "Landlock"),
        ("platform", type("P", (), {"machine": staticmethod(lambda: "riscv64")}), "riscv64"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(cage, name, value)
            with pytest.raises(UsageError, match=words):
                cell.Cell().run("x = 1", ["pass"])
    monkeypatch.setattr(cage.sys, "platform", "darwin")
    with pytest.raises(UsageError, match="darwin") as refused:
        cell.require()
    assert refused.value.fix
