"""The house: each package imports only from the floors below it, and files stay readable."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "weighbridge"

FLOORS = [
    *("errors", "stats", "evidence", "catalog", "tasks", "models", "store", "logs", "weighing", "drifting", "judge"),
    *("rate", "sizing", "audit", "decide", "variants", "suites", "adapt", "bridge", "gateway", "project", "report"),
    *("api", "cli"),
]

FILES = sorted(SOURCE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The weighbridge rooms a file imports, wherever in the file it does so."""
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
            if node.module == "weighbridge":
                names = [f"weighbridge.{alias.name}" for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("weighbridge.")}
    return {room for room in rooms if room in FLOORS or (SOURCE / room).is_dir()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down(path: Path) -> None:
    parts = path.relative_to(SOURCE).parts
    room = parts[0].removesuffix(".py")
    if room in ("__init__", "__main__"):
        return
    assert room in FLOORS, f"{room} stands on no floor"
    above = {other for other in imported(path) if FLOORS.index(other) > FLOORS.index(room)}
    assert not above, f"{room} imports from above: {above}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_are_one_idea(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 350
    assert path.name not in ("utils.py", "helpers.py")


def test_tests_call_commands_through_the_program() -> None:
    # A command that is called by itself keeps click's own --help for the rest of the process, without -h.
    tests = Path(__file__).resolve().parent
    called = re.compile(r"CliRunner\(\)\.invoke\(\s*(\w+)")
    found = {
        f"{path.relative_to(tests)}: {name}"
        for path in tests.rglob("test_*.py")
        for name in called.findall(path.read_text(encoding="utf-8"))
        if name != "cli"
    }
    assert not found
