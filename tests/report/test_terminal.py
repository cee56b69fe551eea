"""The report in a terminal of 80 columns, in colour and without."""

from __future__ import annotations

import io
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from report.sample import HOSTILE, hostile, sample
from weighbridge.decide import Decision
from weighbridge.report.clean import cells
from weighbridge.report.columns import Heading, Row, laid_out
from weighbridge.report.terminal import render


def shown(decision: Decision, width: int = 80, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    render(decision, Console(file=file, width=width))
    file.flush()
    return raw.getvalue().decode(encoding)


def test_the_verdict_comes_first_then_the_table_then_what_would_change_it() -> None:
    decision = sample(4).decision
    text = shown(decision)
    first = text.strip().split("\n\n")[0]
    assert first.startswith("BEST  Use qwen2.5-7b: it scores")
    assert " ".join(decision.verdict.sentence.split()) in " ".join(first.split())
    places = [
        text.index(part) for part in ("WARNING", "candidate ", "against ", "Requirements", "What would change it")
    ]
    assert places == sorted(places)
    assert text.index("Calls") > places[-1]


def test_every_candidate_has_its_figures() -> None:
    decision = sample(4).decision
    text = shown(decision)
    for result in decision.candidates:
        row = next(line for line in text.splitlines() if line[4:].startswith(f"{result.name} "))
        assert f"{100 * result.score:.1f} %" in row
        assert f"{100 * result.interval[0]:.1f} to {100 * result.interval[1]:.1f}" in row
        assert row.endswith(f" {result.items}")
    assert "out after 89 items: more than 2 points below qwen2.5-7b" in text
    assert "3 truncated, 2 unparsable, 1 failed" in text
    assert "unknown" in text
    assert "seed 1" in text
    assert "839 of 1,200 (70 % of asking every candidate every item), 279 from the store, 7 retried" in re.sub(
        r"\s+", " ", text
    )


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("candidates", [1, 2, 4, 20])
def test_no_line_is_wider_than_the_terminal(candidates: int, width: int) -> None:
    text = shown(sample(candidates, items=60).decision, width)
    assert max(cells(line) for line in text.splitlines()) <= width
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_piped_it_holds_no_escape() -> None:
    assert "\x1b" not in shown(sample(3).decision)


def test_in_colour_it_says_the_same() -> None:
    out = io.StringIO()
    render(sample(3).decision, Console(file=out, width=80, force_terminal=True, color_system="truecolor"))
    assert "\x1b[" in out.getvalue()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert plain == shown(sample(3).decision)


def test_long_names_are_whole() -> None:
    decision = sample(3).decision
    long = "claude-haiku-4-5-20251001 with eight examples and the short system prompt"
    candidates = [msgspec.structs.replace(decision.candidates[0], name=long), *decision.candidates[1:]]
    text = shown(msgspec.structs.replace(decision, candidates=candidates))
    assert long in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_simulated_is_said_beside_the_verdict() -> None:
    decision = msgspec.structs.replace(sample(2).decision, simulated=True)
    text = shown(decision).strip()
    assert text.startswith("BEST (SIMULATED)")
    assert "not measured on a model" in " ".join(text.split())


def test_undecided_and_none() -> None:
    base = sample(2).decision
    verdict = msgspec.structs.replace(base.verdict, kind="undecided", would_change=[])
    text = shown(msgspec.structs.replace(base, verdict=verdict, more_items=1450))
    assert text.strip().startswith("UNDECIDED")
    assert "About 1,450 more items would settle it." in text
    verdict = msgspec.structs.replace(base.verdict, kind="none", candidates=[])
    assert shown(msgspec.structs.replace(base, verdict=verdict)).strip().startswith("NO CANDIDATE")


def test_a_candidate_without_answers_is_shown_as_unknown() -> None:
    base = sample(2).decision
    blank = msgspec.structs.replace(
        base.candidates[1],
        **{"score": None, "interval": None, "cost_per_1000": None, "latency_p50": None, "latency_p95": None},
        **{"items": 0, "statuses": {}, "out": "never answered", "out_at": None},
    )
    text = shown(msgspec.structs.replace(base, candidates=[base.candidates[0], blank], pairs=[]))
    row = next(line for line in text.splitlines() if "gpt-4.1-mini" in line and "unknown" in line)
    assert row.split()[-1] == "0"
    assert "out: never answered" in text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_hostile_text_is_shown_and_not_obeyed(encoding: str) -> None:
    text = shown(hostile().decision, encoding=encoding)
    assert not set(text) & set("\x00\x1b\u202e")
    assert "onerror=window.broken=1>" in text
    assert "[bold]" in shown(
        msgspec.structs.replace(sample(2).decision, title="[bold]x[/bold] " + HOSTILE.replace("\ud83d", ""))
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=40), st.floats(0, 1e6)), min_size=1, max_size=6),
    st.integers(24, 120),
)
def test_tables_fit_any_width(rows: list[tuple[str, float]], width: int) -> None:
    made = [Row(name.replace("\n", " ").strip(), (f"{value:.1f}", "12.0 to 14.0")) for name, value in rows]
    lines = laid_out("name", (Heading("value", 2), Heading("interval", 1)), made, width)
    for line in lines:
        if not line.hang:
            assert cells(line.text) <= max(width, 30)
    joined = "\n".join(line.text for line in lines)
    assert all(row.cells[0] in joined and row.name in joined for row in made)
