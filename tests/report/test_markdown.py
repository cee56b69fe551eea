from __future__ import annotations

from pathlib import Path

import msgspec

from report.sample import hostile, sample
from weighbridge.evidence import Finding
from weighbridge.report.markdown import escaped, markdown, write_markdown


def test_the_verdict_comes_first_and_the_candidates_follow() -> None:
    decision = sample().decision
    text = markdown(decision)
    assert text.index(escaped(decision.verdict.sentence, 2000)) < text.index("| candidate |")
    for result in decision.candidates:
        assert f"| {escaped(result.name)}" in text
    first = decision.pairs[0]
    assert f"{first.difference:+.3f}" in text
    assert "**not met**" in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_what_is_not_fair_stands_above_the_table() -> None:
    doubt = Finding("fairness", "not met", "The prompts differ.")
    text = markdown(msgspec.structs.replace(sample().decision, findings=[doubt]))
    assert text.index("The prompts differ.") < text.index("| candidate |")


def test_hostile_texts_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    write_markdown(hostile().decision, tmp_path / "summary.md")
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert escaped("a|b @user [x](y) `c` <b>") == "a\\|b &#64;user \\[x\\](y) \\`c\\` &lt;b&gt;"


def test_simulated_candidates_are_named_as_such() -> None:
    decision = msgspec.structs.replace(sample().decision, simulated=True)
    assert "nothing here was measured" in markdown(decision)
