"""SIGKILL at random moments: the same verdict, and no stored answer is ever asked for again."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from faults import Call, FaultServer, Reply, ok
from weighbridge.store import open_store

CLIENT = Path(__file__).with_name("client.py")
ITEMS = 500
KILLS = 30
WIDTH = 4
SHARE = {"good": 0.82, "fair": 0.76, "poor": 0.6}


def reply(call: Call) -> Reply:
    """Right on a fixed share of the items; slow and out of order."""
    digest = hashlib.sha256(f"{call.model} {call.prompt}".encode()).digest()
    right = int.from_bytes(digest[:4]) / 2**32 < SHARE[call.model]
    return ok("yes" if right else "no", delay=0.002 + digest[5] / 255 * 0.012)


def start(url: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(CLIENT), url, str(path), str(ITEMS)], stdout=subprocess.PIPE, text=True
    )


def verdict(process: subprocess.Popen[str]) -> list:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return json.loads(out.splitlines()[-1])


@pytest.mark.slow
def test_thirty_kills_change_nothing_and_repeat_no_stored_answer(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    with FaultServer(script=reply).threaded() as server:
        whole = verdict(start(server.url, tmp_path / "whole.db"))
        assert whole[0] == "best"
        assert len(server.calls) == whole[2]
        kills = rounds = 0
        while kills < KILLS:
            rounds += 1
            path = tmp_path / f"{rounds}.db"
            before = len(server.calls)
            protected: dict[tuple[str, str], int] = {}
            killed_here = 0
            while True:
                process = start(server.url, path)
                assert process.stdout is not None
                process.stdout.readline()
                deadline = time.monotonic() + (chance.uniform(0.0, 0.35) if kills < KILLS else 60)
                while time.monotonic() < deadline and process.poll() is None:
                    time.sleep(0.002)
                if process.poll() is not None:
                    assert verdict(process) == whole
                    break
                process.kill()
                process.wait()
                kills += 1
                killed_here += 1
                asked = Counter((call.model, call.prompt) for call in server.calls[before:])
                if path.exists():
                    with open_store(path) as store:
                        for answer in store.answers():
                            name = (answer.source.candidate, f"item {answer.item}")
                            protected.setdefault(name, asked[name])
            asked = Counter((call.model, call.prompt) for call in server.calls[before:])
            again = {name: asked[name] for name, times in protected.items() if asked[name] != times}
            assert not again, f"stored, and asked again: {again}"
            repeated = sum(asked.values()) - len(asked)
            assert repeated <= killed_here * WIDTH
            assert len(asked) == whole[2]
    assert kills >= KILLS
