"""The page on models shows code that runs, and names every option and kind."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from weighbridge.models.options import ModelOptions
from weighbridge.models.simulated import Simulation
from weighbridge.models.specs import KINDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text()


def test_the_example_runs() -> None:
    (example,) = (code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "asyncio.run" in code)
    found = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=True)
    assert found.stdout == "4\n"


def test_everything_is_named() -> None:
    words = set(re.findall(r"[a-z_]+", PAGE))
    fields = (*ModelOptions.__struct_fields__, *Simulation.__struct_fields__)
    assert set(fields) <= words
    assert set(KINDS) <= words
