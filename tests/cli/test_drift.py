"""`weighbridge drift` end to end, against a server in this machine whose model is swapped."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults import Call, FaultServer, Reply, ok, raw, status

WORDS = {"invoice": "billing", "crash": "technical", "parcel": "shipping", "password": "account"}


@dataclass
class Served:
    """What is behind the server's one name at the moment."""

    right: float = 0.9
    version: str | None = None
    delay: float = 0.0

    def __call__(self, call: Call) -> Reply:
        team = next((team for word, team in WORDS.items() if word in call.prompt), "billing")
        # Thrown by what is asked and how often it was: the same whatever comes first.
        said = team if random.Random(f"{call.prompt} {call.seen}").random() < self.right else "account"
        if self.version is None:
            return ok(said, delay=self.delay)
        chunk = {"id": "x", "model": self.version, "system_fingerprint": "fp_1"}
        chunk["choices"] = [{"index": 0, "delta": {"content": said}, "finish_reason": "stop"}]
        chunk["usage"] = {"prompt_tokens": 9, "completion_tokens": 1}
        return raw(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())


@pytest.fixture
def served():
    return Served()


@pytest.fixture
def server(served, tickets, tmp_path):
    with FaultServer(script=served).threaded() as running:
        (tmp_path / "weighbridge.yaml").write_text(
            f"""\
name: Routing
data: {{path: tickets.csv, reference: team}}
choices: [billing, technical, shipping, account]
candidates:
  - name: vendor
    model: {running.url}#large
    side: closed
    max_tokens: 8
    price: {{per_request: 0.001}}
  - name: rule
    model: python:rule.answer
"""
        )
        (tmp_path / "rule.py").write_text("def answer(item):\n    return 'billing'\n")
        yield running


def test_a_run_then_looks_then_the_model_is_swapped(weighbridge, server, served, tmp_path) -> None:
    ran = weighbridge("run", "-q")
    assert ran.code in (0, 3), ran.err
    paid = len(server.calls)
    told = weighbridge("drift", "--no-calls")
    assert told.code == 0
    assert "NEVER LOOKED AT" in told.out
    assert "a look now takes" in told.out
    assert len(server.calls) == paid

    first = weighbridge("drift", "--json", "d.json")
    assert first.code == 0, first.err
    assert "calls, about $0." in first.err
    found = json.loads((tmp_path / "d.json").read_text())
    assert found["schema"] == "weighbridge.drift/1"
    assert [one["name"] for one in found["candidates"]] == ["vendor"], "a rule cannot change by itself"
    assert found["calls"] == len(server.calls) - paid
    assert found["spent"] == pytest.approx(0.001 * found["calls"])
    while not found["candidates"][0]["looks"]:
        found = json.loads(weighbridge("drift", "--json", "-").out)
    assert found["candidates"][0]["state"] == "not shown"

    served.right = 0.1
    swapped = weighbridge("drift", "--json", "-")
    assert swapped.code == 4, swapped.err
    found = json.loads(swapped.out)
    (one,) = found["candidates"]
    assert one["state"] == "changed"
    assert "score" in one["causes"]
    assert one["evidence"] >= 1
    assert one["looks"][-1]["change"] < -0.3
    assert "CHANGED" in swapped.err, "the report gives way to the JSON on standard output"
    history = weighbridge("drift", "--no-calls")
    assert history.code == 4
    assert "What to do" in history.out
    assert "weighbridge drift --renew" in " ".join(history.out.split())

    renewed = weighbridge("drift", "--renew", "--anchor", 30, "-q")
    assert renewed.code == 0
    assert "BEGUN" in renewed.out
    after = weighbridge("drift", "-q")
    assert after.code == 0
    assert after.err == ""
    assert "NO CHANGE SHOWN" in after.out
    again = weighbridge("run", "-q")
    assert again.code in (0, 3), "looks do not disturb runs"


