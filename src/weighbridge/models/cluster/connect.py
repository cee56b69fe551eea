"""From an address, or none, to a Ray cluster this process is connected to.

Runs in the driver's process alone: Ray prints, sets signal handlers, and ends its process when its node is lost.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from weighbridge.errors import UsageError
from weighbridge.models.cluster.address import LOCAL, find_address, host_and_port
from weighbridge.models.local.engine import usable_cores

_STORE = 80 * 1024 * 1024
"""Bytes of shared memory for a cluster of our own; answers are small and pass it by."""

_FIX = (
    "check it with `ray status` on this machine, which must be a node of the cluster (`ray start --address=...`); "
    "leave ray_address out to use a cluster that runs here, or to start one for the run"
)


def connect(given: str | None) -> Path | None:
    """Connect to the cluster that is meant; the folder to be removed afterwards where one was started here.

    Raises UsageError where there is no cluster at that address, or it runs another Ray or Python.
    """
    address = find_address(given)
    host = "127.0.0.1" if address == LOCAL else host_and_port(address)[0]
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    # Ray's words for "stay on loopback": else it puts this machine's outer address for 127.0.0.1.
    if host in ("127.0.0.1", "localhost", "::1"):
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ.pop("RAY_ADDRESS", None)
    import ray

    quiet = {"log_to_driver": False, "logging_level": "CRITICAL", "configure_logging": False}
    if address == LOCAL:
        # The names of Unix sockets are limited to 107 bytes, and Ray's own part of them is about 65.
        short = len(tempfile.gettempdir()) <= 20
        folder = Path(tempfile.mkdtemp(prefix="weighbridge-ray-", dir=None if short else "/tmp"))  # noqa: S108
        ray.init(
            address="local",
            num_cpus=usable_cores(),
            include_dashboard=False,
            object_store_memory=_STORE,
            _temp_dir=str(folder),
            **quiet,
        )
        return folder
    _reachable(address)
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        told = " ".join(str(error).split())
        if "ersion mismatch" in told:
            raise UsageError(
                f"this machine and the Ray cluster at {address} do not fit together: {told}",
                fix="install the same Python and Ray on all of its machines",
            ) from None
        raise UsageError(f"no connection to the Ray cluster at {address}: {told[:300]}", fix=_FIX) from None
    return None


def disconnect(folder: Path | None) -> None:
    """Leave the cluster, and stop it where `connect` started it."""
    import ray

    ray.shutdown()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _reachable(address: str) -> None:
    """Ray itself tries for minutes."""
    try:
        socket.create_connection(host_and_port(address), timeout=5).close()
    except OSError as error:
        raise UsageError(f"there is no Ray cluster at {address} ({error.strerror or error})", fix=_FIX) from None
