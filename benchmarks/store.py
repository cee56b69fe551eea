"""How fast the store is: keys, durable writes, reads, and memory.

Run with ``python benchmarks/store.py [--answers N] [--folder DIR]``; it prints one line for each measurement. Writes
wait for the disk (``synchronous=FULL``), so the figures depend on the disk under the folder.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from weighbridge.evidence import Completion, Usage
from weighbridge.models.protocol import Capabilities, Request
from weighbridge.store import Answer, Key, Source, Store, key_of, open_store
from weighbridge.tasks.item import Item, Message

SOURCE = Source("small", "http://127.0.0.1:8000/v1#small", "routing", "r" * 40, "vllm 1")


def answer(number: int) -> Answer:
    """An answer of about 200 characters under a key of its own."""
    usage = Usage(300, 40, duration=0.5, first_token=0.1)
    key = Key(hashlib.sha256(b"%d" % number).digest())
    return Answer(
        key, Completion(f"answer {number} ".ljust(200, "x"), usage=usage), SOURCE, f"item-{number}", cost=0.001
    )


@contextmanager
def measured(what: str, count: int) -> Iterator[None]:
    """Prints how many a second and the CPU time of each."""
    wall, processor = time.perf_counter(), time.process_time()
    yield
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{what:<52} {count / wall:>10,.0f} /s {processor / count * 1e6:>8.1f} us CPU each")


def keys() -> None:
    """Keys of 1,000-character prompts, for a served model and for a rule that answers from the item."""
    count = 100_000
    requests = [
        Request(
            (Message("system", "s" * 300), Message("user", "u" * 700 + str(number))),
            choices=("billing", "returns", "technical"),
            item=Item(str(number), {"text": "t" * 400, "number": number, "label": "billing"}, "billing"),
        )
        for number in range(count)
    ]
    for what, needs in (("keys, served model", False), ("keys, from the item", True)):
        model = SimpleNamespace(spec="s", revision="r" * 64, engine="e", capabilities=Capabilities(needs_item=needs))
        with measured(what, count):
            for request in requests:
                key_of(model, request)


async def put(store: Store, numbers: range, lanes: int) -> None:
    """Write answers one by one from `lanes` tasks at once."""
    waiting = iter(numbers)

    async def lane() -> None:
        for number in waiting:
            await store.put(answer(number))

    await asyncio.gather(*(lane() for _ in range(lanes)))


async def delays(store: Store, begin: int) -> list[float]:
    """Seconds from handing over an answer to its acknowledgement, for answers that come alone."""
    waits = []
    for number in range(begin, begin + 500):
        began = time.perf_counter()
        await store.put(answer(number))
        waits.append(time.perf_counter() - began)
    return sorted(waits)


# VmHWM, for on Linux ru_maxrss begins with what the parent process held.
READ = """
import re, sys
from pathlib import Path
from weighbridge.store import open_store
def held():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1)) / 1024
with open_store(sys.argv[1], readonly=True) as store:
    before = held()
    count = sum(1 for answer in store.answers())
    print(f"reading {count:,} answers in a fresh process: {before:.0f} MB before, {held():.0f} MB at most")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=400_000)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores")
    keys()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "answers.db"
        with open_store(path) as store:
            begin = 0
            for lanes in (1, 8, 64, 512):
                count = 2_000 if lanes == 1 else 20_000
                with measured(f"durable puts, {lanes} at once", count):
                    asyncio.run(put(store, range(begin, begin + count), lanes))
                begin += count
            waits = asyncio.run(delays(store, begin))
            begin += len(waits)
            print(f"delay of a lone put: median {waits[250] * 1e3:.2f} ms, 99th percentile {waits[495] * 1e3:.2f} ms")
            with measured("put_many, 2,000 in each", arguments.answers - begin):
                for start in range(begin, arguments.answers, 2_000):
                    asyncio.run(
                        store.put_many([answer(n) for n in range(start, min(start + 2_000, arguments.answers))])
                    )
            wanted = [answer(number).key for number in range(0, arguments.answers, 4)]
            with measured("get_many, 1,000 keys in each", len(wanted)):
                for start in range(0, len(wanted), 1_000):
                    store.get_many(wanted[start : start + 1_000])
            absent = [Key(os.urandom(32)) for _ in range(50_000)]
            with measured("get_many of keys that are not there", len(absent)):
                store.get_many(absent)
            with measured("reading all", arguments.answers):
                for _ in store.answers():
                    pass
            with measured("sums by source", arguments.answers):
                store.groups()
        if Path("/proc/self/status").exists():
            subprocess.run([sys.executable, "-c", READ, str(path)], check=True)
        print(f"{path.stat().st_size / arguments.answers:.0f} bytes of file for an answer")


if __name__ == "__main__":
    main()
