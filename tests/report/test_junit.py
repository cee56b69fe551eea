from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

import msgspec
import pytest

from report.sample import hostile, sample
from weighbridge.decide import Verdict
from weighbridge.report.junit import junit_xml, write_junit


def parsed(content: bytes) -> Xml.Element:
    return Xml.fromstring(content)  # noqa: S314 - written here a moment ago


def test_findings_are_tests() -> None:
    decision = sample().decision
    (suite,) = parsed(junit_xml(decision))
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert len(suite.findall("testcase")) == 1 + len(decision.candidates) + len(decision.findings)
    assert suite.get("failures") == str(sum(one.met == "not met" for one in decision.findings))
    assert suite.get("skipped") == str(sum(one.met == "unknown" for one in decision.findings))
    assert cases["verdict"].find("failure") is None
    assert decision.verdict.sentence in (cases["verdict"].findtext("system-out") or "")
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["alpha"] == "0.05"
    assert properties["simulated"] == "false"


@pytest.mark.parametrize("kind", ["undecided", "none"])
def test_no_verdict_is_a_failure(kind: str) -> None:
    verdict = Verdict(kind, [], "Nobody can be chosen yet.", ["why"], ["more items"])
    decision = msgspec.structs.replace(sample().decision, verdict=verdict, findings=[])
    (suite,) = parsed(junit_xml(decision))
    (failure,) = suite.iter("failure")
    assert (failure.get("message"), failure.get("type")) == ("Nobody can be chosen yet.", kind)
    assert failure.text == "why\nmore items"


def test_hostile_texts_make_sound_xml(tmp_path: Path) -> None:
    write_junit(hostile().decision, tmp_path / "junit.xml")
    content = (tmp_path / "junit.xml").read_bytes()
    assert parsed(content).tag == "testsuites"
    assert b"<script" not in content
    assert b"<img" not in content
