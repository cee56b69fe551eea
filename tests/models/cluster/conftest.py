"""One cluster for all of these tests; a folder with rules to run on it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from ray_cluster import RULES, Nodes
from weighbridge.models.cluster.address import CURRENT


@pytest.fixture(scope="package")
def nodes() -> Iterator[Nodes]:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'weighbridge[ray]'")
    before = CURRENT.read_text() if CURRENT.is_file() else None
    made = Nodes()
    yield made
    made.cluster.shutdown()
    if before is None:
        CURRENT.unlink(missing_ok=True)
    else:
        CURRENT.write_text(before)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "ray_rules.py").write_text(RULES)
    return tmp_path