def test_another_version_is_told_as_a_fact(weighbridge, server, served) -> None:
    served.version = "large-2026-01"
    assert weighbridge("drift", "--anchor", 12).code == 0
    assert weighbridge("drift").code == 0
    served.version = "large-2026-06"
    moved = weighbridge("drift")
    assert moved.code == 4
    assert "What the vendor says" in moved.out
    said = " ".join(moved.out.split())
    assert "the vendor names the version 'large-2026-06' now" in said
    assert "a dated name" in said


def test_a_budget_is_respected_and_the_look_goes_on(weighbridge, server) -> None:
    assert weighbridge("drift", "--anchor", 20, "-q").code == 0
    paid = len(server.calls)
    cut = weighbridge("drift", "--budget-money", 0.0105, "-q")
    assert cut.code == 3
    assert "UNFINISHED" in cut.out
    assert "the budget was reached" in cut.out
    assert len(server.calls) - paid == 10
    rest = weighbridge("drift", "-q")
    assert rest.code == 0
    assert len(server.calls) - paid == 40, "no answer is paid for twice"


def test_a_killed_look_goes_on(weighbridge, server, served, tmp_path) -> None:
    assert weighbridge("drift", "--anchor", 40, "-q").code == 0
    paid = len(server.calls)
    served.delay = 0.3
    with subprocess.Popen(
        [sys.executable, "-m", "weighbridge", "drift", "-q", "--concurrency", "4"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        end = time.monotonic() + 60
        while len(server.calls) - paid < 30 and time.monotonic() < end and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    served.delay = 0.0
    before = len(server.calls) - paid
    assert 30 <= before < 80
    rest = weighbridge("drift", "--json", "-", "-q")
    assert rest.code == 0, rest.err
    assert [look["number"] for look in json.loads(rest.out)["candidates"][0]["looks"]] == [1]
    assert len(server.calls) - paid < 80 + before, "what was answered before the kill is not asked again"


def test_a_model_that_does_not_answer(weighbridge, tickets, tmp_path) -> None:
    with FaultServer(script=lambda call: status(401, message="no such key")).threaded() as refusing:
        (tmp_path / "weighbridge.yaml").write_text(
            f"data: {{path: tickets.csv, reference: team}}\n"
            f"candidates: [{{name: vendor, model: '{refusing.url}#large'}}]\n"
        )
        found = weighbridge("drift", "-q")
    assert found.code == 5
    assert "DOWN" in found.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--candidate", "vendr"), "did you mean 'vendor'?"),
        (("--candidate", "rule"), "behind your back"),
        (("--anchor", "2"), "--anchor"),
        (("--renew", "--no-calls"), "only be kept by asking"),
        (("--json", "nowhere/d.json"), "the folder of --json does not exist"),
        (("--alpha", "2"), "alpha"),
        (("elsewhere.yaml",), "elsewhere.yaml"),
        (("--budget-money", "0"), "a budget of nothing"),
    ],
)
def test_bad_input_is_told_on_one_screen(weighbridge, server, arguments, said) -> None:
    refused = weighbridge("drift", *arguments)
    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert "Traceback" not in refused.err
    assert len(refused.err.splitlines()) <= 20
    assert not server.calls


def test_changed_prompts_are_refused_with_their_line(weighbridge, server, tmp_path) -> None:
    assert weighbridge("drift", "--anchor", 10, "-q").code == 0
    file = tmp_path / "weighbridge.yaml"
    file.write_text(file.read_text().replace("max_tokens: 8", "max_tokens: 9"))
    refused = weighbridge("drift", "-q")
    assert refused.code == 2
    assert "asked otherwise" in refused.err
    assert f"weighbridge.yaml:{5}" in refused.err
    assert "--renew" in refused.err
    assert weighbridge("drift", "--renew", "-q").code == 0


def test_the_store_of_a_project_says_no_more_than_before(weighbridge, server, tmp_path: Path) -> None:
    """Looks are answers like any others to the store's own commands."""
    assert weighbridge("drift", "--anchor", 10, "-q").code == 0
    assert weighbridge("drift", "-q").code == 0
    assert weighbridge("store", "check").code == 0
    listed = weighbridge("store", "list")
    assert "40" in listed.out
