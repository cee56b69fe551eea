"""Other tools' logs are judged as they are, under the models and items that a comparison of them has."""

from __future__ import annotations

from pathlib import Path

import pytest

from judge.test_judging import HERE
from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.judge.asking import RUBRIC
from weighbridge.judge.judgement import asked_of
from weighbridge.judge.judging import judge_now
from weighbridge.judge.log_answers import answers_of
from weighbridge.logs.log import Log, Row, Settings
from weighbridge.logs.recognise import read_logs
from weighbridge.models.specs import open_model
from weighbridge.store import open_store

FIXTURES = Path(__file__).resolve().parents[1] / "logs" / "fixtures"


def test_real_logs_of_two_models_and_two_tasks(tmp_path: Path) -> None:
    runs = FIXTURES / "lm_eval" / "runs"
    given = answers_of([log for name in ("pairs-a", "pairs-b") for log in read_logs(runs / name)])
    assert len(given.models) == 2
    assert {item.split("/")[0] for item in given.items} == {"capitals", "sums"}
    assert all((model, item) in given.texts for model in given.models for item in given.items)
    assert set(given.questions) == set(given.items)
    asked = asked_of(given, given.models[1], None, RUBRIC, controls=2)
    with open_store(tmp_path / "a.db") as store:
        found = judge_now(asked, open_model("python:judges.likes_length", base_dir=HERE), store)
    assert found.items == len(given.items)


def made(name: str, rows: list[Row], **settings: str) -> Log:
    return Log(Path(f"{name}.json"), "made", name, lambda: iter(rows), Settings(**settings), side="open")


def test_what_a_log_says_is_carried_on() -> None:
    rows = [
        Row("1", 1.0, answer="<think>so</think>yes", question="q?", reference="yes", cost=0.5, cluster="c"),
        Row("1", 0.0, repeat=1, answer="no"),
        Row("2", None, status=Status.FAILED, answer="Traceback", question="r?"),
        Row("3", 1.0, question="no answer kept"),
    ]
    given = answers_of([made("m", rows, model="vendor/llama-3")])
    assert given.texts == {("m", "1"): "yes", ("m", "2"): ""}
    assert given.items == ("1", "2")
    assert given.carried["m", "1"] == {"cost": "0.5", "cluster": "c", "side": "open"}
    assert given.carried["m", "2"]["status"] == "failed"
    assert given.references == {"1": "yes"}
    assert given.specs == {"m": "vendor/llama-3"}
    with pytest.raises(UsageError, match="no answers"):
        answers_of([made("m", rows[3:])])
