from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts" / "fixtures"
SAMPLES = SCRIPTS / "openai_evals" / "registry" / "data" / "routing" / "samples.jsonl"


def test_a_promptfoo_configuration(weighbridge: Callable[..., Any], tmp_path: Path) -> None:
    done = weighbridge("import", SCRIPTS / "promptfoo" / "promptfooconfig.yaml", "--into", "made")
    assert done.code == 0, done.err
    assert "with 12 items" in done.out
    assert "not mapped: provider echo" in done.out
    checked = weighbridge("check", tmp_path / "made" / "weighbridge.yaml")
    assert checked.code == 0, checked.err
    assert "My invoice shows the wrong amount" in checked.out


def test_samples_of_an_openai_eval(weighbridge: Callable[..., Any]) -> None:
    done = weighbridge("import", SAMPLES, "--into", "made", "--class", "includes")
    assert done.code == 0, done.err
    assert "with 8 items" in done.out
    assert weighbridge("check", "made/weighbridge.yaml").code == 0
    again = weighbridge("import", SAMPLES, "--into", "made")
    assert again.code == 2
    assert "there already" in again.err


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "[1, 2]", "{", "\x00", "", "x: [", "- " * 5000])
def test_anything_else_says_what_was_looked_for(weighbridge: Callable[..., Any], tmp_path: Path, text: str) -> None:
    (tmp_path / "task.yaml").write_text(text)
    done = weighbridge("import", "task.yaml")
    assert done.code == 2
    assert "looked for" in done.err
    assert "Traceback" not in done.err


def test_a_missing_file_names_the_nearest(weighbridge: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "promptfooconfig.yaml").write_text("tests: []\n")
    done = weighbridge("import", "promtfooconfig.yaml")
    assert done.code == 2
    assert "promptfooconfig.yaml" in done.err
