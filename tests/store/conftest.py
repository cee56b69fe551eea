"""Answers to put into stores."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from weighbridge.evidence import Completion, Usage
from weighbridge.store import Answer, Key, Source

SOURCE = Source("small", "http://127.0.0.1:1/v1#small", task="routing", revision="r1", engine="vllm 1")


def make_answer(number: int, *, source: Source = SOURCE, text: str | None = None, size: int = 100) -> Answer:
    """Answer `number`: its key, text and figures follow from the number."""
    body = f"answer {number} ".ljust(size, "x") if text is None else text
    return Answer(
        Key(hashlib.sha256(f"{source.candidate}/{number}".encode()).digest()),
        Completion(body, usage=Usage(10 + number % 7, 3, duration=0.25, first_token=0.1), request_id=f"id-{number}"),
        source,
        f"item-{number}",
        cost=0.001 * (number % 5),
    )


@pytest.fixture
def answer() -> Callable[..., Answer]:
    return make_answer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"
