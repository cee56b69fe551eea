"""Inspect's logs: what inspect_ai wrote is read as inspect_ai means it."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs import zips
from weighbridge.logs.inspect_reader import read_inspect
from weighbridge.logs.inspect_rows import number
from weighbridge.logs.log import Log
from weighbridge.logs.recognise import read_logs
from weighbridge.logs.table import evidence_of

FIXTURES = Path(__file__).parent / "fixtures" / "inspect"
EVERY = sorted(FIXTURES.iterdir())
SYSTEM = "You add numbers."


def one(name: str) -> Log:
    [log] = read_inspect(FIXTURES / name)
    return log


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
def test_the_accuracy_is_what_inspect_reports(path: Path) -> None:
    """Inspect's own rule: repeats are averaged within the item, answers it did not score are left out."""
    [log] = read_logs(path)
    by_item: dict[str, list[float]] = {}
    for row in log.rows():
        if row.score is not None:
            by_item.setdefault(row.item_id, []).append(row.score)
    ours = sum(statistics.mean(values) for values in by_item.values()) / len(by_item)
    stated = log.reported[log.settings.metric or ""]
    # The last bit depends on the order in which answers happened to come.
    assert ours == pytest.approx(stated, rel=1e-15, abs=0)
    assert f"{ours:.15f}" == f"{stated:.15f}"


@pytest.mark.parametrize("stem", ["epochs-large", "close-large"])
def test_both_file_kinds_hold_the_same(stem: str) -> None:
    def kept(name: str) -> list[tuple[str, int, str | None, float | None, Status]]:
        return sorted((row.item_id, row.repeat, row.question, row.score, row.status) for row in one(name).rows())

    zipped, plain = one(f"{stem}.eval"), one(f"{stem}.json")
    # Two runs of one seeded model: equal in number and items; the answers depend on who asked first.
    assert [row[:3] for row in kept(f"{stem}.eval")] == [row[:3] for row in kept(f"{stem}.json")]
    assert zipped.settings.decoding == plain.settings.decoding == {"max_tokens": 64, "temperature": 0.5}
    assert zipped.reported.keys() == plain.reported.keys()


def test_samples_in_chunks_are_the_same_samples() -> None:
    whole, chunked = one("epochs-small.eval"), one("chunked-small.eval")
    names = ("item_id", "repeat", "score", "status", "answer", "tokens_in", "tokens_out", "latency", "question")
    left = [tuple(getattr(row, name) for name in names) for row in whole.rows()]
    assert left == [tuple(getattr(row, name) for name in names) for row in chunked.rows()]
    assert chunked.reported == whole.reported


def test_everything_a_sample_holds_comes_along() -> None:
    log = one("sums-large.eval")
    row = next(row for row in log.rows() if row.score == 1)
    assert row.answer is not None
    assert row.answer.startswith("The sum is ")
    assert row.reference is not None
    assert row.reference in row.answer
    assert row.extracted == row.reference
    assert row.prompt == f"{SYSTEM}\n\n{row.question}"
    assert row.tokens_in is not None
    assert row.tokens_in > 5
    assert row.tokens_out == len(row.answer) // 4
    assert row.latency is not None
    assert row.latency > 0
    assert row.meta.keys() == {"carry", "digits"}
    settings = log.settings
    assert (settings.task, settings.model, settings.system_prompt) == ("sums", "mockllm/large", SYSTEM)
    assert settings.scorer == "match(numeric=true)"
    assert settings.metric == "accuracy"
    assert settings.tool == "inspect_ai 0.3.285"
    assert settings.when is not None
    assert settings.when.startswith("20")
    assert log.reported["includes/accuracy"] == log.reported["accuracy"]
    assert log.notes == ("The score weighed is 'match'; the log also has includes.",)


def test_the_order_is_that_of_the_dataset() -> None:
    assert [row.item_id for row in one("sums-small.eval").rows()] == [f"sum-{n}" for n in range(24)]


def test_an_error_is_a_failure_and_counts_nothing() -> None:
    log = one("broken-small.eval")
    row = next(row for row in log.rows() if row.item_id == "sum-3")
    assert (row.status, row.score, row.answer) == (Status.FAILED, None, None)
    assert row.error == "RuntimeError('the tool of sum-3 is gone')"
    assert "1 of 8 answers ended in an error" in log.notes[0]
    evidence, notes = evidence_of([log])
    assert evidence.score.mean() == pytest.approx(log.reported["accuracy"] * 7 / 8)
    assert any("Inspect leaves them out" in note for note in notes)


def test_refused_cut_and_ungraded_answers_have_their_status() -> None:
    rows = [row for path in EVERY for row in read_inspect(path)[0].rows()]
    seen = {row.status for row in rows}
    assert seen >= {Status.OK, Status.REFUSED, Status.TRUNCATED, Status.FAILED}
    assert all(row.score in (0.0, None) for row in rows if row.status != Status.OK)
    unscored = [row for row in one("close-large.json").rows() if row.score is None]
    assert unscored
    assert all(row.status == Status.REFUSED for row in unscored)


def test_a_value_of_several_members_gives_the_one_inspect_shows_first() -> None:
    log = one("values-small.eval")
    assert log.settings.scorer == "two_values.right"
    assert statistics.mean(row.score or 0.0 for row in log.rows()) == log.reported["accuracy"]


def test_two_logs_make_one_table() -> None:
    evidence, notes = evidence_of([one("epochs-small.eval"), one("epochs-large.json")])
    assert [column.name for column in evidence.columns] == ["mockllm/small", "mockllm/large"]
    assert evidence.repeats.tolist() == [3, 3]
    reported = [one("epochs-small.eval").reported["accuracy"], one("epochs-large.json").reported["accuracy"]]
    assert evidence.score.mean(axis=1).tolist() == pytest.approx(reported, rel=1e-15)
    assert notes == ("every model: The score weighed is 'graded'; the log also has closeness.",)


