from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.promptfoo import READER, read_promptfoo
from weighbridge.logs.recognise import read_logs
from weighbridge.logs.table import evidence_of

FIXTURES = Path(__file__).parent / "fixtures" / "promptfoo"
RESULTS = FIXTURES / "results.json"


def test_one_log_per_provider_and_prompt() -> None:
    logs = read_logs(RESULTS)
    assert [log.model for log in logs] == [
        "echo, plain",
        "echo, prompt.json",
        "keyword rules, plain",
        "keyword rules, prompt.json",
    ]
    rules = logs[2]
    assert rules.settings.tool == "promptfoo 0.123.1"
    assert rules.settings.task == "Ticket routing"
    assert rules.settings.decoding == {"temperature": 0, "max_tokens": 16}
    assert rules.settings.prompt_template is not None
    assert "{{message}}" in rules.settings.prompt_template
    assert rules.settings.scorer is not None
    assert rules.settings.scorer.startswith("icontains, latency (")


@pytest.mark.parametrize("metric", ["pass", "score", "team"])
def test_figures_are_those_that_promptfoo_reports(metric: str) -> None:
    for log in read_promptfoo(RESULTS, metric):
        rows = [row for row in log.rows() if metric != "team" or row.status != Status.FAILED]
        scores = [row.score for row in rows if row.score is not None]
        assert sum(scores) / len(scores) == pytest.approx(log.reported[metric], abs=1e-12)


def test_the_totals_are_those_of_the_whole_file() -> None:
    stats = json.loads(RESULTS.read_text())["results"]["stats"]
    rows = [row for log in read_logs(RESULTS) for row in log.rows()]
    assert sum(row.score == 1 for row in rows) == stats["successes"]
    assert sum(row.status == Status.FAILED for row in rows) == stats["errors"]


def test_what_a_row_holds() -> None:
    rows = {row.item_id: row for row in read_logs(RESULTS)[2].rows()}
    assert len(rows) == 12
    first = rows["0"]
    assert first.question == "My invoice shows the wrong amount"
    assert first.answer == "Team: billing"
    assert first.reference == "billing"
    assert first.prompt is not None
    assert first.prompt.startswith("Which team")
    assert first.meta == {"team": "billing", "customer": "c1"}
    assert first.cost == pytest.approx(1.6e-5)
    assert first.latency is not None
    assert 0 < first.latency < 0.2
    assert (first.tokens_in, first.tokens_out) == (24, 4)
    cached = rows["2"]
    assert cached.latency is None
    broken = rows["11"]
    assert broken.status == Status.FAILED
    assert broken.score == 0
    assert broken.error == "API error: 503 the server is busy"
    assert broken.answer is None
    assert "Grüße" in (rows["8"].question or "")


def test_repeats_are_answers_to_one_item() -> None:
    (log,) = read_logs(FIXTURES / "repeats.json")
    rows = list(log.rows())
    assert len(rows) == 36
    assert Counter(row.item_id for row in rows) == {str(n): 3 for n in range(12)}
    assert {row.repeat for row in rows} == {0, 1, 2}
    evidence, _ = evidence_of([log])
    assert evidence.repeats.tolist() == [3]
    assert evidence.score.mean() == pytest.approx(log.reported["pass"])


def test_lists_of_values_are_asked_in_turn_before_they_are_repeated() -> None:
    (log,) = read_logs(FIXTURES / "lists.json")
    rows = list(log.rows())
    questions = {
        item: {row.question for row in rows if row.item_id == item} for item in {row.item_id for row in rows}
    }
    assert sorted(questions) == ["0", "1", "2", "3"]
    assert all(len(asked) == 1 for asked in questions.values())
    assert Counter((row.item_id, row.repeat) for row in rows).most_common(1)[0][1] == 1


def test_json_lines_give_the_same_rows() -> None:
    whole = {log.model: {row.item_id: row for row in log.rows()} for log in read_logs(RESULTS)}
    lined = read_logs(FIXTURES / "results.jsonl")
    assert len(lined) == 4
    for log in lined:
        ends = (log.model.split(",")[0], log.model[-8:])
        name = next(name for name in whole if (name.split(",")[0], name[-8:]) == ends)
        for row in log.rows():
            same = whole[name][row.item_id]
            assert (row.score, row.question, row.answer, row.reference) == (
                same.score,
                same.question,
                same.answer,
                same.reference,
            )


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="team"):
        read_promptfoo(RESULTS, "teams")


def test_tests_without_an_assertion_have_no_score(tmp_path: Path) -> None:
    tree = json.loads(RESULTS.read_text())
    for result in tree["results"]["results"]:
        result["gradingResult"] = {"pass": True, "score": 1, "reason": "No assertions", "componentResults": []}
        result["success"], result["failureReason"], result["error"] = True, 0, None
    path = tmp_path / "bare.json"
    path.write_text(json.dumps(tree))
    assert {row.score for log in read_logs(path) for row in log.rows()} == {None}


def test_an_older_version_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text('{"evalId": "eval-1", "results": {"version": 2, "table": {}}}')
    with pytest.raises(UsageError, match="version 2"):
        read_logs(path)


def test_half_a_surrogate_pair_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text(RESULTS.read_text().replace("Where is my parcel?", "Where is my parcel? \\ud83d"))
    questions = {row.question for row in read_logs(path)[0].rows()}
    assert "Where is my parcel? \ufffd" in questions


def _survives(path: Path) -> None:
    """Reading gives rows or a UsageError that names the file, and nothing else."""
    try:
        if READER.recognise(path):
            for log in READER.read(path):
                for row in log.rows():
                    assert row.score is None or 0 <= row.score <= 1
    except UsageError as error:
        if str(path) not in (error.where or ""):
            raise


WHOLE = RESULTS.read_bytes()
LINES = (FIXTURES / "results.jsonl").read_bytes()


@given(content=st.sampled_from([WHOLE, LINES]), cut=st.floats(0, 1), swap=st.binary(max_size=4), at=st.floats(0, 1))
def test_damaged_files_end_in_one_clear_error(
    content: bytes, cut: float, swap: bytes, at: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "results.json"
    whole = content[: int(len(content) * cut)]
    place = int(len(whole) * at)
    path.write_bytes(whole[:place] + swap + whole[place + len(swap) :])
    _survives(path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = (
    *("vars", "score", "namedScores", "provider", "prompt", "gradingResult", "response", "testCase", "error"),
    *("failureReason", "latencyMs", "cost", "promptIdx", "testIdx", "success"),
)
ONE = json.loads(LINES.splitlines()[0])


@given(field=st.sampled_from(_FIELDS), value=_JSON)
def test_a_field_may_hold_anything(field: str, value: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("odd")
    one = {**ONE, field: value}
    (folder / "a.jsonl").write_text(json.dumps(one) + "\n")
    _survives(folder / "a.jsonl")
    tree = {"evalId": "e", "results": {"version": 3, "prompts": [], "results": [one]}, "config": {"providers": value}}
    (folder / "a.json").write_text(json.dumps(tree))
    _survives(folder / "a.json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"evalId": "e", "results": {"version": 3, "results": ' + b"[" * 100_000,
        b'{"evalId": "e", "results": {"version": 3, "results": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
        b'{"evalId": "e", "results": {"version": 3, "results": [NaN]}}',
        b'{"evalId": "e", "results": {"version": 3, "results": ["\xff"]}}',
        WHOLE.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + WHOLE,
    ],
    ids=["empty", "open", "deep", "nan", "latin", "utf-16", "bom"],
)
def test_hostile_files(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    _survives(path)
