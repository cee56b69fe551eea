from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.openai_evals import READER, read_openai_evals
from weighbridge.logs.recognise import read_logs
from weighbridge.logs.table import evidence_of

FIXTURES = Path(__file__).parent / "fixtures" / "openai_evals"


@pytest.mark.parametrize("name", ["exact", "chatty", "loose"])
def test_accuracy_is_the_final_report(name: str) -> None:
    (log,) = read_logs(FIXTURES / f"{name}.jsonl")
    scores = [row.score for row in log.rows()]
    assert len(scores) == 8
    assert None not in scores
    assert sum(score or 0 for score in scores) / 8 == log.reported["accuracy"]


def test_what_a_run_log_holds() -> None:
    (log,) = read_logs(FIXTURES / "exact.jsonl")
    assert log.model == "rules/exact"
    assert (log.settings.task, log.settings.task_version) == ("routing", "routing.dev.v0")
    assert log.settings.scorer == "evals.elsuite.basic.match:Match"
    rows = {row.item_id: row for row in log.rows()}
    row = rows["routing.dev.1"]
    assert row.question == "Please refund the last payment"
    assert row.reference == "billing | Billing"
    assert row.answer == row.extracted == "billing"
    assert (row.tokens_in, row.tokens_out) == (7, 1)
    assert row.prompt is not None
    assert row.prompt.startswith("system: Answer with the team")
    assert "Grüße" in (rows["routing.dev.7"].question or "")


def test_two_runs_make_a_table() -> None:
    evidence, _ = evidence_of([*read_logs(FIXTURES / "exact.jsonl"), *read_logs(FIXTURES / "chatty.jsonl")])
    assert evidence.score.shape == (2, 8)
    assert evidence.score.mean(axis=1).tolist() == [0.75, 0.0]


def test_a_run_that_stopped_says_so(tmp_path: Path) -> None:
    lines = (FIXTURES / "exact.jsonl").read_text().splitlines()
    path = tmp_path / "stopped.jsonl"
    kept = [line for line in lines if "final_report" not in line]
    kept.append('{"sample_id": "routing.dev.9", "type": "error", "data": {"type": "Timeout", "message": "late"}}')
    path.write_text("\n".join(kept))
    (log,) = read_logs(path)
    assert "not have finished" in log.notes[0]
    failed = next(row for row in log.rows() if row.item_id == "routing.dev.9")
    assert (failed.status, failed.score, failed.error) == (Status.FAILED, 0.0, "Timeout: late")


def test_figures_of_metrics_events_can_be_the_score(tmp_path: Path) -> None:
    path = tmp_path / "graded.jsonl"
    spec = (FIXTURES / "exact.jsonl").read_text().splitlines()[0]
    events = [{"sample_id": f"g.{n}", "type": "metrics", "data": {"f1_score": n / 4, "em": 1}} for n in range(5)]
    path.write_text("\n".join([spec, *map(json.dumps, events)]))
    (log,) = read_logs(path)
    assert log.settings.metric == "f1_score"
    assert [row.score for row in log.rows()] == [0, 0.25, 0.5, 0.75, 1]
    with pytest.raises(UsageError, match="f1_score"):
        read_openai_evals(path, "f1-score")


def hosted(n: int, run: str = "run_a", model: str = "small", **changes: Any) -> dict[str, Any]:
    """One output item as the API gives it; `test_the_items_are_the_api_s_own` holds it against OpenAI's own types."""
    return {
        "id": f"outputitem_{n}",
        "object": "eval.run.output_item",
        "created_at": 1,
        "run_id": run,
        "eval_id": "eval_routing",
        "status": "pass" if n % 3 else "fail",
        "datasource_item_id": n,
        "datasource_item": {"ticket": f"Where is parcel {n}?", "correct_label": "shipping"},
        "results": [
            {"name": "label", "type": "string_check", "passed": n % 3 != 0, "score": float(n % 3 != 0)},
            {"name": "tone", "type": "score_model", "passed": True, "score": 0.75},
        ],
        "sample": {
            "input": [
                {"role": "developer", "content": "Name the team."},
                {"role": "user", "content": f"Where is parcel {n}?"},
            ],
            "output": [{"role": "assistant", "content": "shipping" if n % 3 else "billing"}],
            "finish_reason": "stop",
            "model": model,
            "usage": {"total_tokens": 21, "completion_tokens": 1, "prompt_tokens": 20, "cached_tokens": 0},
            "error": {"code": "", "message": ""},
            "temperature": 0.0,
            "max_completion_tokens": 64,
            "top_p": 1.0,
            "seed": 42,
        }
        | changes,
    }


