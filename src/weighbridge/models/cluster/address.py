"""Which Ray cluster is meant: told without Ray, so that the run's own process can tell too."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from weighbridge.errors import UsageError

LOCAL = "local"
"""No cluster is named and none runs here: one is started for the run, and stopped again."""
CURRENT = Path("/tmp/ray/ray_current_cluster")  # noqa: S108 - where `ray start` writes it
"""Holds the address of the cluster that `ray start` brought up last on this machine, even after it ended."""


def find_address(given: str | None) -> str:
    """``host:port`` of the cluster, or `LOCAL`: as given, else from RAY_ADDRESS, else the one that runs here."""
    named = given or os.environ.get("RAY_ADDRESS") or ""
    if named == LOCAL:
        return LOCAL
    if named and named != "auto":
        host_and_port(named)
        return named
    try:
        current = CURRENT.read_text().strip()
        socket.create_connection(host_and_port(current), timeout=1).close()
    except (OSError, UsageError):
        if named:
            raise UsageError("no Ray cluster runs on this machine", fix="start one: ray start --head") from None
        return LOCAL
    return current


def host_and_port(address: str) -> tuple[str, int]:
    """Raises UsageError for what is no ``host:port``."""
    if address.startswith("ray://"):
        raise UsageError(
            f"{address} is the address of a Ray client's server, through which engines cannot be watched",
            fix="run on a machine of the cluster, with the address of its head (host:6379)",
        )
    try:
        parts = urlsplit(f"//{address}")
        if parts.hostname and parts.port and not parts.path:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise UsageError(f"{address!r} is no address of a Ray cluster", fix="write host:port, for example 10.0.0.1:6379")
