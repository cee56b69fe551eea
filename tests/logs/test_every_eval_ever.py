from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from report.sample import evidence, hostile
from weighbridge.errors import UsageError
from weighbridge.evidence import Evidence
from weighbridge.logs.every_eval_ever import READER, read_every_eval_ever
from weighbridge.logs.every_eval_ever_out import write_every_eval_ever
from weighbridge.logs.every_eval_ever_rows import Scale
from weighbridge.logs.recognise import read_logs
from weighbridge.logs.table import evidence_of

FIXTURES = Path(__file__).parent / "fixtures" / "every_eval_ever"
DATA = FIXTURES / "data"


def schema(name: str) -> Any:
    return json.loads((FIXTURES / "schema" / name).read_text(encoding="utf-8"))


AGGREGATE = jsonschema.Draft7Validator(schema("eval.schema.json"))
INSTANCE = jsonschema.Draft7Validator(schema("instance_level_eval.schema.json"))


def test_the_projects_own_converter_s_files_are_read() -> None:
    logs = read_logs(DATA / "sums")
    assert {log.model for log in logs} == {"pairs-a", "pairs-b"}
    for log in logs:
        scores = [row.score for row in log.rows() if row.score is not None]
        assert sum(scores) / len(scores) == pytest.approx(log.reported[log.settings.metric or "score"], abs=1e-9)
        assert (log.settings.tool or "").startswith("lm_eval")
        assert len(log.notes) == 1
        assert "scored as" in log.notes[0]
        row = next(iter(log.rows()))
        assert (row.question or "").startswith("Q: ")
        assert row.reference
        assert row.answer


def test_another_way_of_scoring_is_chosen_by_name() -> None:
    logs = read_every_eval_ever(DATA / "sums")
    names = {log.settings.task for log in logs}
    (other,) = {log.notes[0].split("scored as ")[1].removesuffix(" too.") for log in logs}
    assert {log.settings.task for log in read_every_eval_ever(DATA / "sums", other)} == {other}
    assert other not in names
    with pytest.raises(UsageError, match=other):
        read_every_eval_ever(DATA / "sums", other[:-1])


def test_a_whole_folder_makes_one_table() -> None:
    table, _ = evidence_of(read_logs(DATA))
    assert table.score.shape[0] == 2
    assert any(item.startswith("capitals") for item in table.items)


def test_aggregates_alone_cannot_be_paired(tmp_path: Path) -> None:
    (whole,) = (DATA / "sums").rglob("pairs-a/*.json")
    (tmp_path / "a.json").write_bytes(whole.read_bytes())
    with pytest.raises(UsageError, match="only aggregate scores"):
        read_logs(tmp_path / "a.json")


def test_a_path_in_the_file_is_not_followed(tmp_path: Path) -> None:
    (whole,) = (DATA / "sums").rglob("pairs-a/*.json")
    (lines,) = (DATA / "sums").rglob("pairs-a/*.jsonl")
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.jsonl").write_bytes(lines.read_bytes())
    tree = json.loads(whole.read_text())
    tree["detailed_evaluation_results"]["file_path"] = "../secret.jsonl"
    (inner / "a.json").write_text(json.dumps(tree))
    with pytest.raises(UsageError, match="only aggregate scores"):
        read_logs(inner / "a.json")


