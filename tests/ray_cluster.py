"""A real Ray cluster on this machine: a head that does no work, and nodes that come and go."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request, Sampling
from weighbridge.tasks.item import Item, Message

RULES = '''
import asyncio, os, time

async def answer(item):
    """Says what it does in a file, so that a test can count."""
    log = os.open(item.fields["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"begun {item.id} {os.getpid()}\\\\n".encode())
    await asyncio.sleep(item.fields.get("wait", 0.05))
    while os.path.exists(f"{item.fields['log']}.hold-{os.getpid()}"):
        await asyncio.sleep(0.05)
    os.write(log, f"ended {item.id} {os.getpid()}\\\\n".encode())
    os.close(log)
    return "yes" if int(item.id) % 10 < item.fields.get("right", 9) else "no"

def process(item):
    return f"{os.getpid()} {os.environ.get('CUDA_VISIBLE_DEVICES')}"

def fatal(item):
    if item.id == "poison":
        os._exit(1)
    return "fine"
'''.replace("\\\\n", "\\n")


class Nodes:
    """The cluster. `add` and `remove` change it; removing is SIGKILL to all of the node's processes."""

    def __init__(self) -> None:
        # Loopback, as the driver's process has it too; the second is for a Ray that was imported before.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        from ray._private import ray_constants

        ray_constants.ENABLE_RAY_CLUSTER = False
        from ray.cluster_utils import Cluster

        self._settings = {"object_store_memory": 80 * 1024 * 1024, "include_dashboard": False}
        # A head that notices within a second that a node is gone.
        quick = {f"health_check_{name}": 300 for name in ("period_ms", "timeout_ms", "initial_delay_ms")}
        quick["health_check_failure_threshold"] = 3
        head = {"num_cpus": 0, "_system_config": quick, **self._settings}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address = self.cluster.address
        assert self.address.startswith("127.0.0.1:")
        self.nodes: list[Any] = []

    def add(self, count: int = 1, **settings: float) -> None:
        for _ in range(count):
            self.nodes.append(self.cluster.add_node(**{"num_cpus": 1, **self._settings, **settings}))

    def remove(self, node: Any = None) -> None:
        node = node or self.nodes[0]
        self.nodes.remove(node)
        self.cluster.remove_node(node, allow_graceful=False)

    def have(self, count: int) -> None:
        """Exactly so many plain nodes."""
        for node in self.nodes[count:]:
            self.remove(node)
        self.add(count - len(self.nodes))

    def engines(self, node: Any = None) -> list[int]:
        """Processes that hold an engine on one of these nodes, or on `node`."""
        nodes = [node] if node is not None else self.nodes
        raylets = {one.all_processes["raylet"][0].process.pid for one in nodes}
        return [pid for raylet in raylets for pid in children(raylet, b"ray::EngineActor")]

    def options(self, **more) -> ModelOptions:
        return ModelOptions(ray_address=self.address, **more)


def children(parent: int, name: bytes) -> list[int]:
    """Child processes of `parent` whose command line holds `name`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
            if name in line and f"\nPPid:\t{parent}\n" in (folder / "status").read_text():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


async def until(true, seconds: float = 15.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it never came true"
        await asyncio.sleep(0.02)


def item(number: int | str, **fields) -> Item:
    return Item(str(number), fields, reference="yes")


def request(of: Item, **more) -> Request:
    return Request((Message("user", "?"),), Sampling(max_tokens=8), item=of, **more)


def counted(log: Path) -> tuple[dict[str, int], dict[str, int]]:
    """How often each item was begun, and ended."""
    begun: dict[str, int] = {}
    ended: dict[str, int] = {}
    for line in log.read_text().splitlines():
        word, name, _ = line.split()
        counts = begun if word == "begun" else ended
        counts[name] = counts.get(name, 0) + 1
    return begun, ended
