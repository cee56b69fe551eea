"""Shared by all tests: nothing may reach beyond this machine."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import hypothesis
import pytest

# A machine that is busy with something else must not fail a property by the clock.
hypothesis.settings.register_profile("patient", parent=hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("patient")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections to anything but loopback fail the test that makes them."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            try:
                local = ipaddress.ip_address(host).is_loopback
            except ValueError:
                local = host == "localhost"
            if not local:
                pytest.fail(f"a test tried to reach {host}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded results beside the checkout; tests that need it skip without it."""
    if not SHARED.is_dir():
        pytest.skip("recorded results (../shared/data) are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def shared_facts() -> Path:
    """The folder of published facts beside the checkout; tests that need it skip without it."""
    if not (SHARED.parent / "facts").is_dir():
        pytest.skip("published facts (../shared/facts) are not on this machine")
    return SHARED.parent / "facts"