def test_a_folder_of_logs_is_read_whole(tmp_path: Path) -> None:
    for name in ("sums-small.eval", "sums-large.eval"):
        (tmp_path / name).write_bytes((FIXTURES / name).read_bytes())
    (tmp_path / "logs.json").write_text("[]")
    assert [log.model for log in read_logs(tmp_path)] == ["mockllm/large", "mockllm/small"]
    assert [log.model for log in read_logs(tmp_path, "inspect")] == ["mockllm/large", "mockllm/small"]


def test_of_several_attempts_at_a_run_the_last_good_one_counts(tmp_path: Path) -> None:
    whole = json.loads((FIXTURES / "close-large.json").read_text())
    for name, status, hour in (("1", "error", 1), ("2", "success", 2), ("3", "cancelled", 3)):
        whole["status"] = status
        whole["eval"]["created"] = f"2026-11-21T0{hour}:00:00+00:00"
        (tmp_path / f"{name}.json").write_text(json.dumps(whole))
    whole["eval"]["task_id"] = "another run"
    (tmp_path / "4.json").write_text(json.dumps(whole))
    logs = read_logs(tmp_path)
    assert [log.path.name for log in logs] == ["2.json", "4.json"]
    assert logs[0].notes == ("Other attempts at this run are left out: 1.json, 3.json.",)


def test_long_texts_are_fetched_from_where_inspect_keeps_them(tmp_path: Path) -> None:
    whole = json.loads((FIXTURES / "close-large.json").read_text())
    first = whole["samples"][0]
    text = first["input"]
    first["attachments"] = {"abc": text}
    first["input"] = first["messages"][1]["content"] = "attachment://abc"
    path = tmp_path / "kept.json"
    path.write_text(json.dumps(whole))
    row = next(read_logs(path)[0].rows())
    assert row.question == text
    assert row.prompt == f"{SYSTEM}\n\n{text}"


def test_limits_of_a_run_are_part_of_how_its_answers_came_about(tmp_path: Path) -> None:
    whole = json.loads((FIXTURES / "close-large.json").read_text())
    whole["eval"]["config"]["message_limit"] = 7
    whole["samples"][0]["limit"] = {"type": "message", "limit": 7}
    whole["samples"][0]["scores"]["closeness"]["value"] = 0
    path = tmp_path / "limited.json"
    path.write_text(json.dumps(whole))
    [log] = read_logs(path)
    assert log.settings.decoding["message_limit"] == 7
    assert next(log.rows()).status == Status.TRUNCATED


def test_the_name_does_not_decide(tmp_path: Path) -> None:
    odd = tmp_path / "scores.csv"
    odd.write_bytes((FIXTURES / "sums-small.eval").read_bytes())
    [log] = read_logs(odd)
    assert log.format == "inspect"


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import zipfile

    monkeypatch.setattr(zips, "_zip_class", lambda: zipfile.ZipFile)
    with pytest.raises(UsageError, match="zstandard") as caught:
        read_logs(FIXTURES / "sums-small.eval")
    assert caught.value.fix == "pip install 'weighbridge[logs]'"


def test_a_run_that_died_is_read_from_its_journal(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "dead.eval"
    with zips.open_zip(FIXTURES / "broken-small.eval") as whole, zipfile.ZipFile(path, "w") as dead:
        for name in whole.namelist():
            if name.startswith(("_journal", "samples/")) and "sum-7" not in name:
                dead.writestr(name, whole.read(name))
    [log] = read_logs(path)
    assert log.notes == ("The run ended as 'started'; 8 samples were planned.",)
    assert len(list(log.rows())) == 7
    assert log.settings.scorer == "match"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("C", 1.0), ("I", 0.0), ("P", 0.5), ("N", 0.0), (True, 1.0), (False, 0.0), (0.25, 0.25), (3, 3.0)),
        *(("Yes", 1.0), ("FALSE", 0.0), ("0.75", 0.75), ("1e-1", 0.1), (float("nan"), None), ("good", None)),
        *(({"a": 1}, None), ([1], None), (None, None), (10**400, None), ("1e999", None), ("inf", None), ("c", None)),
    ],
)
def test_values_are_numbers_as_inspect_takes_them(value: object, expected: float | None) -> None:
    assert number(value) == expected


def test_scores_beyond_one_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    whole = json.loads((FIXTURES / "close-large.json").read_text())
    for sample in whole["samples"]:
        sample["scores"]["closeness"]["value"] = 7.5
    whole["results"]["scores"][0]["metrics"]["mean"]["value"] = 7.5
    path = tmp_path / "graded.json"
    path.write_text(json.dumps(whole))
    [log] = read_logs(path)
    assert "not from 0 to 1" in log.notes[0]
    assert all(row.score is None for row in log.rows())


def test_a_judge_in_the_same_sample_is_not_on_the_candidates_bill(tmp_path: Path) -> None:
    whole = json.loads((FIXTURES / "close-large.json").read_text())
    for sample in whole["samples"]:
        sample["model_usage"] = {
            "openai/judge": {"input_tokens": 9000, "output_tokens": 900, "total_cost": 1.0},
            "mockllm/large": {
                "input_tokens": 5,
                "output_tokens": 2,
                "input_tokens_cache_read": 95,
                "total_cost": 0.25,
            },
        }
    path = tmp_path / "judged.json"
    path.write_text(json.dumps(whole))
    row = next(read_logs(path)[0].rows())
    assert (row.tokens_in, row.tokens_out, row.cost) == (100, 2, 0.25)
