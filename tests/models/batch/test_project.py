"""What a project file may say of batches, and what is said where it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.models.remote.batch.lots import lots_of
from weighbridge.project.load import load_project

FILE = """
data: items.csv
candidates:
  - model: openai:gpt-4o-mini
    mode: batch
    batch_first: 8
  - model: {second}
    {more}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("OPENAI_API_KEY", "MISTRAL_API_KEY"):
        monkeypatch.setenv(name, "sk-planted-0123456789")
    (tmp_path / "items.csv").write_text("id,text,reference\n1,one,yes\n2,two,no\n")

    def load(second: str, more: str):
        (tmp_path / "weighbridge.yaml").write_text(FILE.format(second=second, more=more))
        return load_project(str(tmp_path / "weighbridge.yaml"), {})

    return load


def test_a_candidate_in_batches_has_the_batch_price(project):
    loaded = project("openai:gpt-4.1-mini", "mode: live")
    first, second = loaded.candidates
    lots = lots_of(first.model)
    assert lots is not None
    assert lots.first == 8
    assert first.price.batch_share == 0.5
    assert lots_of(second.model) is None


@pytest.mark.parametrize(
    ("second", "more", "words", "line"),
    [
        ("mistral:mistral-small-latest", "mode: batch", "mode: batch", 8),
        ("simulated:accuracy=0.5", "mode: batch", "mode: batch", 8),
        ("openai:gpt-4.1-mini", "mode: bach", "mode", 8),
        ("openai:gpt-4.1-mini", "batch_first: 8", "batch_first", 8),
        ("openai:gpt-4.1-mini", "batch_first: 0", "batch_first", 8),
    ],
)
def test_what_cannot_be_is_said_on_its_line(project, second, more, words, line):
    with pytest.raises(UsageError) as told:
        project(second, more)
    assert words in told.value.what
    assert f"weighbridge.yaml:{line}" in (told.value.where or "")
