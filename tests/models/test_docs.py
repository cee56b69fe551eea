"""The page on models shows code that runs, and names every option and kind."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from weighbridge.models.options import ModelOptions
from weighbridge.models.remote.wires.table import pages
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.models.simulated import Simulation
from weighbridge.models.specs import KINDS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "models.md").read_text()


def test_the_example_runs() -> None:
    (example,) = (code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "asyncio.run" in code)
    found = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=True)
    assert found.stdout == "4\n"


def test_everything_is_named() -> None:
    words = set(re.findall(r"[a-z_]+", PAGE))
    fields = (*ModelOptions.__struct_fields__, *Simulation.__struct_fields__)
    assert set(fields) <= words
    assert {name for name in KINDS if name not in VENDORS} <= words


def test_every_vendor_is_in_the_table_with_what_it_can() -> None:
    for name, text in pages().items():
        assert (DOCS / name).read_text() == text, f"make docs writes {name}"
    for vendor in VENDORS.values():
        page = (DOCS / "vendors" / f"{vendor.name}.md").read_text()
        assert f"{vendor.name}:" in page
        assert all(name in page for name in vendor.key_envs)


def test_the_table_marks_the_vendors_whose_batches_are_spoken() -> None:
    rows = [line for line in pages()["vendors/README.md"].splitlines() if line.startswith("| [")]
    marked = {row.split("`")[1].split(":")[0] for row in rows if row.rsplit("|", 2)[1].strip() == "yes"}
    assert marked == {"openai", "anthropic", "google"}
