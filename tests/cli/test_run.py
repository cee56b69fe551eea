"""The commands end to end, against a server in this machine."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from faults import Call, FaultServer, Reply, hang, ok

WORDS = {"invoice": "billing", "crash": "technical", "parcel": "shipping", "password": "account"}


def replies(call: Call) -> Reply:
    """`good` knows the words, `poor` guesses one team always."""
    if call.model == "poor":
        return ok("billing")
    return ok(next((team for word, team in WORDS.items() if word in call.prompt), "billing"))


def project(server: FaultServer, folder: Path, more: str = "") -> None:
    (folder / "weighbridge.yaml").write_text(
        f"""\
name: Routing
data: {{path: tickets.csv, reference: team, cluster: customer}}
choices: [billing, technical, shipping, account]
candidates:
  - name: good
    model: {server.url}#good
    side: open
    max_tokens: 8
    price: {{per_request: 0.001}}
  - name: poor
    model: {server.url}#poor
    side: closed
    max_tokens: 8
    price: {{per_request: 0.002}}
{more}"""
    )


@pytest.fixture
def server():
    with FaultServer(script=replies).threaded() as running:
        yield running


def test_plan_then_run_then_run_again_pays_for_nothing_twice(weighbridge, tickets, tmp_path, server) -> None:
    project(server, tmp_path)
    planned = weighbridge("plan", "--pilot", 4)
    assert planned.code == 0, planned.err
    assert "at the likely stop" in planned.out
    assert "at the worst" in planned.out
    assert "the pilot itself" in planned.out
    assert max(map(len, planned.out.splitlines())) <= 100
    after_plan = len(server.calls)
    assert after_plan > 0

    first = weighbridge("run", "--json", "d.json", "--html", "d.html")
    assert first.code == 0, first.err
    decision = json.loads((tmp_path / "d.json").read_text())
    assert decision["verdict"]["kind"] == "best"
    assert decision["verdict"]["candidates"] == ["good"]
    assert decision["title"] == "Routing"
    assert decision["verdict"]["sentence"].split(".")[0][:30] in " ".join(first.out.split())
    assert (tmp_path / "d.html").read_text().startswith("<!doctype html>")
    assert decision["calls"]["from_store"] == after_plan
    calls = len(server.calls)
    assert calls == decision["calls"]["made"]

    again = weighbridge("run", "--json", "-")
    assert again.code == 0
    assert len(server.calls) == calls, "no answer is paid for twice"
    repeated = json.loads(again.out)
    assert repeated["verdict"]["candidates"] == ["good"]
    assert repeated["cost"]["now"] == 0
    assert "good" in again.err, "the report gives way to the JSON on standard output"


def test_exit_codes_tell_the_verdicts_apart(weighbridge, tickets, tmp_path, server) -> None:
    project(server, tmp_path)
    undecided = weighbridge("run", "--budget-calls", 6)
    assert undecided.code == 3
    assert "undecided" in undecided.out.lower()
    none = weighbridge("run", "--cost-per-1000", 0.5)
    assert none.code == 4, none.out
    quiet = weighbridge("run", "-q")
    assert quiet.code == 0
    assert quiet.err == ""


def test_goals_from_the_command_line(weighbridge, tickets, tmp_path, server) -> None:
    project(server, tmp_path)
    ran = weighbridge("run", "--goal", "non_inferior", "--margin", "0.05", "--json", "d.json")
    assert ran.code == 0
    decision = json.loads((tmp_path / "d.json").read_text())
    assert decision["verdict"]["kind"] == "non_inferior"
    assert decision["question"]["margin"] == 0.05


def test_outputs_are_checked_before_anything_is_spent(weighbridge, tickets, tmp_path, server) -> None:
    project(server, tmp_path)
    ran = weighbridge("run", "--html", "nowhere/d.html")
    assert ran.code == 2
    assert "mkdir -p nowhere" in ran.err
    assert weighbridge("run", "--json", ".").code == 2
    assert server.calls == []


def test_check_shows_what_would_be_asked_and_asks_nothing(weighbridge, tickets, tmp_path, server) -> None:
    project(server, tmp_path)
    ran = weighbridge("check")
    assert ran.code == 0
    assert "message 0 about hello" in ran.out
    assert re.search(r"cluster +customer", ran.out)
    assert "good (open, model " in ran.out
    assert server.calls == []
    assert not (tmp_path / ".weighbridge").exists()


def test_a_plan_without_calls(weighbridge, tickets, tmp_path, server) -> None:
    project(server, tmp_path)
    ran = weighbridge("plan", "--no-calls")
    assert ran.code == 0
    assert "480" in ran.out
    assert server.calls == []


def test_a_candidate_that_never_answers_is_a_failure_told_on_one_screen(
    weighbridge, tickets, tmp_path, server
) -> None:
    project(server, tmp_path, "limits: {attempts: 2, backoff: 0, give_up: 3}\n")
    text = (tmp_path / "weighbridge.yaml").read_text().replace(server.url, "http://127.0.0.1:9/v1")
    (tmp_path / "weighbridge.yaml").write_text(text)
    ran = weighbridge("run", "-q")
    assert ran.code == 5
    assert "127.0.0.1:9" in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) <= 24
    assert weighbridge("plan").code == 5


def test_every_kind_of_candidate_in_one_run(weighbridge, tickets, tmp_path, server) -> None:
    (tmp_path / "rules.py").write_text(
        f"WORDS = {WORDS!r}\n\n\ndef route(item):\n"
        "    return next((team for word, team in WORDS.items() if word in item.fields['message']), 'billing')\n"
    )
    rows = [line.split(",") for line in tickets.read_text().splitlines()[1:]]
    (tmp_path / "answers.jsonl").write_text(
        "\n".join(json.dumps({"item_id": row[0], "answer": f"Team: {row[2]}", "latency": 0.4}) for row in rows)
    )
    more = """\
  - {name: rules, model: "python:rules.route", price: {per_request: 0}}
  - {name: recorded, model: "recorded:answers.jsonl", side: closed}
  - {name: pretend, model: "simulated:accuracy=0.5,side=open", temperature: 1, repeats: 2}
