"""What is written for lm-eval is read back alike, by this project and by Arrow, which Hugging Face reads with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.evidence import NOT_ASKED, STATUS_CODES, Column, Evidence, Status
from weighbridge.logs.lm_eval import read_lm_eval
from weighbridge.logs.lm_eval_out import write_lm_eval
from weighbridge.logs.recognise import read_logs
from weighbridge.logs.table import evidence_of

RUNS = Path(__file__).parent / "fixtures" / "lm_eval" / "runs"


def test_real_logs_survive_the_way_out_and_in(tmp_path: Path) -> None:
    evidence, _ = evidence_of(read_logs(RUNS / "pairs-a") + read_logs(RUNS / "pairs-b"))
    write_lm_eval(evidence, tmp_path)
    again, _ = evidence_of(read_logs(tmp_path))
    assert [column.name for column in again.columns] == ["pairs-a", "pairs-b"]
    assert np.array_equal(again.score, evidence.score)
    assert again.answers == evidence.answers
    assert again.references == evidence.references
    for name, row in (("pairs-a", 0), ("pairs-b", 1)):
        tree = json.loads(next((tmp_path / name).glob("results_*")).read_text())
        assert tree["results"]["weighbridge"]["acc,none"] == sum(evidence.score[row]) / len(evidence.items)


def test_the_standard_error_is_lm_eval_s(tmp_path: Path) -> None:
    (log,) = read_logs(RUNS / "smollm2-135m")
    loose = read_lm_eval(log.path, "exact_match,flexible-extract")
    evidence, _ = evidence_of(loose)
    write_lm_eval(evidence, tmp_path)
    (again,) = read_logs(tmp_path)
    assert again.reported["acc,none"] == loose[0].reported["exact_match,flexible-extract"]
    assert again.reported["acc_stderr,none"] == loose[0].reported["exact_match_stderr,flexible-extract"]


texts = st.text(st.characters(codec="utf-8"), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), names=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3, unique=True))
def test_any_evidence_is_written_and_read_back(tmp_path_factory, data: st.DataObject, names: list[str]) -> None:
    n = data.draw(st.integers(1, 4))
    k = len(names)
    codes = st.sampled_from([*range(len(STATUS_CODES)), NOT_ASKED])
    status = np.array(data.draw(st.lists(st.lists(codes, min_size=n, max_size=n), min_size=k, max_size=k)), np.uint8)
    status[:, 0] = 0
    score = np.where(status == NOT_ASKED, np.nan, data.draw(st.floats(0, 1)))
    unknown = np.full((k, n), np.nan)
    rows = st.lists(st.none() | texts, min_size=n, max_size=n).map(tuple)
    evidence = Evidence(
        columns=tuple(Column(name, "open") for name in names),
        items=tuple(f"i{number}" for number in range(n)),
        order=np.arange(n),
        score=score,
        status=status,
        cost=unknown,
        latency=unknown,
        first_token=unknown,
        tokens_in=unknown,
        tokens_out=unknown,
        repeats=np.ones(k, np.int64),
        within=unknown,
        answers=tuple(data.draw(rows) for _ in names),
        questions=tuple(f"what is number {number}?" for number in range(n)),
        references=tuple(data.draw(texts) for _ in range(n)),
    )
    folder = tmp_path_factory.mktemp("out")
    write_lm_eval(evidence, folder)
    logs = read_logs(folder)
    assert len(logs) == k
    by_folder = {log.path.parent.name: [row.score for row in log.rows()] for log in logs}
    wanted = sorted([float(each) for each in row if not np.isnan(each)] for row in score)
    assert sorted(by_folder.values()) == wanted


def test_statuses_and_costs_stand_beside_lm_eval_s_keys(tmp_path: Path) -> None:
    evidence, _ = evidence_of(read_logs(RUNS / "pairs-a"))
    write_lm_eval(evidence, tmp_path)
    lines = next((tmp_path / "pairs-a").glob("samples_*")).read_text().splitlines()
    kept = [json.loads(line)["weighbridge"] for line in lines]
    assert {each["status"] for each in kept} == {Status.UNPARSABLE.value, Status.OK.value}
    assert {each["cost"] for each in kept} == {None}


def test_arrow_reads_the_lines_as_one_table(tmp_path: Path) -> None:
    reader = pytest.importorskip("pyarrow.json", reason="pyarrow is not installed")
    evidence, _ = evidence_of(read_logs(RUNS / "pairs-a"))
    write_lm_eval(evidence, tmp_path)
    table = reader.read_json(next((tmp_path / "pairs-a").glob("samples_*")))
    assert table.num_rows == 52
    assert table.column("acc").to_pylist() == evidence.score[0].tolist()
