"""Several logs become one score table: items matched, repeats averaged, what is missing counted."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import STATUS_CODES, Status
from weighbridge.logs.log import Log, Row, Settings
from weighbridge.logs.table import evidence_of


def log(model: str, rows: Sequence[Row], *, task: str | None = "sums", path: str = "a.eval") -> Log:
    return Log(Path(path), "test", model, lambda: iter(rows), Settings(task=task))


def test_items_are_matched_by_id_in_any_order() -> None:
    a = log("a", [Row("x", 1.0), Row("y", 0.0), Row("z", 0.5)])
    b = log("b", [Row("z", 0.25), Row("x", 0.0), Row("y", 1.0)])
    evidence, notes = evidence_of([a, b])
    assert evidence.items == ("x", "y", "z")
    assert evidence.score.tolist() == [[1.0, 0.0, 0.5], [0.0, 1.0, 0.25]]
    assert notes == ()


def test_numbers_that_stand_for_other_questions_give_way_to_the_text() -> None:
    a = log(
        "a", [Row("1", 1.0, question="How many legs has a cat?"), Row("2", 0.0, question="What is 2 + 2, please?")]
    )
    b = log(
        "b", [Row("1", 1.0, question="What is 2 + 2,  please?"), Row("2", 0.5, question="How many legs has a cat?")]
    )
    evidence, notes = evidence_of([a, b])
    assert evidence.score.tolist() == [[1.0, 0.0], [0.5, 1.0]]
    assert notes == ("b: 2 items were matched by the text of the question, as their ids differ.",)


def test_a_number_with_an_unknown_question_is_another_item() -> None:
    a = log("a", [Row("1", 1.0, question="How many legs has a cat?"), Row("2", 0.0, question="same old question")])
    b = log("b", [Row("1", 1.0, question="Who wrote the Iliad, then?"), Row("2", 0.5, question="same old question")])
    evidence, notes = evidence_of([a, b])
    assert evidence.items == ("2",)
    assert any("the number of another question" in note for note in notes)
    assert any("a lacks 1, b lacks 1" in note for note in notes)


def test_a_name_with_another_wording_stays_the_item_and_it_is_said() -> None:
    a = log("a", [Row("cat-legs", 1.0, question="How many legs has a cat?")])
    b = log("b", [Row("cat-legs", 0.0, question="Count the legs of a cat.")])
    evidence, notes = evidence_of([a, b])
    assert evidence.items == ("cat-legs",)
    assert any("another text" in note for note in notes)


def test_a_template_around_the_question_is_no_other_question() -> None:
    a = log("a", [Row("1", 1.0, question="How many legs has a cat?")])
    b = log("b", [Row("1", 0.0, question="Question: How many legs has a cat?\nAnswer:")])
    assert evidence_of([a, b])[1] == ()


def test_equal_questions_of_one_log_stay_apart() -> None:
    twins = [Row("p", 1.0, question="the same question"), Row("q", 0.0, question="the same question")]
    others = [Row("r", 0.25, question="the same question"), Row("s", 0.75, question="the same question")]
    evidence, _ = evidence_of([log("a", twins), log("b", others)])
    assert evidence.score.tolist() == [[1.0, 0.0], [0.25, 0.75]]


def test_repeats_are_averaged_within_the_item_and_the_worst_status_stands() -> None:
    rows = [
        Row("x", 1.0, repeat=0, cost=0.1, tokens_out=10, answer="first"),
        Row("x", None, Status.FAILED, repeat=1, cost=None),
        Row("x", 1.0, repeat=2, cost=0.3, tokens_out=20, answer="third"),
        Row("y", 1.0),
    ]
    evidence, _ = evidence_of([log("a", rows)])
    assert evidence.score[0].tolist() == pytest.approx([2 / 3, 1.0])
    assert evidence.within[0, 0] == pytest.approx(1 / 3)
    assert np.isnan(evidence.within[0, 1])
    assert evidence.repeats.tolist() == [3]
    assert STATUS_CODES[evidence.status[0, 0]] == Status.FAILED
    assert evidence.cost[0, 0] == pytest.approx(0.2)
    assert evidence.tokens_out[0, 0] == 15
    assert evidence.answers == (("first", None),)


def test_missing_answers_are_counted_by_model_and_left_out_or_failed() -> None:
    a = log("a", [Row("x", 1.0), Row("y", 1.0), Row("z", None)])
    b = log("b", [Row("x", 0.0)])
    shared, notes = evidence_of([a, b])
    assert shared.items == ("x",)
    assert "a: 1 answers have no score that could be read; they count as missing." in notes
    assert "a lacks 1, b lacks 2" in notes[-1]
    failed, notes = evidence_of([a, b], missing="failed")
    assert failed.score.tolist() == [[1, 1, 0], [0, 0, 0]]
    assert failed.statuses(1) == {"ok": 1, "refused": 0, "truncated": 0, "unparsable": 0, "failed": 2}
    assert "A missing score counts 0 (failed): a 1, b 2 of 3 items." in notes


def test_one_model_twice_is_told_apart_by_file() -> None:
    rows = [Row("x", 1.0)]
    evidence, _ = evidence_of([log("m", rows, path="one/run.eval"), log("m", rows, path="two/run.eval")])
    assert [column.name for column in evidence.columns] == ["m (one/run.eval)", "m (two/run.eval)"]
    evidence, _ = evidence_of([log("m", rows), log("m", rows)])
    assert [column.name for column in evidence.columns] == ["m (a.eval)", "m (a.eval) #2"]


def test_several_tasks_of_a_model_are_one_column() -> None:
    logs = [log(model, [Row("1", 1.0)], task=task) for model in "ab" for task in ("sums", "words")]
    evidence, _ = evidence_of(logs)
    assert [column.name for column in evidence.columns] == ["a", "b"]
    assert evidence.items == ("sums/1", "words/1")


def test_scores_that_are_none_and_logs_without_rows_are_told() -> None:
    with pytest.raises(UsageError, match="outside"):
        evidence_of([log("a", [Row("x", 7.0)])])
    with pytest.raises(UsageError, match="no answers"):
        evidence_of([log("a", [])])
    with pytest.raises(UsageError, match="no item has a score for every model"):
        evidence_of([log("a", [Row("x", 1.0)]), log("b", [Row("y", 1.0)])])


def test_clusters_and_metadata_come_along() -> None:
    rows = [Row("x", 1.0, cluster="c", meta={"kind": "a"}), Row("y", 1.0, cluster="c"), Row("z", 1.0)]
    evidence, _ = evidence_of([log("a", rows)])
    assert evidence.cluster is not None
    assert evidence.cluster.tolist() == [0, 0, 1]
    assert evidence.meta == {"kind": ("a", "", "")}


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.one_of(st.none(), st.floats(0, 1)), st.sampled_from(list(Status))),
        min_size=1,
        max_size=40,
    )
)
def test_means_and_variances_are_those_of_the_rows(drawn: list[tuple[int, float | None, Status]]) -> None:
    rows = [Row(f"i{item}", score, status, repeat=n) for n, (item, score, status) in enumerate(drawn)]
    kept: dict[str, list[float]] = {}
    for row in rows:
        kept.setdefault(row.item_id, [])
        if row.score is not None or row.status != Status.OK:
            kept[row.item_id].append(row.score or 0.0)
    evidence, _ = evidence_of([log("a", rows)], missing="failed")
    assert list(evidence.items) == list(kept)
    for n, values in enumerate(kept.values()):
        assert evidence.score[0, n] == pytest.approx(np.mean(values) if values else 0.0)
        if len(values) > 1:
            assert evidence.within[0, n] == pytest.approx(np.var(values, ddof=1), abs=1e-12)


@pytest.mark.slow
def test_fifty_models_by_fourteen_thousand_rows_stay_small() -> None:
    def rows(model: int) -> Iterator[Row]:
        for item in range(14_000):
            yield Row(
                str(item), float((item * 7 + model) % 3 == 0), question=f"Question number {item} of the large set",
                answer=f"answer {item} of model {model} " * 4, cost=0.001, latency=0.5, tokens_in=100, tokens_out=50,
            )  # fmt: skip

    logs = [Log(Path(f"{m}.eval"), "test", f"m{m}", lambda m=m: rows(m)) for m in range(50)]
    begun = time.process_time()
    evidence, notes = evidence_of(logs)
    seconds = time.process_time() - begun
    assert evidence.score.shape == (50, 14_000)
    assert notes == ()
    assert seconds < 30
    tracemalloc.start()
    evidence_of(logs[:5])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak * 10 < 1_000_000_000
