"""The five worked profiles: made anew they are the same, and each decides as its page says."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path

import msgspec
import pytest

from weighbridge.api.again import decide_again
from weighbridge.api.kept import kept_report
from weighbridge.cli.decide import _demanded
from weighbridge.decide import Decision
from weighbridge.report.demands import marks

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "profiles"
TODAY = date(2026, 11, 21)


def decided(name: str, *required: str, search: bool = False) -> Decision:
    kept = kept_report(FOLDER / "evidence.json")
    requirements, question = _demanded(kept, str(FOLDER / f"{name}.yaml"), required)
    return decide_again(kept, requirements, question, today=TODAY, search=search)


def word(decision: Decision, candidate: str, dimension: str) -> str:
    row = dict(marks(decision))[candidate]
    return next(mark.word for mark in row if mark.finding is not None and mark.finding.dimension == dimension)


def test_the_evidence_is_what_its_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("make_evidence", FOLDER / "make_evidence.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = msgspec.json.decode((FOLDER / "evidence.json").read_bytes(), type=Decision)
    made = msgspec.json.decode(module.made(), type=Decision)
    assert made.measured == kept.measured
    assert all(result.simulated for result in kept.candidates)


def test_the_hospital_keeps_its_letters() -> None:
    found = decided("hospital")
    assert found.verdict.candidates == ["open 32B"]
    for name in ("closed large", "closed small", "EU vendor"):
        assert word(found, name, "data") == "no"
    assert word(found, "closed small", "continuity") == "no"
    assert word(decided("hospital", "hardware=[{accelerator: T4-16GB}]"), "open 32B", "hardware") == "no"


def test_the_startup_takes_a_small_service_until_machines_pay() -> None:
    found = decided("startup")
    assert found.verdict.kind == "preferred"
    assert found.verdict.candidates == ["closed small"]
    many = decided("startup", "load.requests_per_day=2000000")
    assert many.verdict.candidates != ["closed small"] or many.verdict.kind == "undecided"


def test_the_bank_keeps_to_the_union() -> None:
    found = decided("bank")
    assert found.verdict.candidates == ["open 32B"]
    assert word(found, "closed small", "continuity") == "no"
    assert word(found, "EU vendor", "data") == "yes"


def test_the_lab_takes_a_risk_and_is_told_so() -> None:
    found = decided("research-lab")
    assert found.verdict.candidates == ["open 32B"]
    assert "You take the risk that its openness is not known." in found.verdict.sentence
    careful = decided("research-lab", "accept_unknown=none")
    assert careful.verdict.kind == "undecided"


def test_a_billion_users_are_too_many_for_one_licence() -> None:
    found = decided("consumer-product")
    assert found.verdict.candidates == ["open 32B"]
    assert word(found, "open 8B", "licence") == "no"
    assert word(decided("consumer-product", "licence.monthly_users=700000000"), "open 8B", "licence") == "yes"
    assert word(found, "closed large", "cost") == "no"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hospital", "startup"])
def test_every_flip_of_a_profile_holds(name: str) -> None:
    found = decided(name, search=True)
    assert found.flips, "something hangs on every one of them"
    for point in found.flips[:4]:
        if point.option is None or not point.option.startswith("--require "):
            continue
        there = decided(name, point.option.removeprefix("--require "))
        assert (there.verdict.kind, sorted(there.verdict.candidates)) == (point.kind, sorted(point.candidates)), point
        if point.until is None:
            continue
        key = point.option.removeprefix("--require ").rpartition("=")[0]
        here = decided(
            name, f"{key}={point.until:.10g}" if isinstance(point.until, float) else f"{key}={point.until}"
        )
        assert sorted(here.verdict.candidates) == sorted(found.verdict.candidates), point
