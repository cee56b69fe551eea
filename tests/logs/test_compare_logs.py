from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import weighbridge
from logs.samples import annotation, gsm, output, single, write_array, write_lines
from weighbridge.cli.main import cli
from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.conditions import settings_of
from weighbridge.logs.figures import Tally, disagreements, tallied
from weighbridge.logs.log import Log, Row, Settings
from weighbridge.logs.recognise import read_logs


def judged(path: Path, model: str, rate: float, items: int = 120, seed: int = 1) -> Path:
    rng = random.Random(f"{model}{seed}")
    return write_array(path, [annotation(n, 1.0 + (rng.random() < rate), model) for n in range(items)])


def solved(path: Path, model: str, rate: float, items: int = 150) -> Path:
    """Answers of which some are right but wear a unit where ZeroEval takes the first number."""
    rng = random.Random(model)
    elements = []
    for n in range(1, items + 1):
        right = rng.random() < rate
        text = f"2 times {n} and {n}: {3 * n}" if right and n % 3 == 0 else str(3 * n if right else 3 * n + 1)
        elements.append(gsm(n, json.dumps({"reasoning": "so", "answer": text}), model))
    return write_array(path, elements)


@pytest.fixture
def run() -> Callable[..., tuple[int, str]]:
    def ran(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(
            cli, ["compare", *map(str, arguments)], standalone_mode=False, catch_exceptions=False
        )
        return int(done.return_value or 0), done.output

    return ran


def test_two_logs_give_a_verdict_and_say_what_they_hold(tmp_path: Path, run: Callable[..., tuple[int, str]]) -> None:
    good = judged(tmp_path / "good" / "judge" / "annotations.json", "good", 0.9)
    poor = judged(tmp_path / "poor" / "judge" / "annotations.json", "poor", 0.2)
    rate = 100 * sum(row.score or 0 for row in read_logs(good)[0].rows()) / 120
    (good.parent / "leaderboard.csv").write_text(f",win_rate\ngood,{rate!r}\n")
    (poor.parent / "leaderboard.csv").write_text(",win_rate\npoor,99.5\n")
    code, shown = run(good, poor, "--json", tmp_path / "d.json", "--html", tmp_path / "d.html", "--side", "good=open")
    assert code == 0
    flat = " ".join(shown.split())
    assert f"alpaca_eval 120 {rate:.1f} % win_rate {rate:g}; the rows agree" in flat
    assert "win_rate 99.5; THE ROWS DIFFER" in flat
    assert "the log reports win_rate 99.5 for poor" in flat, "and a warning stands above the verdict"
    decision = json.loads((tmp_path / "d.json").read_text())
    assert decision["verdict"]["kind"] == "best"
    assert decision["verdict"]["candidates"] == ["good"]
    (pair,) = decision["pairs"]
    low, high = pair["interval"]
    assert low < pair["difference"] < high
    assert pair["items"] == 120
    assert [one["side"] for one in decision["candidates"] if one["name"] == "good"] == ["open"]
    assert "good" in (tmp_path / "d.html").read_text()


def test_with_json_on_standard_output_the_rest_goes_elsewhere(tmp_path: Path) -> None:
    logs = [judged(tmp_path / f"{name}.json", name, rate) for name, rate in (("good", 0.9), ("poor", 0.2))]
    done = CliRunner().invoke(cli, ["compare", *map(str, logs), "--json", "-"], standalone_mode=False)
    assert json.loads(done.stdout)["verdict"]["candidates"] == ["good"]
    assert "nothing to check" in done.stderr


def test_a_folder_is_read_with_every_log_in_it(tmp_path: Path) -> None:
    for name, rate in (("a", 0.9), ("b", 0.5), ("c", 0.1)):
        judged(tmp_path / f"{name}.json", name, rate)
    (tmp_path / "readme.md").write_text("no log")
    seen: list[Tally] = []
    decision = weighbridge.compare_logs(tmp_path, models=["c", "a"], told=seen.extend)
    assert [one.name for one in decision.candidates] == ["c", "a"]
    assert [tally.log.model for tally in seen] == ["c", "a"]
    assert decision.calls.made == 240
    assert decision.items == 120


def test_a_folder_may_hold_logs_of_several_tools(tmp_path: Path) -> None:
    judged(tmp_path / "b.json", "judged", 0.9)
    solved(tmp_path / "a.json", "solved", 0.9)
    write_lines(tmp_path / "c.jsonl", [single(1, 1, 5)])
    assert [log.model for log in read_logs(tmp_path)] == ["solved", "judged", "vicuna-13b"]
    with pytest.raises(UsageError, match="no item"):
        weighbridge.compare_logs(tmp_path)


def test_a_log_may_be_named_from_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    solved(tmp_path / "a.json", "a", 0.9)
    judged(tmp_path / "b" / "b.json", "b", 0.9)
    write_lines(tmp_path / "c" / "model_judgment" / "c.jsonl", [single(1, 1, 5)])
    for place, name in ((".", "a.json"), ("b", "b.json"), ("c/model_judgment", "c.jsonl")):
        monkeypatch.chdir(tmp_path / place)
        assert list(read_logs(name)[0].rows())
        assert read_logs(".")


def test_the_question_is_asked_as_of_a_table(tmp_path: Path) -> None:
    logs = [judged(tmp_path / f"{name}.json", name, rate) for name, rate in (("open", 0.8), ("closed", 0.3))]
    decision = weighbridge.compare_logs(
        *logs, sides={"open": "open", "closed": "closed"}, goal="non_inferior", margin=0.05, sequential=True, seed=4
    )
    assert decision.verdict.kind == "non_inferior"
    assert decision.calls.made < 240, "the race stopped before the pool was empty"


def test_stored_answers_are_scored_again_without_a_call(tmp_path: Path, run: Callable[..., tuple[int, str]]) -> None:
    logs = [solved(tmp_path / f"{name}.json", name, rate) for name, rate in (("good", 0.95), ("poor", 0.3))]
    before = weighbridge.compare_logs(*logs)
    after = weighbridge.compare_logs(*logs, rescore="numeric")
    scores = [{one.name: one.score for one in decision.candidates} for decision in (before, after)]
    assert scores[0]["good"] < 0.75 < 0.9 < scores[1]["good"], "the first number is not always the answer"
    assert after.evidence is not None
    assert after.evidence.extracted is not None
    again = weighbridge.compare_logs(*logs, rescore="numeric", rescore_settings={"read": "first", "absolute": 1e6})
    assert {one.score for one in again.candidates} == {1.0}
    code, shown = run(*logs, "--rescore", "numeric", "--rescore-set", "absolute=1e6")
    assert code in (0, 3)
    assert "100.0 %" in shown


def test_a_choice_takes_the_references_that_occur_as_options(tmp_path: Path) -> None:
    def picked(path: Path, model: str, letter: str) -> Path:
        choices = ["red", "green", "blue"]
        return write_array(
            path,
            [
                gsm(
                    n,
                    f"I say {choices[(n + (letter == 'x')) % 3]}",
                    model,
                    choices=choices,
                    correct_answer=choices[n % 3],
                )
                for n in range(1, 91)
            ],
        )

    logs = [picked(tmp_path / "a.json", "a", "right"), picked(tmp_path / "b.json", "b", "x")]
    decision = weighbridge.compare_logs(*logs, rescore="choice")
    assert {one.name: one.score for one in decision.candidates} == {"a": 1.0, "b": 0.0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rescore": "numerik"}, "there is no scorer 'numerik'"),
        ({"rescore": "numeric", "rescore_settings": {"tolerance": 1}}, "has no setting 'tolerance'"),
        ({"rescore": "exact"}, "the log has no reference answer"),
        ({"rescore_settings": {"absolute": 1}}, "without one"),
        ({"models": ["goood"]}, "no log is of a model 'goood'"),
        ({"sides": {"pour": "open"}}, "no log is of a model 'pour'"),
        ({"format": "alpaca"}, "there is no log format 'alpaca'"),
        ({"margin": 0.1, "marge": 1}, "unknown option 'marge'"),
        ({"reference": "nobody"}, "'nobody'"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, options: dict, message: str) -> None:
    logs = [judged(tmp_path / f"{name}.json", name, rate) for name, rate in (("good", 0.9), ("poor", 0.2))]
    with pytest.raises(UsageError, match=message) as caught:
        weighbridge.compare_logs(*logs, **options)
    assert caught.value.fix


def test_answers_alone_have_nothing_to_compare(tmp_path: Path) -> None:
    logs = [write_array(tmp_path / f"{m}.json", [output(n, m) for n in range(9)]) for m in ("a", "b")]
    with pytest.raises(UsageError) as caught:
        weighbridge.compare_logs(*logs)
    assert "a lacks 9" in caught.value.what


def test_a_log_named_twice_is_a_mistake(tmp_path: Path) -> None:
    path = judged(tmp_path / "a.json", "a", 0.5)
    with pytest.raises(UsageError, match="named twice"):
        weighbridge.compare_logs(path, tmp_path / "." / "a.json")


def test_one_log_of_one_model_is_no_comparison(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to compare"):
        weighbridge.compare_logs(judged(tmp_path / "a.json", "a", 0.5))


def test_options_for_tables_are_refused_with_logs(tmp_path: Path, run: Callable[..., tuple[int, str]]) -> None:
    logs = [judged(tmp_path / f"{name}.json", name, 0.5) for name in "ab"]
    with pytest.raises(UsageError, match="--column is for one table"):
        run(*logs, "--column", "score=x")


def test_one_table_goes_on_as_before(tmp_path: Path, run: Callable[..., tuple[int, str]]) -> None:
    table = tmp_path / "scores.jsonl"
    rows = [{"id": n, "model": m, "score": int(m == "a")} for n in range(60) for m in "ab"]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, shown = run(table)
    assert code == 0
    assert "the log reports" not in shown
    with pytest.raises(UsageError, match="no such file"):
        run(tmp_path / "scores.jsonk")


def test_tables_may_stand_beside_each_other_and_beside_logs(tmp_path: Path) -> None:
    log = solved(tmp_path / "log.json", "logged", 0.5)
    for name, rate in (("a", 0.9), ("b", 0.2)):
        rng = random.Random(name)
        lines = ["id,model,score,cost,side,answer"]
        for n in range(1, 151):
            score = "" if n == 7 and name == "a" else int(rng.random() < rate)
            lines.append(f"gsm8k-main-test-#{n},{name},{score},0.002,open,no. {n}")
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    seen: list[Tally] = []
    decision = weighbridge.compare_logs(tmp_path / "a.csv", tmp_path / "b.csv", log, told=seen.extend)
    assert [one.name for one in decision.candidates] == ["a", "b", "logged"]
    assert [(tally.log.format, tally.items) for tally in seen] == [("table", 149), ("table", 150), ("zeroeval", 150)]
    assert decision.items == 149
    assert decision.verdict.candidates == ["a"]
    assert [one.side for one in decision.candidates] == ["open", "open", "unknown"]
    assert decision.candidates[0].cost_per_1000 == pytest.approx(2.0)
    assert decision.evidence is not None
    assert decision.evidence.answers is not None
    assert decision.evidence.answers[1][0] == "no. 1"


def counted(reported: dict[str, float], scores: list[float | None], metric: str | None = None) -> Tally:
    rows = [Row(str(number), score) for number, score in enumerate(scores)]
    log, tally = tallied(Log(Path("x"), "f", "m", lambda: iter(rows), Settings(metric=metric), reported=reported))
    list(log.rows())
    return tally


@given(st.integers(1, 400), st.integers(0, 400), st.sampled_from([1, 10, 100]), st.integers(2, 6))
def test_a_figure_agrees_at_the_last_digit_it_is_printed_with(
    items: int, right: int, scale: int, digits: int
) -> None:
    right = min(right, items)
    printed = round(scale * right / items, digits)
    tally = counted({"accuracy": printed}, [1.0] * right + [0.0] * (items - right))
    assert tally.agrees is True
    off = counted({"accuracy": printed + 3 * 10**-2}, [1.0] * right + [0.0] * (items - right))
    expected = any(abs(round(s * right / items, 6) - (printed + 0.03)) < 0.006 for s in (1, 10, 100))
    assert off.agrees is expected


def test_which_figure_is_the_mean() -> None:
    assert counted({"stderr": 0.1, "acc,none": 0.5}, [1.0, 0.0]).reported == ("acc,none", 0.5)
    assert counted({"f1": 0.5, "acc": 0.9}, [1.0, 0.0], "f1").reported == ("f1", 0.5)
    assert counted({"stderr": 0.5}, [1.0, 0.0]).reported is None
    assert counted({"accuracy": 0.5}, [None, None]).agrees is None


def test_repeats_are_averaged_within_the_item_first() -> None:
    rows = [Row("a", 1.0), Row("a", 0.0, repeat=1), Row("b", 1.0)]
    log, tally = tallied(Log(Path("x"), "f", "m", lambda: iter(rows)))
    list(log.rows())
    list(replace(log).rows())
    assert (tally.answers, tally.items, tally.mean) == (3, 2, 0.75), "a second reading starts afresh"


def test_answers_that_a_tool_leaves_out_of_its_figure_are_told_apart() -> None:
    rows = [Row("a", 1.0), Row("b", 0.0), Row("c", None, Status.FAILED), Row("d", 1.0)]
    log, tally = tallied(Log(Path("x"), "f", "m", lambda: iter(rows), reported={"accuracy": 2 / 3}))
    list(log.rows())
    assert (tally.mean, tally.agrees, tally.agrees_without) == (0.5, False, True)
    assert disagreements([tally]) == (
        "x: the log reports accuracy 0.666667 for m without one answer that has no score; here that counts 0.",
    )


def log_of(model: str, task: str, **settings: object) -> Log:
    rows = [Row("a", 1.0)]
    return Log(Path(f"{model}-{task}"), "f", model, lambda: iter(rows), Settings(task=task, model=model, **settings))


def test_conditions_are_those_of_the_tasks_that_all_have() -> None:
    sums, words = {"decoding": {"temperature": 0.0}, "shots": 0}, {"decoding": {"temperature": 0.7}, "shots": 0}
    logs = [log_of("a", "words", **words), log_of("a", "sums", **sums), log_of("b", "sums", **sums)]
    found = settings_of(logs)
    assert found["a"].task == found["b"].task == "sums"
    assert found["a"].decoding == {"temperature": 0.0}
    both = settings_of([*logs, log_of("b", "words", **words)])
    assert both["a"].decoding == both["b"].decoding == {"temperature": [0.0, 0.7]}
    assert both["a"].task == "sums | words"
    assert both["a"].shots == 0


def test_one_file_of_no_known_format_is_told_what_was_looked_for(tmp_path: Path) -> None:

    from weighbridge.errors import UsageError

    (tmp_path / "notes.md").write_text("# nothing to weigh\n")
    with pytest.raises(UsageError, match=r"looked for Inspect log.*lm-evaluation-harness.*Every Eval Ever"):
        CliRunner().invoke(cli, ["compare", str(tmp_path / "notes.md")], catch_exceptions=False)
