"""Known releases from dated facts: the definition's published verdicts, and what is never claimed of closed ones."""

from __future__ import annotations

import pytest

from weighbridge.audit.openness import Openness, audit_openness
from weighbridge.audit.openness.facts import PREFIX, known_systems
from weighbridge.audit.target import Target, find_target
from weighbridge.errors import UsageError
from weighbridge.evidence.requirements import OpennessAtLeast

VALIDATED = {
    "pythia-12b": "complies",
    "olmo-7b": "complies",
    "amber-7b": "complies",
    "crystalcoder-7b": "complies",
    "t5-11b": "complies",
    "bloom-176b": "near",
    "starcoder2-15b": "near",
    "falcon-180b": "near",
    "llama-2-70b": "does not comply",
    "grok-1": "does not comply",
    "phi-2": "does not comply",
    "mixtral-8x7b": "does not comply",
}
"""The published verdicts of the definition's validation phase, 2024."""


def audited(name: str) -> Openness:
    return audit_openness(find_target(name))


@pytest.mark.parametrize(("name", "verdict"), VALIDATED.items())
def test_verdicts_of_the_definitions_validation(name: str, verdict: str) -> None:
    found = audited(name)
    assert (found.osi.low, found.osi.verdict, found.osi.high) == (verdict, verdict, verdict)


@pytest.mark.parametrize("name", VALIDATED)
def test_verdicts_come_from_the_evidence(name: str) -> None:
    """Without any fact on its parts the verdict is open: nothing is looked up by name."""
    model = known_systems().models[name]
    kept = {key: fact for key, fact in model.facts.items() if key == "organisation"}
    bare = type(model)("stranger", "stranger", (), kept)
    found = audit_openness(Target("stranger", bare))
    assert (found.osi.low, found.osi.high) == ("does not comply", "complies")
    assert (found.mof.low, found.mof.high) == (None, "I")


@pytest.mark.parametrize(
    ("name", "mof"), [("pythia-12b", "I"), ("olmo-7b", "I"), ("amber-7b", "I"), ("gpt-neox-20b", "III")]
)
def test_classes_at_the_top(name: str, mof: str) -> None:
    assert audited(name).mof.low == mof


@pytest.mark.parametrize(
    "name", ["gpt-4", "claude-2", "palm-2", "gopher-280b", "jurassic-1-jumbo", "llama-2-70b", "bloom-176b"]
)
def test_no_class_for_what_withholds_parameters_or_terms(name: str) -> None:
    found = audited(name)
    assert found.mof.low is None
    assert found.mof.high is None
    assert found.finding(OpennessAtLeast(mof="III")).met == "not met"


def test_unknown_is_an_interval() -> None:
    found = audited("gpt-j-6b")
    assert found.mof.low is None
    assert found.mof.high is not None
    finding = found.finding(OpennessAtLeast(mof="III"), "ours")
    assert finding.met == "unknown"
    assert finding.candidate == "ours"
    assert finding.dimension == "openness"
    assert finding.would_change is not None
    assert finding.would_change.startswith("meets if ")


def test_facts_name_parts_that_exist() -> None:
    from weighbridge.audit.openness.components import BY_ID

    for model in known_systems().models.values():
        for name, fact in model.facts.items():
            if name.startswith(PREFIX):
                assert name.removeprefix(PREFIX) in BY_ID, (model.id, name)
                state = str(fact.value).partition(",")[0]
                assert state in ("released", "partial", "described", "absent", "unknown"), (model.id, name)


def test_every_state_rests_on_a_source_or_is_unknown() -> None:
    for name in VALIDATED:
        for row in audited(name).rows:
            assert (row.state == "unknown") == (row.path == ""), (name, row)


def test_a_user_adds_facts_of_their_own(tmp_path, monkeypatch) -> None:
    facts = tmp_path / "facts.yaml"
    facts.write_text(
        "sources: {mine: {what: our own reading}}\n"
        "models:\n- {id: gpt-j-6b, name: GPT-J, source: [mine], confidence: A, seen: '2026-11-01',\n"
        "   facts: {part model_card: 'released, Apache-2.0', part data_card: absent}}\n"
    )
    monkeypatch.setenv("WEIGHBRIDGE_FACTS", str(facts))
    found = audited("gpt-j-6b")
    assert found.row("model_card").state == "released"
    assert found.row("model_card").terms == "open"
    assert "mine" in found.row("model_card").path
    assert found.mof.high is None


def test_an_unknown_model_is_one_clear_error() -> None:
    with pytest.raises(UsageError) as error:
        find_target("olmo-7c")
    assert "olmo-7b" in str(error.value)


@pytest.mark.parametrize(
    ("demand", "met"),
    [
        (OpennessAtLeast(), "met"),
        (OpennessAtLeast(weights=True), "met"),
        (OpennessAtLeast(osi=True), "not met"),
        (OpennessAtLeast(mof="III", weights=True), "not met"),
    ],
)
def test_demands_on_llama_2(demand: OpennessAtLeast, met: str) -> None:
    found = audited("llama-2-70b").finding(demand)
    assert found.met == met
    if met == "not met":
        assert found.would_change
        assert found.evidence


def test_demands_on_the_open_and_the_closed() -> None:
    everything = OpennessAtLeast(mof="I", osi=True, weights=True)
    assert audited("olmo-7b").finding(everything).met == "met"
    closed = audited("gpt-4").finding(OpennessAtLeast(weights=True))
    assert closed.met == "not met"
    assert "not released" in closed.statement


def test_weights_on_request_are_not_simply_there() -> None:
    found = audited("llama-65b").finding(OpennessAtLeast(weights=True))
    assert found.met == "unknown"
    assert found.would_change == "meets if the request is granted"


@pytest.mark.parametrize("name", sorted(known_systems().models))
def test_every_known_model_is_audited(name: str) -> None:
    found = audit_openness(Target(name, known_systems().models[name]))
    assert len(found.criteria) == 14
    for demand in (OpennessAtLeast(mof="III"), OpennessAtLeast(osi=True), OpennessAtLeast(weights=True)):
        finding = found.finding(demand)
        assert finding.statement
        assert (finding.would_change is None) == (finding.met == "met")
