"""What a Ray cluster costs and brings: overhead of a call, and throughput with one and with two engines.

    python benchmarks/cluster.py

Both are measured on a cluster that is started here. CPU seconds are those of this process and all of its children,
the cluster's included; measurements of the ways that are compared alternate, and medians of the rounds are shown.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from pathlib import Path

from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Model, Request
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Item, Message

TICKS = os.sysconf("SC_CLK_TCK")


def family_cpu() -> float:
    """CPU seconds of this process and of everything below it that still runs."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
        used[int(folder.name)] = (int(fields[11]) + int(fields[12])) / TICKS
    found = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return sum(used[pid] for pid in found)


def request(number: int) -> Request:
    return Request((Message("user", "Which team? " * 100),), item=Item(str(number), {"n": number}, reference="4"))


async def timed(model: Model, calls: int, at_once: int) -> tuple[float, float]:
    """Wall and CPU seconds for so many calls, `at_once` under way."""
    left = iter(range(calls))

    async def work() -> None:
        for number in left:
            await model.complete(request(number))

    wall, cpu = time.perf_counter(), family_cpu()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return time.perf_counter() - wall, family_cpu() - cpu


async def overhead(calls: int, rounds: int) -> None:
    ways = {
        "direct": open_model("simulated:accuracy=0.9"),
        "ray": open_model("ray:simulated:accuracy=0.9", ModelOptions(ray_address="local")),
    }
    for model in ways.values():
        await timed(model, 100, 8)
    print(f"overhead: {calls} calls that take no time, {rounds} rounds, ms a call (wall / CPU, all processes)")
    for at_once in (1, 32):
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, model in ways.items():
                found[name].append(await timed(model, calls, at_once))
        for name, times in found.items():
            wall, cpu = (statistics.median(one[part] for one in times) / calls * 1e3 for part in (0, 1))
            print(f"  {name:7} {at_once:3} at once: {wall:7.3f} / {cpu:7.3f}")
    for model in ways.values():
        await model.close()


async def throughput(calls: int, rounds: int) -> None:
    """A model that waits 50 ms and takes four calls at a time, as an engine on a node of its own does."""
    spec = "ray:simulated:accuracy=0.9,latency=0.05,wait=true,seed={}"
    models = {
        engines: open_model(
            spec.format(engines), ModelOptions(ray_address="local", replicas=engines, concurrency=4 * engines)
        )
        for engines in (1, 2)
    }
    rates: dict[int, list[float]] = {engines: [] for engines in models}
    for engines, model in models.items():
        await timed(model, 8, 4 * engines)
    for _ in range(rounds):
        for engines, model in models.items():
            wall, _ = await timed(model, calls, 4 * engines)
            rates[engines].append(calls / wall)
    one, two = (statistics.median(rates[engines]) for engines in (1, 2))
    print(f"throughput: {calls} calls of 50 ms, four at a time on each engine")
    print(f"  1 engine: {one:.1f}/s (80 were ideal)   2 engines: {two:.1f}/s   ratio {two / one:.2f}")
    for model in models.values():
        await model.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    asyncio.run(overhead(given.calls, given.rounds))
    asyncio.run(throughput(given.calls, given.rounds))


if __name__ == "__main__":
    main()
