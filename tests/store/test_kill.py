"""A process killed at any moment: nothing that was acknowledged is lost, and the file opens as if nothing were."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from weighbridge.store import open_store
from weighbridge.store.recovery import check

# Writes without end and says on its standard output, unbuffered, which answers `put` has returned.
WRITE = """
import asyncio, hashlib, os, sys
from pathlib import Path
from weighbridge.evidence import Completion
from weighbridge.store import Answer, Key, Source, open_store
async def main(path, begin):
    with open_store(path) as store:
        async def work(number):
            while True:
                key = Key(hashlib.sha256(b"%d" % number).digest())
                await store.put(Answer(key, Completion("x" * (number % 3000)), Source("c", "m"), str(number)))
                os.write(1, b"%d\\n" % number)
                number += 16
        os.write(1, b"ready\\n")
        await asyncio.gather(*(work(begin + lane) for lane in range(16)))
asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


def killed(path: Path, begin: int, after: float) -> list[int]:
    """Numbers acknowledged by a writer that is killed `after` seconds from its first write on."""
    process = subprocess.Popen([sys.executable, "-c", WRITE, str(path), str(begin)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    out = process.stdout.read()
    assert process.wait(timeout=120) == -signal.SIGKILL
    whole = out[: out.rfind(b"\n") + 1]
    return [int(line) for line in whole.split()]


@pytest.mark.slow
def test_thirty_kills_lose_no_acknowledged_answer(path: Path) -> None:
    moments = random.Random(20261121)
    acknowledged: set[int] = set()
    for round_ in range(30):
        acknowledged |= set(killed(path, 1_000_000 * round_, moments.uniform(0, 0.15)))
        with open_store(path) as store:
            held = {int(answer.item) for answer in store.answers()}
        lost = acknowledged - held
        assert not lost, f"{len(lost)} acknowledged answers are gone after kill {round_}"
    assert len(acknowledged) > 300
    # What is held beyond the acknowledged is at most what was under way in each round.
    assert len(held) - len(acknowledged) <= 30 * 32
    found = check(path)
    assert found.sound
    assert found.answers == len(held)
