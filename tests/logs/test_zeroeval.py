from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs.samples import gsm, write_array
from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.figures import tallied
from weighbridge.logs.recognise import read_logs
from weighbridge.logs.zeroeval_marks import blocks, choice_mark, literal_mark, number_mark, read_answer


@pytest.mark.parametrize(
    ("output", "right", "read"),
    [
        ('{"reasoning": "3 x 6", "answer": "18"}', True, "18"),
        ('Here it is:\n\n{\n "reasoning": "16 - 7",\n "answer": "$18.00 a day"\n}', True, "$18.00 a day"),
        ('{"reasoning": "...", "answer": 18}', True, "18"),
        ('{"reasoning": "...", "answer": "1,8"}', True, "1,8"),
        ('{"reasoning": "...", "answer": "36/2"}', True, "36/2"),
        ('{"reasoning": "...", "answer": "-18"}', False, "-18"),
        ('{"reasoning": "...", "answer": "9 pairs, that is 18"}', False, "9 pairs, that is 18"),
        ('{"reasoning": "a "quoted" word", "answer": "18"}', True, "18"),
        ('{"reasoning": "cut", "answer": 18', True, "18"),
        ("{reasoning: none, answer: 18}", True, "18}"),
        ('{"reasoning": "no number", "answer": "eighteen"}', False, "eighteen"),
        ("I think it is 18.", False, None),
        ('{"answer": "1/0"}', False, "1/0"),
    ],
)
def test_a_number_is_read_as_zeroeval_reads_it(output: str, right: bool, read: str | None) -> None:
    assert number_mark(output, "# 18") == (right, read)


def test_a_boxed_answer_counts_where_it_is_allowed() -> None:
    assert number_mark("so \\boxed{18}", "18", boxed=True) == (True, "18")
    assert number_mark("so \\boxed{18}", "18") == (False, None)


def test_a_literal_is_compared_letter_by_letter() -> None:
    assert literal_mark('{"answer": "[(4, 1)]"}', "[(4, 1)]")[0]
    assert literal_mark('{"answer": "abc"}', "'abc'")[0], "a bare text is put in quotes"
    assert not literal_mark('{"answer": "12"}', "'12'")[0], "but not a number"
    assert literal_mark('{"answer": {"a": 1}}', "{'a': 1}")[0]
    assert literal_mark("nothing", "1") == (False, None)


def test_a_choice_is_a_letter_and_the_last_object_counts() -> None:
    two = '{"reasoning": "first", "answer": "A"} no: {"reasoning": "then", "answer": "B"}'
    assert choice_mark(two, "green", ["red", "green"]) == (True, "B")
    assert choice_mark(two, "red", ["red", "green"]) == (False, "B")
    assert choice_mark('{"answer": 1}', "red", ["red", "green"])[0] is False


@given(st.text(alphabet='{}"\\ answer:,18\n', max_size=60))
def test_no_output_breaks_the_reading(output: str) -> None:
    right, read = number_mark(output, "18")
    assert not right or read is not None
    read_answer(output, last=True, boxed=True)
    assert all(block.count("{") == block.count("}") for block in blocks(output))


def test_depth_is_no_danger() -> None:
    deep = '{"answer": ' + "[" * 100_000 + "]" * 100_000 + "}"
    assert number_mark(deep, "18")[0] is False


def sample(path: Path) -> Path:
    said = ['{"answer": "3"}', '{"answer": "6"}', '{"answer": "7"}', "no idea"]
    return write_array(path, [gsm(n, text) for n, text in enumerate(said, start=1)])