def test_the_items_are_the_api_s_own() -> None:
    from openai.types.evals.runs import OutputItemListResponse

    made = OutputItemListResponse.model_validate(hosted(1), strict=True)
    assert made.to_dict()["sample"]["usage"]["prompt_tokens"] == 20


SHAPES = {
    "lines": lambda items: "\n".join(map(json.dumps, items)) + "\n",
    "array": lambda items: json.dumps(items, indent=1),
    "page": lambda items: json.dumps({"object": "list", "data": items, "has_more": False}),
    "pretty page": lambda items: json.dumps({"object": "list", "data": items}, indent=2),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_hosted_runs(shape: str, tmp_path: Path) -> None:
    path = tmp_path / "items"
    items = [hosted(n) for n in range(9)] + [hosted(n, "run_b", "large", finish_reason="length") for n in range(9)]
    path.write_text(SHAPES[shape](items))
    small, large = read_logs(path)
    assert (small.model, large.model) == ("small", "large")
    assert small.settings.decoding == {"temperature": 0.0, "top_p": 1.0, "max_completion_tokens": 64, "seed": 42}
    rows = list(small.rows())
    assert [row.score for row in rows] == [float(n % 3 != 0) for n in range(9)]
    assert rows[1].question == "Where is parcel 1?"
    assert rows[1].reference == "shipping"
    assert (rows[1].tokens_in, rows[1].tokens_out) == (20, 1)
    assert [row.status for row in large.rows()][:2] == [Status.TRUNCATED, Status.OK]
    assert [row.score for row in read_openai_evals(path, "tone")[0].rows()] == [0.75] * 9
    with pytest.raises(UsageError, match="label"):
        read_openai_evals(path, "labels")


def test_an_api_error_is_a_failed_answer(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    broken = hosted(1, error={"code": "rate_limit", "message": "slow down"}, output=[])
    path.write_text(json.dumps(broken) + "\n" + json.dumps(hosted(1)))
    first, again = read_logs(path)[0].rows()
    assert (first.status, first.score, first.error) == (Status.FAILED, 0.0, "rate_limit: slow down")
    assert again.repeat == 1


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


CONTENTS = [
    (FIXTURES / "exact.jsonl").read_bytes(),
    SHAPES["lines"]([hosted(n) for n in range(3)]).encode(),
    SHAPES["page"]([hosted(n) for n in range(3)]).encode(),
]


@given(content=st.sampled_from(CONTENTS), cut=st.floats(0, 1), swap=st.binary(max_size=4), at=st.floats(0, 1))
def test_damaged_files_end_in_one_clear_error(
    content: bytes, cut: float, swap: bytes, at: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "log"
    whole = content[: int(len(content) * cut)]
    place = int(len(whole) * at)
    path.write_bytes(whole[:place] + swap + whole[place + len(swap) :])
    _survives(path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    field=st.sampled_from(
        ["spec", "final_report", "sample_id", "type", "data", "prompt", "sampled", "usage", "correct"]
    ),
    kind=st.sampled_from(["match", "sampling", "metrics", "error"]),
    value=_JSON,
)
def test_a_field_may_hold_anything(
    field: str, kind: str, value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("odd") / "log.jsonl"
    spec = {"spec": {"completion_fns": ["a"], "eval_name": "b", "run_config": value}}
    data = {"prompt": "p", "sampled": ["s"], "correct": True, field: value}
    event = {"sample_id": "a.1", "type": kind, "data": data, field: value}
    path.write_text(json.dumps(spec) + "\n" + json.dumps(event) + "\n" + json.dumps({**event, "data": data}))
    _survives(path)
    item = hosted(1) | ({field: value} if field != "data" else {"datasource_item": value})
    item["sample"] |= {field: value, "input": value} if isinstance(value, list) else {"usage": value}
    path.write_text(json.dumps(item))
    _survives(path)


@pytest.mark.parametrize(
    "content",
    [b"", b'{"spec": ' + b"[" * 100_000, CONTENTS[0].decode().encode("utf-16"), b"\xef\xbb\xbf" + CONTENTS[0]],
    ids=["empty", "deep", "utf-16", "bom"],
)
def test_hostile_files(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    _survives(path)
