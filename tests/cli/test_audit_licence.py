"""`weighbridge audit licence`: verdicts, differences, facts, and every mistake on one screen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _only_shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WEIGHBRIDGE_FACTS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def test_a_verdict_with_its_clauses(weighbridge) -> None:
    ran = weighbridge("audit", "licence", "llama-2-70b", "--use", "train-model,service", "--country", "de")
    assert ran.code == 0
    assert "NOT ALLOWED" in ran.out
    for text in ("1.b.v", "llama-2", "seen 2026-11-21", "Not legal advice", "Duties", "What would change it"):
        assert text in ran.out, text
    assert max(map(len, ran.out.splitlines())) <= 80


def test_json_holds_all_of_it(weighbridge) -> None:
    ran = weighbridge("audit", "licence", "falcon-40b", "--use", "ship-product", "--with", "outputs:gpt-4", "--json")
    tree = json.loads(ran.out)
    assert (tree["verdict"], tree["met"]) == ("allowed if", "unknown")
    assert [part["component"]["role"] for part in tree["parts"]] == ["weights", "outputs"]
    assert "Not legal advice" in tree["disclaimer"]
    assert "compete" in tree["would_change"]


@pytest.mark.parametrize(
    ("target", "use", "code"),
    [("falcon-40b", "service", 0), ("falcon-180b", "service", 4), ("grok-4.3", "internal", 3)],
)
def test_check_leaves_with_a_code(weighbridge, target: str, use: str, code: int) -> None:
    assert weighbridge("audit", "licence", target, "--use", use, "--check").code == code
    assert weighbridge("audit", "licence", target, "--use", use).code == 0


def test_what_a_version_changed(weighbridge) -> None:
    ran = weighbridge("audit", "licence", "diff", "llama3", "llama3.1")
    assert ran.code == 0
    assert "- outputs may not improve any other large language model [1.b.v]" in ran.out
    assert "Not legal advice" in ran.out
    tree = json.loads(weighbridge("audit", "licence", "diff", "llama3", "llama3.1", "--json").out)
    assert (tree["first"], tree["second"]) == ("llama-3", "llama-3.1")
    assert "nothing differs" in weighbridge("audit", "licence", "diff", "mit", "MIT").out


def test_what_is_known_of_one_and_of_all(weighbridge) -> None:
    one = weighbridge("audit", "licence", "show", "gemma").out
    assert "Gemma Terms of Use (gemma-tou)" in one
    assert "1.1(e)" in one
    assert json.loads(weighbridge("audit", "licence", "show", "gemma", "--json").out)["id"] == "gemma-tou"
    listed = weighbridge("audit", "licence", "list").out
    assert "moonshot-modified-mit" in listed
    assert len(json.loads(weighbridge("audit", "licence", "list", "--json").out)) >= 50


def test_every_licence_can_be_shown_in_80_columns(weighbridge) -> None:
    for one in json.loads(weighbridge("audit", "licence", "list", "--json").out):
        ran = weighbridge("audit", "licence", "show", one["id"])
        assert ran.code == 0
        assert max(map(len, ran.out.splitlines())) <= 80, one["id"]


def test_a_licence_of_one_s_own(weighbridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "facts.yaml").write_text(
        """\
sources: {ours: {what: contract with Acme, date: "2026-11-01"}}
models:
- {id: acme-7b, name: Acme 7B, source: [ours], confidence: A, seen: "2026-11-01", facts: {side: open, licence: acme}}
licences:
- id: acme
  name: Acme EULA
  kind: source available
  source: [ours]
  confidence: A
  seen: 2026-11-01
  grants:
    use: {given: yes, clause: "1"}
    commercial: {given: if, clause: "2"}
  rules:
  - {effect: forbids, when: [use], commercial: true, users_over: 50, says: at most 50 users, clause: "2"}
"""
    )
    monkeypatch.setenv("WEIGHBRIDGE_FACTS", str(tmp_path / "facts.yaml"))
    assert "ALLOWED" in weighbridge("audit", "licence", "acme-7b", "--monthly-users", "50").out.splitlines()[0]
    refused = weighbridge("audit", "licence", "acme-7b", "--monthly-users", "51")
    assert "NOT ALLOWED" in refused.out
    assert "at most 50 monthly active users: allowed" in refused.out
    assert "contract with Acme" in refused.out
    assert "UNKNOWN" in weighbridge("audit", "licence", "acme-7b", "--use", "service", "--monthly-users", "1").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no target"),
        (("llama-2-71b",), "llama-2-7"),
        (("licence:nolicence",), None),
        (("show", "lama-2"), "llama-2"),
        (("show",), "takes 1 name"),
        (("diff", "mit"), "takes 2 names"),
        (("list", "mit"), "takes no names"),
        (("diff", "mit", "lama-2"), "llama-2"),
        (("falcon-40b", "gpt-4"), "one target at a time"),
        (("falcon-40b", "--use", "servce"), "service"),
        (("falcon-40b", "--modality", "smell"), "text"),
        (("falcon-40b", "--country", "UK"), "GB"),
        (("falcon-40b", "--users-in", "EU"), "27 members"),
        (("falcon-40b", "--commercial", "--no-commercial"), "contradict"),
        (("falcon-40b", "--monthly-users", "-1"), "0 or more"),
        (("falcon-40b", "--monthly-users", "many"), "many"),
        (("falcon-40b", "--revenue", "nan"), "0 or more"),
        (("falcon-40b", "--monthly-users", "0", "--users-in", "DE"), "users in DE"),
        (("falcon-40b", "--with", "gpt-4"), "KIND:NAME"),
        (("falcon-40b", "--with", "outputs:"), "KIND:NAME"),
        (("falcon-40b", "--with", "outputs:gtp-4"), "gpt-4"),
        (("falcon-40b", "--with", "data:(MIT"), "bracket"),
        (("falcon-40b", "--field", " "), "field of use"),
        (("note.txt",), "no licence"),
        (("empty.txt",), "empty"),
        (("listing.json",), "no JSON"),
    ],
)
def test_mistakes_get_one_screen(weighbridge, tmp_path: Path, arguments: tuple[str, ...], told: str | None) -> None:
    (tmp_path / "note.txt").write_text("Dear all, lunch is at noon.\n")
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "listing.json").write_text("{")
    ran = weighbridge("audit", "licence", *arguments)
    if told is None:
        assert ran.code == 0
        assert "UNKNOWN" in ran.out
        return
    assert ran.code == 2, ran.out
    assert told in ran.err
    assert ran.err.startswith("error: ")
    assert "  fix:   " in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) <= 24
