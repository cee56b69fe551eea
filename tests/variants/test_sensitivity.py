"""Prompts weighed as one question: spread, a verdict under each, and each side with its best prompt."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import weighbridge
from weighbridge.cli.main import cli
from weighbridge.errors import UsageError
from weighbridge.store import open_store
from weighbridge.variants import Sensitivity

HEAD = """\
data: {path: items.csv, reference: label, input: [text]}
choices: [left, right, up, down]
scorer: choice
prompts:
  terse: {system: "Name it.", user: "{{ text }}"}
  plain: {system: "Which way does it go?", user: "{{ text }}"}
  expert: {system: "Think first, then name the way.", user: "{{ text }}"}
question: {epsilon: 0.05}
sensitivity: {items: 60, tune: 30}
"""
STEADY = """\
candidates:
  - {name: small, prompt: plain, model: "simulated:accuracy=0.5,seed=1"}
  - {name: large, prompt: plain, model: "simulated:accuracy=0.95,seed=2,side=closed"}
"""
SWAYED = """\
candidates:
  - {name: small, prompt: plain, model: "simulated:accuracy=0.7,sway=1.2,seed=4"}
  - {name: large, prompt: plain, model: "simulated:accuracy=0.75,seed=2,side=closed"}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ways = ("left", "right", "up", "down")
    rows = ["id,text,label", *(f"{n},item number {n},{ways[n % 4]}" for n in range(400))]
    (tmp_path / "items.csv").write_text("\n".join(rows))
    (tmp_path / "rules.py").write_text("def way(item):\n    return 'left'\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(text: str, **said: object) -> Sensitivity:
    Path("weighbridge.yaml").write_text(text)
    return weighbridge.sensitivity("weighbridge.yaml", **said)


def test_a_verdict_that_every_prompt_agrees_on_survives(folder: Path) -> None:
    finding = found(HEAD + STEADY)
    assert finding.survival == "survives"
    assert "survives every one of 3 prompts: large is best" in finding.sentence
    assert finding.sentence.startswith("[simulated]")
    assert [one.verdict.candidates for one in finding.verdicts] == [["large"]] * 3
    # A model that the prompt does not move: the scores are one and the same, and nothing is claimed to differ.
    small = finding.candidates[0]
    assert small.spread == 0
    assert not small.differs
    assert {one.items for one in small.variants} == {60}
    assert len(finding.claims) == 4
    assert "each race at 1.67 %" in finding.claims[1]
    assert "at most 15 %" in finding.claims[3]


def test_a_verdict_that_hangs_on_the_prompt_changes(folder: Path) -> None:
    finding = found(HEAD + SWAYED)
    small, large = finding.candidates
    assert small.differs
    assert small.spread_interval[0] > 0
    assert small.spread > 0.3
    assert large.spread == 0
    best = max(small.variants, key=lambda one: one.score)
    assert small.best == best.variant
    winners = {one.variant: one.verdict.candidates for one in finding.verdicts if one.verdict.kind == "best"}
    assert finding.survival == "changes", finding.sentence
    assert {tuple(names) for names in winners.values()} == {("small",), ("large",)}
    assert winners[small.worst] == ["large"]
    tuned = finding.tuned
    assert tuned.best["small"] == small.best
    assert tuned.items == 30
    assert tuned.rest == 370
    # The same budget for each side: everyone answers the tuning items under every prompt once, and no more.
    assert tuned.verdict is not None


def test_nobody_is_asked_twice_and_a_rule_keeps_its_place(folder: Path) -> None:
    text = HEAD + STEADY + "  - {name: rule, model: 'python:rules.way'}\n"
    finding = found(text)
    assert [one.name for one in finding.candidates] == ["small", "large"]
    assert finding.survival == "survives"
    assert any(pair.b == "rule" or pair.a == "rule" for pair in finding.verdicts[0].pairs)
    before = finding.calls.made - finding.calls.from_store
    with open_store(".weighbridge/answers.db", readonly=True) as store:
        assert sum(group.answers for group in store.groups()) == before
    again = found(text)
    assert again.calls.made == again.calls.from_store == finding.calls.made
    assert again.verdicts == finding.verdicts
    assert again.candidates == finding.candidates


def test_one_candidate_alone_has_a_spread_and_a_best_prompt(folder: Path) -> None:
    text = HEAD + SWAYED.replace("  - {name: large", "  # {name: large")
    finding = found(text)
    assert finding.survival == "alone"
    assert finding.verdicts == []
    assert "the prompt moves small by" in finding.sentence
    assert finding.tuned.verdict is None
    assert finding.tuned.scores["small"] is not None
    low, high = finding.tuned.intervals["small"]
    assert low <= finding.tuned.scores["small"] <= high
    # By name out of many, too.
    chosen = found(HEAD + SWAYED, candidates=["small"], variants=["terse", "plain"])
    assert chosen.survival == "alone"
    assert chosen.variants == ["terse", "plain"]


def test_a_budget_that_ends_leaves_the_rest_open_and_says_so(folder: Path) -> None:
    finding = found(HEAD + SWAYED, budget_calls=400)
    assert finding.survival == "open"
    assert any("budget ended" in text for text in finding.warnings)
    assert finding.calls.made - finding.calls.from_store <= 400
    short = found(HEAD + SWAYED.replace("seed=4", "seed=5").replace("seed=2", "seed=6"), budget_calls=50)
    assert short.survival == "open"
    assert short.tuned is None


@pytest.mark.parametrize(
    ("text", "said", "what", "where"),
    [
        (HEAD + STEADY, {"variants": ["ters", "plain"]}, "no prompt 'ters'", "variants"),
        (HEAD.replace("items: 60", "variants: [ters], items: 60") + STEADY, {}, "no prompt 'ters'", "yaml:9"),
        (HEAD + STEADY, {"variants": ["plain"]}, "nothing to vary", "variants"),
        (HEAD + STEADY, {"candidates": ["smal"]}, "no candidate 'smal'", "candidates"),
        (HEAD + STEADY, {"tune": 61}, "only 60 are asked", "tune"),
        (HEAD + STEADY, {"tune": 400, "items": 400}, "nothing is left", "tune"),
    ],
)
def test_what_cannot_be_varied_is_said_before_a_call(
    folder: Path, text: str, said: dict, what: str, where: str
) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        found(text, **said)
    assert where in caught.value.where
    assert caught.value.fix
    assert not Path(".weighbridge/answers.db").exists()


def test_rules_alone_have_no_prompt(folder: Path) -> None:
    with pytest.raises(UsageError, match="no candidate is prompted"):
        found(HEAD + "candidates:\n  - {name: rule, model: 'python:rules.way'}\n")


def test_the_command_writes_it_down_and_exits_by_what_it_found(folder: Path) -> None:
    Path("weighbridge.yaml").write_text((HEAD + SWAYED).replace("name: small", "name: '<b>small</b>'"))
    done = CliRunner().invoke(
        cli, ["sensitivity", "--json", "s.json", "--html", "s.html", "-q"], standalone_mode=False
    )
    assert done.return_value == 4, done.output
    assert "CHANGES (SIMULATED)" in done.output
    assert "The verdict under each prompt" in done.output
    read = msgspec.json.decode(Path("s.json").read_bytes(), type=Sensitivity)
    assert read.survival == "changes"
    assert json.loads(Path("s.json").read_text())["schema"] == "weighbridge.sensitivity/1"
    page = Path("s.html").read_text()
    assert "<b>small" not in page
    assert "&lt;b&gt;small" in page
    assert "Which way does it go?" in page
    assert "The verdict changes with the prompt" in page
    assert "src=" not in page
    steady = CliRunner()
    Path("weighbridge.yaml").write_text(HEAD + STEADY)
    assert steady.invoke(cli, ["sensitivity", "--items", "20", "-q"], standalone_mode=False).return_value == 0