@pytest.mark.parametrize("table", [evidence(3, 60), hostile().evidence], ids=["plain", "hostile"])
def test_what_is_written_is_valid(table: Evidence, tmp_path: Path) -> None:
    write_every_eval_ever(table, tmp_path, "Ticket routing", when=1.0)
    wholes = sorted(tmp_path.rglob("*.json"))
    assert len(wholes) == 3
    for path in wholes:
        assert path.resolve().is_relative_to(tmp_path)
        tree = json.loads(path.read_text(encoding="utf-8"))
        AGGREGATE.validate(tree)
        lines = path.with_name(tree["detailed_evaluation_results"]["file_path"]).read_text(encoding="utf-8")
        assert len(lines.splitlines()) == tree["detailed_evaluation_results"]["total_rows"]
        for line in lines.splitlines():
            INSTANCE.validate(json.loads(line))


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    table = replace(evidence(2, 60), cluster=np.arange(60) // 2)
    write_every_eval_ever(table, tmp_path, "Ticket routing")
    logs = read_logs(tmp_path)
    back, _ = evidence_of(logs, missing="failed")
    names = [column.name for column in back.columns]
    place = {item: n for n, item in enumerate(back.items)}
    for k, column in enumerate(table.columns):
        row = names.index(column.name)
        for n, item in enumerate(table.items):
            at = place[item]
            assert back.score[row, at] == table.score[k, n]
            assert back.status[row, at] == table.status[k, n]
            np.testing.assert_allclose(back.cost[row, at], table.cost[k, n])
            np.testing.assert_allclose(back.latency[row, at], table.latency[k, n])
            assert back.tokens_in[row, at] == table.tokens_in[k, n]
    assert back.references is not None
    assert back.cluster is not None
    for log in logs:
        scores = [row.score for row in log.rows() if row.score is not None]
        assert log.reported[log.settings.metric or "score"] == pytest.approx(sum(scores) / len(scores))


@given(low=st.floats(-100, 100), width=st.floats(0.1, 100), share=st.floats(0, 1), turned=st.booleans())
def test_scores_are_put_on_0_to_1(low: float, width: float, share: float, turned: bool) -> None:
    scale = Scale.of({"min_score": low, "max_score": low + width, "lower_is_better": turned})
    placed = scale.placed(low + share * width)
    if placed is not None:
        assert placed == pytest.approx(1 - share if turned else share, abs=1e-6)
    assert scale.placed(low - width) is None
    assert Scale.of({"min_score": 1, "max_score": 1}) == Scale()


def _survives(path: Path) -> None:
    """Reading gives rows or a UsageError that names the file, and nothing else."""
    try:
        if READER.recognise(path):
            for log in READER.read(path):
                for row in log.rows():
                    assert row.score is None or 0 <= row.score <= 1
    except UsageError as error:
        if str(path.parent) not in (error.where or ""):
            raise


(WHOLE_FILE,) = (DATA / "capitals").rglob("pairs-a/*.json")
(LINES_FILE,) = (DATA / "capitals").rglob("pairs-a/*.jsonl")
WHOLE, LINES = WHOLE_FILE.read_bytes(), LINES_FILE.read_bytes()


@given(which=st.booleans(), cut=st.floats(0, 1), swap=st.binary(max_size=4), at=st.floats(0, 1))
def test_damaged_files_end_in_one_clear_error(
    which: bool, cut: float, swap: bytes, at: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    content = WHOLE if which else LINES
    whole = content[: int(len(content) * cut)]
    place = int(len(whole) * at)
    damaged = whole[:place] + swap + whole[place + len(swap) :]
    (folder / WHOLE_FILE.name).write_bytes(damaged if which else WHOLE)
    (folder / LINES_FILE.name).write_bytes(LINES if which else damaged)
    _survives(folder / WHOLE_FILE.name)
    _survives(folder / LINES_FILE.name)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ONE = json.loads(LINES.splitlines()[0])
TREE = json.loads(WHOLE)


@given(field=st.sampled_from(sorted(ONE)), of_whole=st.sampled_from(sorted(TREE)), value=_JSON)
def test_a_field_may_hold_anything(
    field: str, of_whole: str, value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "a_samples.jsonl").write_text(json.dumps({**ONE, field: value}) + "\n" + json.dumps(ONE))
    _survives(folder / "a_samples.jsonl")
    (folder / "a.json").write_text(json.dumps({**TREE, of_whole: value}))
    _survives(folder / "a.json")


@pytest.mark.parametrize(
    "content",
    [b"", b'{"schema_version": ' + b"[" * 100_000, LINES.decode().encode("utf-16"), b"\xef\xbb\xbf" + LINES],
    ids=["empty", "deep", "utf-16", "bom"],
)
def test_hostile_files(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    _survives(path)
