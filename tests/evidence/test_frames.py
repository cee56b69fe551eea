"""Evidence and decisions as polars, pandas and arrow tables."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.decide.tables import binary, evidence_of

from weighbridge.decide import Decision, decide
from weighbridge.errors import UsageError
from weighbridge.evidence import NOT_ASKED, Question
from weighbridge.evidence.scores_file import load_scores
from weighbridge.weighing.stored import weigh_stored


def decision(sequential: bool = True) -> Decision:
    evidence = evidence_of(binary([0.9, 0.6], 300), cost=0.01, cluster=np.arange(300) // 2)
    answers = tuple(tuple(f"{name}{i}" for i in range(300)) for name in "ab")
    evidence = replace(evidence, answers=answers, meta={"topic": ("x",) * 300, "cost": ("low",) * 300})
    return decide(weigh_stored(evidence, Question(), 1, sequential=sequential))


def test_evidence_is_long_and_in_draw_order() -> None:
    found = decision()
    evidence = found.evidence
    assert evidence is not None
    frame = found.to_polars()
    assert frame.equals(evidence.to_polars())
    assert frame.height == int((evidence.status != NOT_ASKED).sum()) == found.calls.made
    assert frame["draw"].is_sorted()
    first = frame.row(0, named=True)
    item = int(evidence.order[0])
    assert first["item_id"] == f"item {item}"
    assert (first["model"], first["draw"], first["answer"]) == ("a", 0, f"a{item}")
    assert (first["status"], first["cost"], first["cluster"]) == ("ok", 0.01, item // 2)
    assert (first["topic"], first["meta_cost"]) == ("x", "low")
    assert found.to_pandas().shape == found.to_arrow().shape == frame.shape


@pytest.mark.parametrize("table", ["candidates", "pairs", "findings", "trace"])
def test_every_table_in_every_library(table: str) -> None:
    found = decision()
    polars, pandas, arrow = found.to_polars(table), found.to_pandas(table), found.to_arrow(table)
    assert list(polars.columns) == list(pandas.columns) == arrow.column_names
    assert polars.height == len(pandas) == arrow.num_rows
    if table == "candidates":
        assert polars["interval_low"][0] == found.candidates[0].interval[0]
        assert polars["status_ok"].to_list() == [result.items for result in found.candidates]


def test_a_frame_can_be_weighed_again() -> None:
    found = decision(sequential=False)
    again = load_scores(found.to_polars(), models=["a", "b"]).evidence
    order = [found.evidence.items.index(name) for name in again.items]
    np.testing.assert_array_equal(again.score, found.evidence.score[:, order])


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(UsageError, match="polars is not installed") as caught:
        decision().to_polars()
    assert "pip install polars" in (caught.value.fix or "")


def test_what_is_not_there_is_said() -> None:
    import msgspec

    found = decision()
    with pytest.raises(UsageError, match="no table 'pair'"):
        found.to_polars("pair")
    read = msgspec.json.decode(found.to_json(), type=Decision)
    with pytest.raises(UsageError, match="read from JSON"):
        read.to_pandas()
