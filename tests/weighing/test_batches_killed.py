"""SIGKILL at every step of a batch: nothing is lost, and nothing is sent or paid twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from batch_vendors import BatchVendors
from weighbridge.store import open_store
from weighbridge.weighing.lot_log import LotLog

CLIENT = Path(__file__).with_name("lots_client.py")
ITEMS = 24
PAUSE = 120
MAKES = ("/v1/batches", "/messages/batches", ":batchGenerateContent")


def start(server: BatchVendors, path: Path, vendor: str, *more: str) -> subprocess.Popen[str]:
    names = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY")
    environment = {**os.environ, **dict.fromkeys(names, "sk-planted-0123456789")}
    command = [sys.executable, str(CLIENT), server.url, str(path), vendor, str(ITEMS), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def makes(method: str, path: str) -> bool:
    return method == "POST" and path.endswith(MAKES)


def uploads(method: str, path: str) -> bool:
    return method == "POST" and path.endswith("/files")


def looks(method: str, path: str) -> bool:
    return method == "GET" and "/batches/" in path and not path.endswith("/results")


def reads(method: str, path: str) -> bool:
    return method == "GET" and path.endswith(("/content", "/results"))


CALLS = {"uploading": uploads, "making": makes, "looking": looks, "reading": reads}
ALL = [
    *(("openai", when, call) for call in CALLS for when in ("before", "after")),
    *(("anthropic", when, call) for call in ("making", "looking", "reading") for when in ("before", "after")),
    *(("google", when, "making") for when in ("before", "after")),
    # meant, sent, known and over, as they are written down; answers in part, and all of them.
    *(("openai", "enter", str(number)) for number in (1, 2, 3, 4)),
    *(("anthropic", "put", str(number)) for number in (1, 3)),
    *(("google", *step) for step in (("enter", "3"), ("put", "2"))),
]


@pytest.mark.slow
@pytest.mark.parametrize(("vendor", "when", "what"), ALL)
def test_a_kill_loses_nothing_and_pays_nothing_twice(tmp_path: Path, vendor: str, when: str, what: str) -> None:
    with BatchVendors(answer=lambda vendor, prompt: "yes", looks=2) as server:
        path = tmp_path / "answers.db"
        if when in ("enter", "put"):
            process = start(server, path, vendor, when, what)
            assert process.wait(PAUSE) == -signal.SIGKILL
        else:
            _kill_at(server, when, what, lambda: start(server, path, vendor))
        sent = len(server.lots)
        assert sent <= 1
        process = start(server, path, vendor)
        out, _ = process.communicate(timeout=PAUSE)
        assert process.returncode == 0
        assert json.loads(out.splitlines()[-1])[:2] == [True, ITEMS]
        assert len(server.lots) == 1
        assert len(server.asked()) == len(set(server.asked())) == ITEMS
        with open_store(path) as store:
            assert len(list(store.answers())) == ITEMS
            assert LotLog(store).open() == []


def _kill_at(server: BatchVendors, when: str, what: str, begin) -> None:
    """Run a client, and kill it when its call `what` comes in, before or after that has its effect."""
    processes: list[subprocess.Popen[str]] = []

    def kill(method: str, path: str):
        if not CALLS[what](method, path) or not processes or processes[0].returncode is not None:
            return None
        processes[0].kill()
        processes[0].wait(PAUSE)
        # "before": the call never had its effect; the client is not there to hear of it.
        return (503, {}, {}) if when == "before" else True

    setattr(server, when, kill)
    with server.lock:
        processes.append(begin())
    assert processes[0].wait(PAUSE) == -signal.SIGKILL
    setattr(server, when, lambda method, path: None)
