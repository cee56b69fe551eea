"""Who a candidate is: its catalogue entry, where it runs, and under which policy."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.decide.subjects import column

from weighbridge.decide.subject import subject_of
from weighbridge.errors import UsageError
from weighbridge.evidence import Side


@pytest.mark.parametrize(
    ("spec", "side", "entry", "policy", "hosting"),
    [
        ("openai:gpt-4.1", "closed", "gpt-4.1", "openai_api", "vendor"),
        ("anyllm:openai/gpt-4.1", "closed", "gpt-4.1", "openai_api", "vendor"),
        ("https://api.openai.com/v1#gpt-4.1", "closed", "gpt-4.1", "openai_api", "vendor"),
        ("http://127.0.0.1:8000/v1#llama-3.1-8b", "open", "llama-3.1-8b", "self_hosted", "own"),
        ("ray:hf:meta-llama/Llama-3.1-8B@main", "open", "llama-3.1-8b", "self_hosted", "own"),
        ("openrouter:llama-3.1-8b", "open", "llama-3.1-8b", None, "vendor"),
        ("https://models.example.com/v1#llama-3.1-8b", "open", "llama-3.1-8b", None, "unknown"),
        ("recorded:answers.jsonl#gpt-4.1", "closed", "gpt-4.1", "openai_api", "vendor"),
        ("recorded:answers.jsonl#llama-3.1-8b", "open", "llama-3.1-8b", "self_hosted", "own"),
        ("stored", "open", None, None, "unknown"),
        ("stored", "closed", None, None, "vendor"),
        ("python:rules.route", "rule", None, "self_hosted", "own"),
    ],
)
def test_found_from_the_spec(spec: str, side: Side, entry: str | None, policy: str | None, hosting: str) -> None:
    found = subject_of(column(side, spec))
    assert (found.entry.id if found.entry else None) == entry
    assert (found.policy.id if found.policy else None) == policy
    assert found.hosting == hosting


def test_what_is_stated_counts() -> None:
    found = subject_of(column("open", "http://127.0.0.1:1/v1#tuned", facts="llama-3.1-8b", policy="openai_api"))
    assert found.entry is not None
    assert found.entry.id == "llama-3.1-8b"
    assert (found.hosting, found.vendor) == ("vendor", "openai")
    assert subject_of(column("open", "stored", facts="none")).target is None


def test_a_folder_of_weights_is_a_target(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    found = subject_of(column("open", f"path:{tmp_path / 'mine'}"))
    assert found.target is not None
    assert found.target.path == tmp_path / "mine"
    assert found.hosting == "own"


def test_names_that_are_not_there_name_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"lama-3\.1-8b"):
        subject_of(column(facts="lama-3.1-8b"))
    with pytest.raises(UsageError) as caught:
        subject_of(column(policy="openai_apy"))
    assert "openai_api" in (caught.value.fix or "")
