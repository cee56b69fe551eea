"""Jobs whose verdicts were written from the licences' texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from weighbridge.audit.licence import audit_licence, licence_target
from weighbridge.evidence.requirements import Job

HERE = Path(__file__).parent
# Two readers wrote them, each from the texts alone: what one misread the other need not have.
FIRST, SECOND = (yaml.safe_load((HERE / name).read_text()) for name in ("profiles.yaml", "profiles_second.yaml"))
PROFILES = FIRST + SECOND
KIND = {"not allowed": {"forbids"}, "unknown": {"unclear"}, "allowed if": {"requires", "condition"}}


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(FIRST) >= 60
    assert len(SECOND) >= 50
    assert len({one["n"] for one in PROFILES}) == len(PROFILES)


@pytest.mark.parametrize("profile", PROFILES, ids=[one["n"] for one in PROFILES])
def test_the_verdict_is_the_text_s(profile: dict[str, Any]) -> None:
    job = msgspec.convert(profile["job"], Job)
    audit = audit_licence(licence_target(profile["target"]), job, tuple(profile.get("with", ())))
    assert audit.verdict == profile["verdict"], audit.statement
    said = {(one.kind, f"{one.clause.licence} {one.clause.clause}") for one in audit.rulings if one.clause}
    if "clause" in profile:
        assert any((kind, profile["clause"]) in said for kind in KIND[audit.verdict]), said
    for clause in profile.get("also", ()):
        assert any((kind, clause) in said for kind in ("requires", "condition")), said
    for clause in profile.get("not", ()):
        assert all(one != clause for _, one in said)
    expected = {"not allowed": "not met", "unknown": "unknown"}.get(audit.verdict, profile.get("met"))
    assert audit.met == expected
    finding = audit.finding("it")
    assert finding.dimension == "licence"
    assert finding.met == expected
    assert finding.candidate == "it"
    assert "Not legal advice" in finding.statement
    assert (finding.would_change is None) == (finding.met == "met")
