"""The decision as JUnit XML: a CI server shows the verdict and every finding as a test.

A verdict and a finding that is met pass; what is undecided or not met fails; what is unknown is skipped.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

from weighbridge.decide import Decision
from weighbridge.evidence import Finding
from weighbridge.logs.whole_file import write_whole
from weighbridge.report.clean import clean_text

PASSES = {"best", "preferred", "non_inferior", "superior", "frontier"}
"""Kinds of verdict that are one; ``undecided`` and ``none`` fail."""


def write_junit(decision: Decision, path: Path) -> None:
    """Writes `junit_xml` of `decision` to `path`."""
    write_whole(path, junit_xml(decision))


def junit_xml(decision: Decision) -> bytes:
    """One suite: the test ``verdict``, one test per candidate, one per finding, and the settings as properties."""
    title = _text(decision.title) or "weighbridge"
    suite = Xml.Element("testsuite", name=title)
    properties = Xml.SubElement(suite, "properties")
    for name, value in {
        "verdict": decision.verdict.kind,
        "goal": decision.question.goal,
        "claim": decision.claim,
        "alpha": f"{decision.alpha:g}",
        "items": str(decision.items),
        "items_drawn": str(decision.items_drawn),
        "calls": str(decision.calls.made),
        "seed": str(decision.seed),
        "simulated": "true" if decision.simulated else "false",
        "version": decision.version,
    }.items():
        Xml.SubElement(properties, "property", name=name, value=_text(value))
    _verdict(suite, decision, title)
    for result in decision.candidates:
        case = _case(suite, f"{title}.candidates", result.name)
        interval = f" [{result.interval[0]:.3f}, {result.interval[1]:.3f}]" if result.interval else ""
        score = "no score" if result.score is None else f"score {result.score:.3f}{interval}"
        _say(case, "system-out", f"{score}, {result.items} items" + (f"; out: {result.out}" if result.out else ""))
    for number, finding in enumerate(decision.findings, start=1):
        _finding(suite, title, finding, number)
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
    suite.set("errors", "0")
    suite.set("time", f"{decision.seconds or 0:.3f}")
    root = Xml.Element("testsuites")
    root.append(suite)
    Xml.indent(root)
    text: str = Xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _verdict(suite: Xml.Element, decision: Decision, title: str) -> None:
    verdict = decision.verdict
    case = _case(suite, title, "verdict")
    if verdict.kind not in PASSES:
        more = "\n".join([*verdict.reasons, *verdict.would_change])
        _say(case, "failure", more, message=verdict.sentence, type=verdict.kind)
    pairs = [
        f"{pair.a} - {pair.b}: {pair.difference:+.3f} [{pair.interval[0]:+.3f}, {pair.interval[1]:+.3f}], "
        f"{pair.win} wins, {pair.tie} ties, {pair.loss} losses"
        for pair in decision.pairs
    ]
    _say(case, "system-out", "\n".join([verdict.sentence, *verdict.reasons, *pairs]))
    if decision.warnings:
        _say(case, "system-err", "\n".join(decision.warnings))


def _finding(suite: Xml.Element, title: str, finding: Finding, number: int) -> None:
    name = f"{finding.dimension}: {finding.candidate}" if finding.candidate else f"{finding.dimension} {number}"
    case = _case(suite, f"{title}.findings", name)
    if finding.met == "not met":
        _say(case, "failure", finding.would_change or "", message=finding.statement, type="not met")
    elif finding.met == "unknown":
        _say(case, "skipped", "", message=f"unknown: {finding.statement}")
    rows = f"\nsee: {', '.join(finding.evidence)}" if finding.evidence else ""
    _say(case, "system-out", finding.statement + rows)


def _case(suite: Xml.Element, group: str, name: str) -> Xml.Element:
    return Xml.SubElement(suite, "testcase", classname=group, name=_text(name), time="0")


def _say(case: Xml.Element, tag: str, text: str, **attributes: str) -> None:
    element = Xml.SubElement(case, tag, {key: _text(value) for key, value in attributes.items()})
    element.text = _text(text) or None


def _text(text: str) -> str:
    """`text` without what XML 1.0 has no form for (https://www.w3.org/TR/xml/#charsets)."""
    return clean_text(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