"""
    project(server, tmp_path, more)
    ran = weighbridge("run", "--json", "d.json", "--goal", "best", "--claim", "pool")
    assert ran.code == 0, ran.err
    decision = json.loads((tmp_path / "d.json").read_text())
    assert decision["verdict"]["candidates"] == ["recorded"]
    sides = {one["name"]: one["side"] for one in decision["candidates"]}
    assert sides == {"good": "open", "poor": "closed", "rules": "rule", "recorded": "closed", "pretend": "open"}
    assert [one["name"] for one in decision["candidates"] if one["simulated"]] == ["pretend"]
    assert "imulated" in ran.out


def test_a_changed_scorer_marks_again_without_a_call(weighbridge, tickets, tmp_path, server) -> None:
    project(server, tmp_path)
    assert weighbridge("run", "-q", "--claim", "pool", "--epsilon", "0").code == 0
    calls = len(server.calls)
    text = (tmp_path / "weighbridge.yaml").read_text()
    (tmp_path / "weighbridge.yaml").write_text(text + "scorer: {name: exact, normalize: [case]}\n")
    again = weighbridge("run", "-q", "--claim", "pool", "--epsilon", "0", "--json", "d.json")
    assert again.code == 0, again.err
    assert len(server.calls) == calls


def test_a_data_file_in_place_of_a_project_file(weighbridge, tickets) -> None:
    ran = weighbridge("run", "tickets.csv")
    assert ran.code == 2
    assert "weighbridge init tickets.csv" in ran.err


def test_ctrl_c_gives_a_verdict_and_the_next_run_goes_on(weighbridge, tickets, tmp_path) -> None:
    def slowly(call: Call) -> Reply:
        return replace(replies(call), delay=0.05)

    with FaultServer(script=slowly).threaded() as slow:
        project(slow, tmp_path, "limits: {concurrency: 2}\n")
        running = subprocess.Popen(
            [sys.executable, "-m", "weighbridge", "run", "--epsilon", "0", "--claim", "pool"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 120
        while len(slow.calls) < 10 and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
        assert running.returncode == 3, err
        assert "interrupted" in " ".join((out + err).split())
        assert "Traceback" not in err
        answered = len(slow.calls)
        assert answered < 480
        again = weighbridge("run", "-q", "--epsilon", "0", "--claim", "pool", "--json", "d.json")
        assert again.code == 0
        made = json.loads((tmp_path / "d.json").read_text())["calls"]
        assert made["from_store"] == answered
        assert len(slow.calls) == made["made"]


def test_a_rule_beside_the_question_does_not_hold_it_up(weighbridge, tickets, tmp_path, server) -> None:
    (tmp_path / "rules.py").write_text("def route(item):\n    return 'billing'\n")
    project(server, tmp_path, '  - {name: rules, model: "python:rules.route", price: {per_request: 0}}\n')
    ran = weighbridge("run", "-q", "--goal", "non_inferior", "--margin", "0.1", "--json", "d.json")
    assert ran.code == 0, ran.out
    decision = json.loads((tmp_path / "d.json").read_text())
    assert decision["verdict"]["candidates"] == ["good"]
    beside = next(one for one in decision["candidates"] if one["name"] == "rules")
    assert (beside["items"], beside["certified_epsilon"]) == (0, None)


def test_a_silent_candidate_leaves_and_the_others_go_on(weighbridge, tickets, tmp_path) -> None:
    def silent(call: Call) -> Reply:
        return hang() if call.model == "poor" else replies(call)

    with FaultServer(script=silent).threaded() as server:
        more = '  - {name: pretend, model: "simulated:accuracy=0.4"}\nlimits: {deadline: 0.5}\n'
        project(server, tmp_path, more)
        ran = weighbridge("run", "--json", "d.json")
    assert ran.code == 0, ran.err
    decision = json.loads((tmp_path / "d.json").read_text())
    assert decision["verdict"]["candidates"] == ["good"]
    assert any("poor was taken down" in warning for warning in decision["warnings"])
    assert "poor is out: never answered" in ran.err
