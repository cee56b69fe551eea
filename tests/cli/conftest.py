from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from weighbridge.cli.main import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Weighbridge = Callable[..., Ran]


@pytest.fixture
def weighbridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Weighbridge:
    """Runs the command in a folder of its own and gives exit code, output and error output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        code = left.value.code
        return Ran(code if isinstance(code, int) else 1, captured.out, captured.err)

    return run


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    """240 routing messages whose team a simple rule mostly finds."""
    teams = {"billing": "invoice", "technical": "crash", "shipping": "parcel", "account": "password"}
    rows = ["id,message,team,customer"]
    for number in range(240):
        team = list(teams)[number * 7 % 4]
        word = teams[team] if number % 5 else "hello"
        rows.append(f"t{number},message {number} about {word},{team},c{number % 60}")
    path = tmp_path / "tickets.csv"
    path.write_text("\n".join(rows) + "\n")
    return path
