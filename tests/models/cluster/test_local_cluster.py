"""Without a cluster one is started for the run: quietly, and gone afterwards, however the run ends."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from weighbridge.models.cluster.address import CURRENT

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="pip install 'weighbridge[ray]'"),
]

SCRIPT = """
import asyncio, json, sys
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Item, Message

async def main():
    options = ModelOptions(ray_address="local", replicas=2)
    model = open_model("ray:simulated:accuracy=1,latency=0.01,wait=true", options)
    assert model.prepared and model.spec.startswith("simulated:")
    ask = lambda n: model.complete(Request((Message("user", "?"),), item=Item(str(n), {}, reference="4")))
    answers = await asyncio.gather(*(ask(n) for n in range(20)))
    print(json.dumps([sorted({a.text for a in answers}), model._link.process.pid]), flush=True)
    await asyncio.sleep(float(sys.argv[1]))
    await model.close()

asyncio.run(main())
"""


def family(pid: int) -> set[int]:
    """`pid` and all processes below it."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def started(seconds: int, folder: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TMPDIR": folder, "PYTHONUNBUFFERED": "1"}
    environment.pop("RAY_ADDRESS", None)
    command = [sys.executable, "-c", SCRIPT, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def test_it_leaves_nothing_behind() -> None:
    """Two runs side by side, one of which is killed."""
    before = CURRENT.read_text() if CURRENT.is_file() else None
    # Names short enough for Unix sockets.
    with (
        tempfile.TemporaryDirectory(prefix="wb", dir="/tmp") as one,
        tempfile.TemporaryDirectory(prefix="wb", dir="/tmp") as other,
    ):
        runs = [started(1, one), started(120, other)]
        processes: set[int] = set()
        for run in runs:
            assert run.stdout is not None
            answers, driver = json.loads(run.stdout.readline())
            assert answers == ["4"]
            found = family(driver)
            assert len(found) > 3, "no cluster was started"
            processes |= found
        runs[1].send_signal(signal.SIGKILL)
        for run in runs:
            assert run.communicate(timeout=60) == (b"", b"")
        assert runs[0].returncode == 0
        ends = time.monotonic() + 30
        while any(map(alive, processes)) and time.monotonic() < ends:
            time.sleep(0.1)
        assert not [pid for pid in processes if alive(pid)]
        assert [*Path(one).iterdir(), *Path(other).iterdir()] == []
    assert (CURRENT.read_text() if CURRENT.is_file() else None) == before
