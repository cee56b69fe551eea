"""Customisation, hardware, contradictions: each finding, and every mistake on one screen."""

from __future__ import annotations

from datetime import date

import pytest
from tests.decide.subjects import column, four

from weighbridge.decide import decide
from weighbridge.decide.contradictions import check_requirements
from weighbridge.decide.customisation import customisation_finding
from weighbridge.decide.hardware import hardware_finding
from weighbridge.decide.subject import subject_of
from weighbridge.errors import UsageError
from weighbridge.evidence import (
    ContinuityFor,
    DataHandling,
    Edit,
    Job,
    Load,
    OpennessAtLeast,
    Owned,
    Question,
    Requirements,
    Side,
)
from weighbridge.weighing.stored import weigh_stored

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("spec", "side", "edits", "on", "expected"),
    [
        ("http://127.0.0.1:1/v1#llama-3.1-8b", "open", ("adapter", "prune"), TODAY, "met"),
        ("hf:somebody/something", "open", ("fine_tune",), TODAY, "met"),
        ("openai:gpt-4.1", "closed", ("adapter",), TODAY, "not met"),
        ("openai:gpt-4.1", "closed", ("fine_tune",), TODAY, "unknown"),
        ("openai:gpt-4.1", "closed", ("fine_tune",), date(2027, 1, 7), "not met"),
        ("vertex:gemini-2.5-pro", "closed", ("fine_tune",), TODAY, "met"),
        ("cohere:command-r", "closed", ("fine_tune", "export"), TODAY, "met"),
        ("stored", "open", ("fine_tune",), TODAY, "unknown"),
        ("stored", "closed", ("fine_tune",), TODAY, "unknown"),
        ("python:rules.route", "rule", ("fine_tune",), TODAY, "met"),
    ],
)
def test_what_can_be_changed(spec: str, side: Side, edits: tuple[Edit, ...], on: date, expected: str) -> None:
    found = customisation_finding(subject_of(column(side, spec)), edits, on)
    if spec.startswith("cohere"):
        # Its weights may be in the catalogue; then they can be changed, and else not.
        assert found.met in ("met", "not met")
        return
    assert found.met == expected, found.statement


def test_what_fits_on_the_machines_at_hand() -> None:
    def fits(facts: str, *machines: Owned) -> str:
        return hardware_finding(subject_of(column(facts=facts, policy="self_hosted")), machines, None).met

    assert fits("llama-3.1-8b", Owned("L40S")) == "met"
    assert fits("llama-3.1-70b", Owned("L40S")) == "not met"
    assert fits("llama-3.1-70b", Owned("L40S"), Owned("H100-SXM-80GB", 4)) == "met"
    assert fits("none", Owned("L40S")) == "unknown"
    vendor = hardware_finding(subject_of(column("closed", "openai:gpt-4.1")), (Owned("L40S"),), None)
    assert vendor.met == "met"
    small = hardware_finding(subject_of(column(facts="qwen3-32b", policy="self_hosted")), (Owned("L40S"),), Load(10))
    assert small.met == "not met"
    assert "another candidate" in (small.would_change or "")
    with pytest.raises(UsageError, match="no accelerator"):
        fits("llama-3.1-8b", Owned("L40SS"))


@pytest.mark.parametrize(
    ("requirements", "says"),
    [
        (Requirements(cost_per_month=5.0), "the load is not stated"),
        (Requirements(prefer={"cost": 0.0}), "every weight"),
        (Requirements(accept_unknown=("licence",)), "nothing is demanded of it"),
        (Requirements(data=DataHandling(leaves="never", training=True)), "never gets anything"),
        (Requirements(data=DataHandling(leaves="never", retention_days=7)), "never gets anything"),
        (Requirements(data=DataHandling(region=("Europe",))), "no region"),
        (Requirements(data=DataHandling(region=("UK",))), "no region"),
    ],
)
def test_contradictions_are_told_with_a_remedy(requirements: Requirements, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        check_requirements(requirements)
    assert caught.value.fix
    assert (caught.value.where or "").startswith("requirements")


def test_demands_that_nobody_here_could_ever_meet() -> None:
    closed = four()
    columns = tuple(column("closed", f"openai:gpt-{n}") for n in range(4))
    names = tuple(f"c{n}" for n in range(4))
    from dataclasses import replace

    run = weigh_stored(
        replace(closed, columns=tuple(replace(c, name=n) for c, n in zip(columns, names, strict=True))), Question()
    )
    with pytest.raises(UsageError, match="every candidate is a vendor's service"):
        decide(run, Requirements(data=DataHandling(leaves="never")))
    with pytest.raises(UsageError, match="no candidate would run on them"):
        decide(run, Requirements(hardware=(Owned("L40S"),)))


def test_one_finding_for_everybody_and_everything_and_unknown_never_wins() -> None:
    run = weigh_stored(four(rates=(0.6, 0.7, 0.75, 0.95)), Question())
    everything = Requirements(
        licence=Job(use=("internal",), monthly_users=10),
        openness=OpennessAtLeast(weights=True),
        data=DataHandling(),
        continuity=ContinuityFor(12),
        hardware=(Owned("H100-SXM-80GB"),),
        customisation=("adapter",),
    )
    found = decide(run, everything, today=TODAY)
    asked = [f for f in found.findings if f.dimension != "fairness"]
    assert len(asked) == 4 * 6
    assert {f.candidate for f in asked if f.met == "unknown"} >= {"unheard of"}
    assert found.verdict.kind == "undecided", "the best is unheard of, and nothing is known of it"
    assert found.verdict.candidates == ["unheard of"]
    assert all((f.would_change or "").startswith("meets if") for f in asked if f.candidate == "unheard of")
    names = ("licence", "openness", "data", "continuity", "hardware", "customisation")
    from msgspec.structs import replace as with_

    risky = decide(run, with_(everything, accept_unknown=names), today=TODAY)
    assert risky.verdict.candidates == ["unheard of"]
    assert risky.verdict.kind == "best"
    assert "You take the risk" in risky.verdict.sentence


def test_without_demands_nothing_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighbridge.decide.terms.subject_of", lambda column: pytest.fail("looked up"))
    assert decide(weigh_stored(four(), Question())).frontier == []
