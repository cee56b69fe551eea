"""`weighbridge onnx`: export, check, and weigh what was exported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from onnx_models import exported, source
from open_models import needs_torch

pytestmark = [pytest.mark.torch, needs_torch]


def ran(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "weighbridge", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", "WEIGHBRIDGE_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.slow
def test_exports_checks_and_replaces(tmp_path: Path) -> None:
    here = str(source("bert_classifier"))
    done = ran("onnx", "export", here, "made", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "bert (classifier), float32" in done.stdout
    assert "onnx:made" in done.stdout
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".made")]
    text = (tmp_path / "made" / "weighbridge-onnx.json").read_text()
    assert str(source("bert_classifier").parent) not in text
    again = ran("onnx", "export", here, "made", folder=tmp_path)
    assert again.returncode == 2
    assert "--replace" in again.stderr
    checked = ran("onnx", "check", "made", "--source", f"path:{here}", folder=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "beside its source, now: largest difference" in checked.stdout
    other = ran("onnx", "check", "made", "--source", str(source("bert_encoder")), folder=tmp_path)
    assert other.returncode == 2
    assert "(encoder)" in other.stderr


def test_check_tells_what_is_wrong_without_a_traceback(tmp_path: Path) -> None:
    done = ran("onnx", "check", "nowhere", folder=tmp_path)
    assert done.returncode == 2
    assert "no folder" in done.stderr
    assert "Traceback" not in done.stderr
    for wrong in ("gguf:smollm2", "./nowhere", "hf:no-such-org/no-such-model"):
        done = ran("onnx", "export", wrong, "new", folder=tmp_path)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert "fix:" in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_weighs_an_export_beside_a_rule(tmp_path: Path) -> None:
    (tmp_path / "pool").symlink_to(exported("llama"))
    rows = [{"id": str(at), "text": f"text {at}", "label": "yes" if at % 3 else "no"} for at in range(12)]
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "constant.py").write_text("def always(item):\n    return 'yes'\n")
    (tmp_path / "weighbridge.yaml").write_text(
        """
name: Exported
data: {path: items.jsonl, reference: label, input: [text], id: id}
prompt: "{{ text }}: yes or no?"
choices: ["yes", "no"]
scorer: choice
candidates:
  - {name: exported, model: "onnx:pool", max_tokens: 4}
  - {name: constant, model: "python:constant.always"}
"""
    )
    done = ran("run", folder=tmp_path)
    assert done.returncode in (0, 3, 4), done.stderr + done.stdout
    assert "exported" in done.stdout
