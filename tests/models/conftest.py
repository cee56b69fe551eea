"""Shared by the tests of models: requests in one line, and caches that stay in the test's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from weighbridge.models.protocol import Request, Sampling
from weighbridge.tasks.item import Item, Message


@pytest.fixture
def ask() -> Callable[..., Request]:
    def build(text: str = "hello", *, item: Item | None = None, max_tokens: int = 32, **more) -> Request:
        sampling = more.pop("sampling", Sampling(max_tokens=max_tokens))
        return Request((Message("user", text),), sampling, item=item, **more)

    return build


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WEIGHBRIDGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
