"""HumanEval's and MBPP's own solutions pass, broken ones fail; programs are found in whatever a model writes."""

from __future__ import annotations

import ast
import gzip
import json
from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish, Status
from weighbridge.tasks import Item
from weighbridge.tasks.marking import Marker
from weighbridge.tasks.running import why_not
from weighbridge.tasks.running.extract import program_of
from weighbridge.tasks.scorers import scorer_named

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def scorer(**settings: object) -> Marker:
    return scorer_named("code", settings)[0]


def rows(path: Path) -> list[dict[str, object]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Wrong(ast.NodeTransformer):
    """Every function returns its result within a tuple that nobody expects."""

    def visit_Return(self, node: ast.Return) -> ast.Return:
        value = node.value or ast.Constant(None)
        return ast.Return(ast.Tuple([value, ast.Constant("wrong")], ast.Load()))


def mutated(code: str) -> str:
    return ast.unparse(ast.fix_missing_locations(Wrong().visit(ast.parse(code))))


@pytest.mark.slow
def test_humaneval_solutions_pass_and_mutants_fail(shared_data: Path) -> None:
    mark = scorer(tests="test", prefix="prompt", entry_point="entry_point", call="check({entry_point})")
    survivors = []
    for row in rows(shared_data / "humaneval" / "HumanEval.jsonl.gz"):
        item = Item(str(row["task_id"]), row)
        mark.check([item])
        solution, prompt = str(row["canonical_solution"]), str(row["prompt"])
        for answer in (
            solution,
            f"Sure!\n\n```python\n{prompt}{solution}```\nThis works because ...",
            solution.strip(),
        ):
            score = mark(item, Completion(answer))
            assert score.value == 1, (item.id, score.detail, answer[:60])
        if mark(item, Completion(mutated(prompt + solution))).value:
            survivors.append(item.id)
    # A test that asks only whether the result is true cannot tell.
    assert len(survivors) <= 2, survivors


@pytest.mark.slow
def test_mbpp_solutions_pass_and_mutants_fail(shared_data: Path) -> None:
    mark = scorer(tests="test_list", setup="test_setup_code")
    survivors = []
    sample = rows(shared_data / "mbpp" / "mbpp.jsonl.gz")[::8]
    for row in sample:
        item = Item(str(row["task_id"]), row)
        mark.check([item])
        score = mark(item, Completion(str(row["code"])))
        assert score.value == 1, (item.id, score.detail)
        if mark(item, Completion(mutated(str(row["code"])))).value:
            survivors.append(item.id)
    assert len(survivors) <= 2, survivors


ADD = {"tests": ["assert add(1, 2) == 3", "assert add(0, 0) == 0", "assert add(-1, 1) == 1"]}

FORMS = {
    "bare": "def add(a, b):\n    return a + b",
    "fenced": "```python\ndef add(a, b):\n    return a + b\n```",
    "no language": "```\ndef add(a, b):\n    return a + b\n```",
    "prose around": "Here it is:\n\ndef add(a, b):\n    return a + b\n\nIt adds.",
    "example block behind": "```python\ndef add(a, b):\n    return a + b\n```\nUse it:\n"
    "```python\nprint(add(1, 2))\n```",
    "shell block before": "```bash\npip install nothing-much-to-see-here-and-a-long-line\n```\n"
    "```python\ndef add(a, b):\n    return a + b\n```",
    "indented fence": "1. Do this:\n   ```python\n   def add(a, b):\n       return a + b\n   ```",
    "never closed": "```python\ndef add(a, b):\n    return a + b\n",
    "lambda": "add = lambda a, b: a + b",
    "class above": "class X:\n    pass\n\ndef add(a, b):\n    return a + b",
    "corrected": "```python\ndef add(a, b):\n    return a - b\n```\nNo, wrong:\n"
    "```python\ndef add(a, b):\n    return a + b\n```",
    "windows": "def add(a, b):\r\n    return a + b\r\n",
    "reasoning": "<think>def add(a, b): return 0</think>def add(a, b):\n    return a + b",
}


@pytest.mark.parametrize("form", FORMS)
def test_programs_are_found(form: str) -> None:
    item = Item("1", ADD)
    score = scorer(tests="tests", score="share")(item, Completion(FORMS[form]))
    assert score.value == pytest.approx(2 / 3), (score.detail, score.extracted)
    assert "2 of 3 tests passed" in (score.detail or "")


def test_an_answer_that_continues_a_prefix() -> None:
    prefix = "import math\n\ndef helper(x):\n    return x\n\ndef area(r):\n    '''Area.'''\n"
    names = {"area"}
    for answer in ("    return math.pi * r", "return math.pi * r", "x = 1\n    return math.pi * r\n\nprint(3)"):
        program = program_of(answer, prefix=prefix, names=names)
        assert program is not None
        space: dict[str, object] = {}
        exec(program, space)  # noqa: S102 - written above
        assert space["area"](1) == pytest.approx(3.14159, abs=1e-3)  # type: ignore[operator] # a function
        assert "print" not in program
    whole = program_of("```python\ndef area(r):\n    return helper(r)\n```", prefix=prefix, names=names)
    assert whole is not None
    assert whole.count("def area") == 1
    assert "import math" in whole
    assert program_of("   \n", prefix=prefix) is None


def test_outcomes_that_are_no_program() -> None:
    mark = scorer(tests="tests")
    item = Item("1", ADD)
    assert mark(item, Completion("")).status is Status.UNPARSABLE
    assert mark(item, Completion("I'm sorry, but I can't help with that.")).status is Status.REFUSED
    cut = mark(item, Completion("def add(a, b):\n    return a +", Finish.LENGTH))
    assert cut.status is Status.TRUNCATED
    wrong = mark(item, Completion("def add(a, b):\n    return a"))
    assert wrong.status is Status.OK
    assert wrong.value == 0


def test_items_that_cannot_be_scored_are_told() -> None:
    good = Item("1", {"tests": "assert f(1)", "name": "f"})
    scorer(tests="tests", entry_point="name").check([good])
    for settings, fields, words in (
        ({"tests": "tests"}, {"tests": ""}, "no tests"),
        ({"tests": "tests"}, {"tests": "assert f(1"}, "not Python"),
        ({"tests": "other"}, {"tests": "x"}, "no column 'other'"),
        ({"tests": "tests", "entry_point": "name"}, {"tests": "x", "name": "a b"}, "names no function"),
    ):
        with pytest.raises(UsageError, match=words):
            scorer(**settings).check([Item("1", fields, None, line=3)])


def test_tests_may_be_the_reference() -> None:
    mark = scorer()
    assert mark.needs_reference
    item = Item("1", {"task": "add"}, ["assert add(1, 2) == 3"])
    assert mark(item, Completion("def add(a, b): return a + b")).value == 1
