"""`weighbridge decide`: options, exit codes, and one screen for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

EVIDENCE = Path(__file__).resolve().parents[2] / "examples" / "profiles" / "evidence.json"
DAY = ("--as-of", "2026-11-21")


def test_under_other_requirements(weighbridge) -> None:
    plain = weighbridge("decide", EVIDENCE, *DAY)
    assert plain.code == 3
    home = weighbridge(
        "decide", EVIDENCE, *DAY, "--require", "data.leaves=never", "--json", "d.json", "--html", "d.html"
    )
    assert home.code == 0, home.err
    decision = json.loads(Path("d.json").read_text())
    assert decision["verdict"]["candidates"] == ["open 32B"]
    assert decision["requirements"]["data"]["leaves"] == "never"
    assert decision["day"] == "2026-11-21"
    assert "<svg" in Path("d.html").read_text()
    again = weighbridge("decide", "d.json", *DAY, "--require", "data=none", "--json", "-")
    assert json.loads(again.out)["requirements"] is None
    none = weighbridge("decide", EVIDENCE, *DAY, "--require", "cost_per_1000=0.01")
    assert none.code == 4
    assert "NO CANDIDATE" in none.out


def test_requirements_from_files(weighbridge, tmp_path: Path) -> None:
    bare = tmp_path / "needs.yaml"
    bare.write_text("data: {leaves: never}\ncost_per_1000: 0.3\n")
    alone = weighbridge("decide", EVIDENCE, *DAY, "--requirements", bare, "--json", "a.json")
    assert alone.code == 0, alone.err
    project = tmp_path / "project.yaml"
    project.write_text("data: items.csv\nrequirements:\n  data: {leaves: never}\n  cost_per_1000: 0.3\n")
    assert weighbridge("decide", EVIDENCE, *DAY, "--requirements", project, "--json", "b.json").code == 0
    a, b = (json.loads(Path(name).read_text())["verdict"] for name in ("a.json", "b.json"))
    assert a == b
    more = weighbridge("decide", EVIDENCE, *DAY, "--requirements", bare, "--require", "cost_per_1000=5")
    assert "open 32B" in more.out


def test_lists_and_mappings_and_the_question(weighbridge) -> None:
    ran = weighbridge(
        *("decide", EVIDENCE, *DAY, "--json", "d.json"),
        *("--require", "licence.use=service,internal", "--require", "data={leaves: allowed, region: [EU]}"),
        *("--require", "customisation=adapter", "--require", "prefer.quality=2", "--require", "prefer.cost=0.5"),
        *("--require", "epsilon=0.05", "--price", "open 8B=0.2", "--facts", "open 8B=qwen3-8b"),
    )
    assert ran.code in (0, 3), ran.err
    decision = json.loads(Path("d.json").read_text())
    assert decision["requirements"]["licence"]["use"] == ["service", "internal"]
    assert decision["requirements"]["data"]["region"] == ["EU"]
    assert decision["question"]["epsilon"] == 0.05
    assert "changed after the scores were seen" in " ".join(ran.out.split())
    row = next(one for one in decision["candidates"] if one["name"] == "open 8B")
    assert row["cost_per_1000"] == pytest.approx(0.2)
    assert row["facts"] == "qwen3-8b"


@pytest.mark.parametrize(
    ("options", "says", "mends"),
    [
        (("--require", "data.leavs=never"), "unknown key 'leavs'", "leaves"),
        (("--require", "dta.leaves=never"), "is no requirement", "data"),
        (("--require", "data.leaves=nevr"), "cannot be 'nevr'", "never"),
        (("--require", "cost_per_1000"), "has no value", "project file"),
        (("--require", "cost_per_1000=much"), "a number", "cost_per_1000"),
        (("--require", "cost_per_1000=-1"), "at least 0", "cost_per_1000"),
        (("--require", "prefer.beauty=1"), "beauty", "quality"),
        (("--require", "licence.use=sevice"), "sevice", "service"),
        (("--require", "openness.mof=IV"), "IV", "I"),
        (("--require", "hardware=[{accelerator: H1000}]"), "no accelerator 'H1000'", "H100"),
        (("--require", "cost_per_month=5"), "the load is not stated", "requests_per_day"),
        (("--require", "data.region=Europa"), "is no region", "EU"),
        (("--require", "accept_unknown=licence"), "nothing is demanded", "licence"),
        (("--require", "reference=nobody"), "not among the candidates", "open 8B"),
        (("--price", "open 8B=cheap"), "cannot be 'cheap'", "per 1,000"),
        (("--price", "nobody=1"), "no candidate 'nobody'", "open 8B"),
        (("--facts", "open 8B=lama-3.1-8b"), "lama-3.1-8b", "llama-3.1-8b"),
        (("--policy", "open 8B=self_hostd"), "no data policy", "self_hosted"),
        (("--side", "open 8B=ope"), "cannot be 'ope'", "open"),
        (("--as-of", "soon"), "is no date", "2027-01-31"),
        (("--requirements", "absent.yaml"), "no such", "weighbridge"),
    ],
)
def test_mistakes_are_told_on_one_screen(weighbridge, options: tuple[str, ...], says: str, mends: str) -> None:
    ran = weighbridge("decide", EVIDENCE, *DAY, *options)
    assert ran.code == 2, ran.out + ran.err
    told = " ".join(ran.err.split())
    assert says in told
    assert mends in told
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) < 20


def test_what_is_no_run_is_told(weighbridge, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": 1}')
    (tmp_path / "cut.json").write_bytes(EVIDENCE.read_bytes()[:5000])
    (tmp_path / "needs.yaml").write_text("beauty: 1\n")
    for arguments, says in (
        (("x.json",), "no decision"),
        (("cut.json",), "no decision"),
        (("absent.csv",), "there is no absent.csv"),
        (("absent.yaml",), "no such project file"),
        ((EVIDENCE, "--requirements", "needs.yaml"), "unknown key 'beauty'"),
    ):
        ran = weighbridge("decide", *arguments)
        assert ran.code == 2, ran.err
        assert says in " ".join(ran.err.split()), arguments


def test_a_project_on_its_store(weighbridge, tickets: Path) -> None:
    Path("weighbridge.yaml").write_text(
        "data: {path: tickets.csv, reference: team}\nchoices: [billing, technical, shipping, account]\ncandidates:\n"
        '  - {name: good, model: "simulated:accuracy=0.95", side: open, facts: llama-3.1-8b, policy: self_hosted,\n'
        "     price: {per_request: 0.001}}\n"
        '  - {name: fair, model: "simulated:accuracy=0.7,seed=3", side: closed, facts: gpt-4.1, policy: openai_api,\n'
        "     price: {per_request: 0.0001}}\n"
    )
    assert weighbridge("run", "-q").code == 0
    ran = weighbridge("decide", "weighbridge.yaml", "--require", "cost_per_1000=0.5", "--json", "d.json")
    assert ran.code == 0, ran.err
    decision = json.loads(Path("d.json").read_text())
    assert decision["verdict"]["candidates"] == ["fair"]
    assert decision["cost"]["now"] == 0
    planned = weighbridge("plan", "weighbridge.yaml", "--no-calls")
    assert "not asked" not in planned.out
    text = Path("weighbridge.yaml").read_text()
    Path("weighbridge.yaml").write_text(text + "requirements: {data: {leaves: never}}\n")
    planned = weighbridge("plan", "weighbridge.yaml", "--no-calls")
    assert planned.code == 0
    assert "not asked: fair: data" in planned.out
    assert "good alone is left" in planned.out
    ran = weighbridge("run")
    assert "not asked: fair: data" in ran.err
    assert ran.code == 0
