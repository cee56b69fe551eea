"""Fixtures of the weighing room."""

from __future__ import annotations

import pytest

from weighbridge.store import open_store


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "answers.db") as opened:
        yield opened
