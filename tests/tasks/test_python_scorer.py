"""A user's own function scores; its mistakes are told with function, item and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Score, Status
from weighbridge.tasks import Item, scorer_named

ITEM = Item("i7", {"text": "a"}, "x", line=3)

SOURCE = """
import dataclasses

from weighbridge.evidence import Score, Status

@dataclasses.dataclass
class Weights:
    half: float = 0.5

class Own:
    @staticmethod
    def method(item, completion):
        return completion.text == item.reference

def number(item, completion):
    return Weights().half

def truth(item, completion):
    return completion.text == item.reference

def full(item, completion, *, least=1):
    if len(completion.text) < least:
        return Score(0.0, Status.UNPARSABLE, detail="too short")
    return Score(0.25, extracted=completion.text)

def too_much(item, completion):
    return 1.5

def nan(item, completion):
    return float("nan")

def nothing(item, completion):
    return None

def fails(item, completion):
    return item.fields["nope"]

def narrow(item):
    return 1

async def later(item, completion):
    return 1

LIMIT = 3
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "marks.py").write_text(SOURCE)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "deep.py").write_text("from .other import one as score\n")
    (tmp_path / "pkg" / "other.py").write_text("def one(item, completion):\n    return 1\n")
    return tmp_path


def score(project: Path, function: str, answer: str = "x", **arguments) -> Score:
    marker, _ = scorer_named("python", {"function": function, "arguments": arguments}, base=project)
    return marker(ITEM, Completion(answer))


@pytest.mark.parametrize(
    ("function", "value"),
    [
        ("marks:number", 0.5),
        ("marks.number", 0.5),
        ("marks.py:number", 0.5),
        ("marks:truth", 1.0),
        ("marks:Own.method", 1.0),
        ("marks:full", 0.25),
        ("pkg.deep:score", 1.0),
        ("pkg.deep.score", 1.0),
    ],
)
def test_functions(project: Path, function: str, value: float) -> None:
    assert score(project, function).value == value


def test_a_path_is_a_name(project: Path) -> None:
    marker, key = scorer_named("marks:truth", base=project)
    assert marker(ITEM, Completion("<think>y</think>x")).value == 1.0
    assert key.startswith('python@1 {"function": "marks:truth"}')


def test_arguments_and_statuses(project: Path) -> None:
    got = score(project, "marks:full", "x", least=3)
    assert (got.status, got.detail) == (Status.UNPARSABLE, "too short")


def test_numpy_numbers_count(project: Path) -> None:
    (project / "arrays.py").write_text(
        "import numpy as np\ndef f(item, completion):\n    return np.float32(0.5)\n"
        "def g(item, completion):\n    return np.bool_(True)\n"
    )
    assert (score(project, "arrays:f").value, score(project, "arrays:g").value) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("function", "what"),
    [
        ("marks:too_much", r"'marks:too_much' gave 1.5 for item 'i7', which is outside \[0, 1\]"),
        ("marks:nan", "'marks:nan' gave nan for item 'i7'"),
        ("marks:nothing", "'marks:nothing' returned NoneType for item 'i7'"),
        ("marks:fails", "'marks:fails' failed on item 'i7': KeyError: 'nope'"),
        ("marks:narrow", "cannot be called as"),
        ("marks:later", "is async"),
        ("marks:nuber", "did you mean 'number'"),
        ("marks:LIMIT", "is no function but int"),
        ("mark:number", "did you mean 'marks'"),
        ("mark.py:number", r"did you mean 'marks\.py'"),
        ("number", "names no function"),
        (":number", "names no function"),
        ("broken:f", "SyntaxError"),
        ("raises:f", "RuntimeError: no"),
        ("lacks:f", "ModuleNotFoundError: No module named 'not_there_at_all'"),
    ],
)
def test_mistakes(project: Path, function: str, what: str) -> None:
    (project / "broken.py").write_text("def f(:\n")
    (project / "raises.py").write_text("raise RuntimeError('no')\n")
    (project / "lacks.py").write_text("import not_there_at_all\n")
    with pytest.raises(UsageError, match=what):
        score(project, function)


def test_a_failure_names_the_users_line(project: Path) -> None:
    with pytest.raises(UsageError) as caught:
        score(project, "marks:fails")
    line = SOURCE.splitlines().index('    return item.fields["nope"]') + 1
    assert caught.value.where == f"{project / 'marks.py'}:{line}"


def test_a_changed_function_has_another_key(project: Path) -> None:
    before = scorer_named("marks.py:number", base=project)[1]
    assert scorer_named("marks.py:number", base=project)[1] == before
    (project / "marks.py").write_text(SOURCE.replace("0.5", "0.6"))
    marker, after = scorer_named("marks.py:number", base=project)
    assert after != before
    assert marker(ITEM, Completion("x")).value == 0.6


def test_two_projects_with_modules_of_one_name(tmp_path: Path) -> None:
    for name, value in (("one", 0.25), ("two", 0.75)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same_name.py").write_text(f"def f(item, completion):\n    return {value}\n")
    assert score(tmp_path / "one", "same_name:f").value == 0.25
    assert score(tmp_path / "two", "same_name:f").value == 0.75
