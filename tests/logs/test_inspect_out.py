"""Evidence written as Inspect logs: read back the same, and opened by Inspect itself."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.evidence import NOT_ASKED, Evidence, Status
from weighbridge.logs.inspect_out import write_inspect
from weighbridge.logs.log import Log, Row
from weighbridge.logs.recognise import read_logs
from weighbridge.logs.table import evidence_of

FIXTURES = Path(__file__).parent / "fixtures" / "inspect"

OPEN_WITH_INSPECT = """
import json, sys
from inspect_ai.log import list_eval_logs, read_eval_log, read_eval_log_sample, read_eval_log_samples
from inspect_ai.log import recompute_metrics
told = []
for info in list_eval_logs(sys.argv[1]):
    log = read_eval_log(info)
    header = read_eval_log(info, header_only=True)
    assert header.results == log.results
    assert len(list(read_eval_log_samples(info, all_samples_required=True))) == len(log.samples)
    first = read_eval_log_sample(info, id=log.samples[0].id)
    assert first.input == log.samples[0].input
    before = log.results.scores[0].metrics["mean"].value
    recompute_metrics(log)
    told.append({
        "model": log.eval.model, "task": log.eval.task, "before": before,
        "after": log.results.scores[0].metrics["mean"].value,
        "stderr": log.results.scores[0].metrics["stderr"].value,
        "ids": [s.id for s in log.samples],
        "answers": [s.output.completion for s in log.samples],
        "errors": sum(s.error is not None for s in log.samples),
        "tokens": sum(u.total_tokens for s in log.samples for u in s.model_usage.values()),
    })
print(json.dumps(told))
"""


def weighed() -> Evidence:
    """Two models on the sums, with an answer that failed and one of each other status."""
    rows = [
        Row("sums/1", 1.0, question="1 + 1?", reference="2", answer="2", extracted="2", tokens_in=5, tokens_out=1,
            cost=0.01, latency=0.5, cluster="a", meta={"kind": "easy"}),
        Row("sums/2", 0.0, Status.REFUSED, question="2 + 2?", reference="4", answer="", cluster="a"),
        Row("sums/3", 0.0, Status.TRUNCATED, question="3 + 3?", reference="6", answer="It is", tokens_out=2),
        Row("x\u00e4 \U0001f600", 0.0, Status.UNPARSABLE, question="4 + 4?", reference="8", answer="eight or so"),
        Row("sums/5", None, Status.FAILED, question="5 + 5?", reference="10"),
        Row("sums/6", 0.25, question="6 + 6?", reference="12", answer="13", latency=1.25),
    ]  # fmt: skip
    one = Log(Path("a"), "test", "vendor/model: one", lambda: iter(rows))
    two = Log(Path("b"), "test", "two", lambda: iter([*rows[:4], Row("sums/5", 1.0, answer="10"), rows[5]]))
    return evidence_of([one, two])[0]


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    evidence = weighed()
    write_inspect(evidence, tmp_path, "adding up", when=0.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "adding-up_two.eval",
        "adding-up_vendor-model-one.eval",
    ]
    again, notes = evidence_of(sorted(read_logs(tmp_path), key=lambda log: log.model, reverse=True))
    assert notes == ()
    assert [column.name for column in again.columns] == ["vendor/model: one", "two"]
    assert again.items == evidence.items
    for name in ("score", "status", "cost", "latency", "cluster"):
        np.testing.assert_array_equal(getattr(again, name), getattr(evidence, name), err_msg=name)
    assert again.questions == evidence.questions
    assert again.references == evidence.references
    assert again.meta["kind"] == evidence.meta["kind"]
    assert again.tokens_in[0, 0] == 5
    assert again.answers is not None
    assert evidence.answers is not None
    assert [[text or "" for text in row] for row in again.answers] == [
        [text or "" for text in row] for row in evidence.answers
    ]


def test_the_same_evidence_gives_the_same_bytes_but_for_the_clock(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        write_inspect(weighed(), folder, when=1.0)
    [one], [two] = (read_logs(folder / "weighbridge_two.eval") for folder in (first, second))
    assert list(one.rows()) == list(two.rows())
    assert one.settings == two.settings


def test_what_was_not_asked_has_no_sample(tmp_path: Path) -> None:
    evidence = weighed()
    status, score = evidence.status.copy(), evidence.score.copy()
    status[0, 2], score[0, 2] = NOT_ASKED, np.nan
    write_inspect(replace(evidence, status=status, score=score), tmp_path)
    [log] = read_logs(tmp_path / "weighbridge_vendor-model-one.eval")
    assert "sums/3" not in [row.item_id for row in log.rows()]
    assert log.reported["mean"] == pytest.approx(np.nanmean(score[0]))


def test_models_whose_names_make_one_file_name_keep_two_files(tmp_path: Path) -> None:
    logs = [Log(Path(name), "test", name, lambda: iter([Row("x", 1.0)])) for name in ("a/b", "a:b", "A b")]
    write_inspect(evidence_of(logs)[0], tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(), max_size=12), min_size=1, max_size=4, unique=True), long=st.booleans())
def test_any_text_can_be_written(tmp_path: Path, texts: list[str], long: bool) -> None:
    rows = [Row(text * (200 if long else 1), 0.5, question=text, answer=text, reference=text) for text in texts]
    for old in tmp_path.iterdir():
        old.unlink()
    write_inspect(evidence_of([Log(Path("a"), "test", texts[0], lambda: iter(rows))])[0], tmp_path)
    [log] = read_logs(next(tmp_path.iterdir()))
    assert [row.score for row in log.rows()] == [0.5] * len({row.item_id for row in rows})


def inspect_python() -> str:
    """A Python that has inspect_ai: this one, or the one the environment names."""
    named = os.environ.get("WEIGHBRIDGE_INSPECT_PYTHON")
    if named:
        return named
    if importlib.util.find_spec("inspect_ai") is None:
        pytest.skip("inspect_ai is not installed (pip install inspect-ai)")
    return sys.executable


def test_inspect_opens_what_we_write(tmp_path: Path) -> None:
    evidence = evidence_of(
        [
            log
            for name in ("sums-small", "sums-large", "broken-small")
            for log in read_logs(FIXTURES / f"{name}.eval")
        ][:2]
    )[0]
    failing = evidence_of(read_logs(FIXTURES / "broken-small.eval"))[0]
    write_inspect(evidence, tmp_path, "sums")
    write_inspect(failing, tmp_path, "broken")
    write_inspect(replace(weighed(), cluster=None), tmp_path, "odd")
    done = subprocess.run(
        [inspect_python(), "-c", OPEN_WITH_INSPECT, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = {(entry["task"], entry["model"]): entry for entry in json.loads(done.stdout.splitlines()[-1])}
    assert len(told) == 5
    for k, column in enumerate(evidence.columns):
        entry = told["sums", column.name]
        assert entry["ids"] == sorted(evidence.items, key=lambda item: entry["ids"].index(item))
        assert entry["before"] == entry["after"] == pytest.approx(evidence.score[k].mean(), rel=1e-15)
        assert entry["stderr"] == pytest.approx(evidence.score[k].std(ddof=1) / len(evidence.items) ** 0.5, rel=1e-12)
        assert entry["tokens"] == np.nansum(evidence.tokens_in[k] + evidence.tokens_out[k])
    assert told["broken", "mockllm/small"]["errors"] == 1
    assert told["broken", "mockllm/small"]["after"] == pytest.approx(failing.score.mean())
    assert told["odd", "two"]["answers"][0] == "2"
    assert "x\u00e4 \U0001f600" in told["odd", "two"]["ids"]