def test_a_file_gives_rows_with_everything_it_says(tmp_path: Path) -> None:
    (log,) = read_logs(sample(tmp_path / "anything.txt"))
    rows = list(log.rows())
    assert [row.score for row in rows] == [1.0, 1.0, 0.0, 0.0]
    assert [row.status for row in rows] == [Status.OK] * 3 + [Status.UNPARSABLE]
    assert (log.model, log.settings.task, log.settings.metric) == ("org/Llama-3-8B", "gsm", "Acc")
    assert log.settings.decoding == {"engine": "vllm", "temperature": 0.0, "top_p": 1.0, "max_tokens": 4096}
    assert "{question}" in (log.settings.prompt_template or "")
    assert rows[0].item_id == "gsm8k-main-test-#1"
    assert rows[0].reference == "3"
    assert rows[0].extracted == "3"
    assert rows[0].question == "There are 1 ducks and twice as many geese. How many birds are there?"
    assert (rows[0].prompt or "").startswith("<|user|>")


def test_the_summary_is_what_the_log_reports(tmp_path: Path) -> None:
    path = sample(tmp_path / "result_dirs" / "gsm" / "Llama-3-8B.json")
    write_array(
        tmp_path / "result_dirs" / "gsm.summary.json",
        [
            {"Model": "other", "Mode": "greedy", "Acc": "12.00", "No answer": "0.00", "Total": 4},
            {"Model": "Llama-3-8B", "Mode": "greedy", "Acc": "50.00", "No answer": "25.00", "Total": 4},
        ],
    )
    log, tally = tallied(read_logs(path)[0])
    list(log.rows())
    assert log.reported == {"Acc": 50.0, "No answer": 25.0, "Total": 4.0}
    assert tally.agrees is True


def test_several_samples_are_repeats(tmp_path: Path) -> None:
    path = write_array(tmp_path / "x.json", [gsm(2, ['{"answer": "6"}', '{"answer": "5"}'])])
    assert [(row.repeat, row.score) for row in read_logs(path)[0].rows()] == [(0, 1.0), (1, 0.0)]


def test_what_the_evaluation_found_goes_before(tmp_path: Path) -> None:
    elements = [gsm(1, "x", matched=True), gsm(2, "x", matched=False), gsm(3, "x", matched="No answer extracted")]
    rows = list(read_logs(write_array(tmp_path / "x.json", elements))[0].rows())
    assert [(row.score, row.status) for row in rows] == [
        (1.0, Status.OK),
        (0.0, Status.OK),
        (0.0, Status.UNPARSABLE),
    ]


def test_what_was_found_counts_for_tasks_without_a_rule_too(tmp_path: Path) -> None:
    (log,) = read_logs(write_array(tmp_path / "x.json", [gsm(1, "x", matched=True, dataset="zebra", answer=None)]))
    assert [row.score for row in log.rows()] == [1.0]
    assert not log.notes


def test_other_tasks_are_marked_by_their_rule_or_not_at_all(tmp_path: Path) -> None:
    choice = gsm(1, '{"answer": "B"}', dataset="mmlu-redux", choices=["red", "green"], correct_answer="green")
    crux = gsm(2, '{"answer": "[1]"}', dataset="crux", answer="[1]")
    zebra = gsm(3, "{}", dataset="zebra-grid", answer=None, solution={"header": []})
    (log,) = read_logs(write_array(tmp_path / "x.json", [choice, crux, zebra]))
    rows = list(log.rows())
    assert [row.score for row in rows] == [1.0, 1.0, None]
    assert [row.reference for row in rows] == ["green", "[1]", None]
    assert log.notes == (
        "1 of 3 items of mmlu-redux have no answer in the file to mark against: score them again with a scorer of "
        "your own.",
    )


def test_an_output_that_never_came_has_failed(tmp_path: Path) -> None:
    elements = [gsm(1, '{"answer": "3"}'), gsm(2, "", output=[]), gsm(3, "", output=[None])]
    rows = list(read_logs(write_array(tmp_path / "x.json", elements))[0].rows())
    assert [row.status for row in rows] == [Status.OK, Status.FAILED, Status.FAILED]


def test_a_damaged_element_is_named(tmp_path: Path) -> None:
    path = write_array(tmp_path / "x.json", [gsm(1, "x"), gsm(2, "x", output="not a list")])
    with pytest.raises(UsageError) as caught:
        read_logs(path)
    assert caught.value.where == f"{path}: element 2"
