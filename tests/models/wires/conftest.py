"""Keys that are no secret, for every vendor; and a request in one line."""

from __future__ import annotations

import pytest

from weighbridge.models.remote.wires.vendors import VENDORS

KEY = "-".join(("wb", "planted", "0123456789abcdef"))


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> str:
    """Each vendor's first environment variable holds `KEY`."""
    for vendor in VENDORS.values():
        for name in vendor.key_envs[:1]:
            monkeypatch.setenv(name, KEY)
    return KEY
