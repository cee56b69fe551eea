"""Opens vendors' models at a server of the tests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Model
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.models.specs import open_model

KEY = "sk-test-0123456789abcdef"
SETTINGS = {"resource": "res", "region": "us-east-1", "project": "proj"}
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # noqa: S105 - from the examples of AWS's documentation


def give_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment for every vendor."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_SECRET)
    monkeypatch.setenv("VERTEX_ACCESS_TOKEN", KEY)
    for vendor in VENDORS.values():
        for name in vendor.key_envs:
            if not name.startswith("AWS_"):
                monkeypatch.setenv(name, KEY)


def address(server: str, name: str) -> str:
    """The address of the vendor's own path at `server`."""
    return server + urlsplit(VENDORS[name].base_url.format(**SETTINGS)).path


def open_at(server: str, name: str, api: str | None = None, model: str | None = None, **more: Any) -> Model:
    options: dict[str, Any] = {"base_url": address(server, name), "api": api, **SETTINGS, **more}
    return open_model(f"{name}:{model or VENDORS[name].example}", ModelOptions(**options))
