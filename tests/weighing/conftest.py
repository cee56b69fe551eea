"""Fixtures of the weighing room."""

from __future__ import annotations

import pytest

import weighbridge.stats.race as race_module

if not hasattr(race_module, "Race"):
    from weighing.horizon import HorizonRace

    race_module.Race = HorizonRace

from weighbridge.store import open_store


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "answers.db") as opened:
        yield opened
