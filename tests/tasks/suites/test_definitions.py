"""Every suite's definition is whole, on made-up rows where its data are not here."""

from __future__ import annotations

from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.models.protocol import Normalise
from weighbridge.tasks.scorers import SCORERS
from weighbridge.tasks.suites import definition, names_in, suite_task, suites
from weighbridge.tasks.suites.metrics import METRICS

HERE = (
    *("boolq", "cb", "copa", "record", "wic", "wsc", "gsm8k", "mmlu_pro", "truthfulqa_mc1", "truthfulqa_mc2"),
    *("humaneval", "mbpp", "pubmedqa", "legalbench", "mgsm_de", "mgsm_sw", "mgsm_zh", "xcopa_it", "xcopa_sw"),
    *("xquad_en", "xquad_es", "flip_gb1", "wmt22_de_en"),
)


def test_the_suites_that_were_promised() -> None:
    names = set(suites())
    assert names >= {*HERE, "multirc", "rte", "mmlu", "hellaswag", "arc_easy", "arc_challenge", "medqa"}
    assert names_in("superglue") == ["boolq", "cb", "copa", "multirc", "record", "rte", "wic", "wsc"]
    assert len(names_in("mgsm")) == len(names_in("xcopa")) == 11
    assert len(names_in("xquad")) == 12


def test_definitions_name_what_there_is() -> None:
    for suite in suites().values():
        scorer = suite.scorer if isinstance(suite.scorer, str) else suite.scorer["name"]
        assert scorer in SCORERS, suite.name
        assert set(suite.metrics) <= {*METRICS, "pass_at_k"}, suite.name
        assert suite.data.dataset or suite.data.fetch, suite.name
        assert suite.licence, suite.name
        assert "<" not in suite.name + suite.title + str(suite.data.config), suite.name
        assert not (suite.labels and suite.options), suite.name
    assert definition.Normalise == Normalise


@pytest.mark.parametrize("name", HERE)
def test_prompts_do_not_give_the_answer_away(name: str, shared_data: Path) -> None:
    suite = suite_task(name, data=[shared_data], limit=12)
    for item in suite.task.items:
        for prompt in suite.task.prompts.values():
            said = "\n".join(message.content for message in prompt.render(item))
            for column in ("canonical_solution", "code", "long_answer", "reference_a"):
                value = str(item.fields.get(column) or "")
                assert len(value) < 12 or value not in said, (name, column)
            if name in ("gsm8k", "flip_gb1", "humaneval"):
                assert str(item.reference) not in said.rsplit("Mutations: ", 1)[-1]
        assert suite.task.scorer is not None
    assert len({item.id for item in suite.task.items}) == len(suite.task.items)


def test_ways_of_answering() -> None:
    known = suites()
    assert known["boolq"].ways == ("generate", "choice", "loglikelihood")
    assert known["gsm8k"].ways == ("generate",)
    assert known["truthfulqa_mc2"].ways == ("loglikelihood",)


def test_examples_must_come_from_elsewhere(shared_data: Path) -> None:
    suite = suite_task("boolq", data=[shared_data], shots=4)
    turns = suite.task.prompts["default"].render(suite.task.items[0])
    assert [turn.role for turn in turns] == ["system", *["user", "assistant"] * 4, "user"]
    assert {turn.content for turn in turns if turn.role == "assistant"} <= {"yes", "no"}
    with pytest.raises(UsageError, match="no part that examples"):
        suite_task("pubmedqa", data=[shared_data], shots=2)
