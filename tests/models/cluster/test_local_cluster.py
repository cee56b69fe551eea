"""Without a cluster one is started for the run: quietly, and gone afterwards, however the run ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from weighbridge.models.cluster.address import CURRENT

pytest.importorskip("ray")
pytestmark = [pytest.mark.ray, pytest.mark.slow]

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


@pytest.fixture
def short() -> Iterator[Path]:
    """A temporary folder with a name short enough for Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="wb", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.parametrize("killed", [False, True])
def test_it_leaves_nothing_behind(killed: bool, short: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(short), "PYTHONUNBUFFERED": "1"}
    environment.pop("RAY_ADDRESS", None)
    before = CURRENT.read_text() if CURRENT.is_file() else None
    run = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "120" if killed else "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert run.stdout is not None
    answers, driver = json.loads(run.stdout.readline())
    assert answers == ["4"]
    started = family(driver)
    assert len(started) > 3, "no cluster was started"
    if killed:
        run.send_signal(signal.SIGKILL)
    out, noise = run.communicate(timeout=60)
    assert (out, noise) == (b"", b"")
    ends = time.monotonic() + 30
    while any(map(alive, started)) and time.monotonic() < ends:
        time.sleep(0.1)
    assert not [pid for pid in started if alive(pid)]
    assert list(short.iterdir()) == []
    assert (CURRENT.read_text() if CURRENT.is_file() else None) == before
