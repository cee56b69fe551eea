"""The same item comes out of every layout in which a data set is published."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.tasks.item import Item
from weighbridge.tasks.suites import suite_task, suites
from weighbridge.tasks.suites.shapes import SHAPES


def made(name: str, rows: list[dict], tmp_path: Path, **arguments):
    suite = suites()[name]
    path = tmp_path / f"{suite.data.files[0]}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return suite_task(name, data=[tmp_path], **arguments)


def plain(item: Item) -> tuple:
    return (
        item.id,
        item.reference,
        item.cluster,
        {k: v for k, v in item.fields.items() if k not in ("idx", "label")},
    )


NESTED = {
    "idx": 7,
    "passage": {
        "text": "Ann has a cat.",
        "questions": [
            {
                "idx": 3,
                "question": "Who?",
                "answers": [{"idx": 1, "text": "Ann", "label": 1}, {"idx": 2, "text": "Bob", "label": 0}],
            }
        ],
    },
}
FLAT = [
    {
        "paragraph": "Ann has a cat.",
        "question": "Who?",
        "answer": text,
        "idx": {"paragraph": 7, "question": 3, "answer": number},
        "label": label,
    }
    for number, text, label in ((1, "Ann", 1), (2, "Bob", 0))
]


def test_multirc_nested_and_flat(tmp_path: Path) -> None:
    nested = made("multirc", [NESTED], tmp_path / "a").task.items
    flat = made("multirc", FLAT, tmp_path / "b").task.items
    assert [plain(item) for item in nested] == [plain(item) for item in flat]
    assert [item.reference for item in nested] == ["yes", "no"]
    assert {item.cluster for item in nested} == {"7"}


def test_record_nested_and_flat(tmp_path: Path) -> None:
    text = "Ann Lee met Bob.\n@highlight\nBob left"
    nested = {
        "idx": 1,
        "passage": {"text": text, "entities": [{"start": 0, "end": 6}, {"start": 12, "end": 14}]},
        "qas": [{"idx": 2, "query": "@placeholder left", "answers": [{"text": "Bob", "start": 12, "end": 14}]}],
    }
    flat = {
        "passage": text,
        "query": "@placeholder left",
        "entities": ["Ann Lee", "Bob"],
        "answers": ["Bob"],
        "idx": {"passage": 1, "query": 2},
    }
    one = made("record", [nested], tmp_path / "a").task.items[0]
    other = made("record", [flat], tmp_path / "b").task.items[0]
    assert plain(one) == plain(other)
    assert one.reference == ["Bob"]
    assert one.fields["passage"] == "Ann Lee met Bob. Bob left"


def test_arc_with_letters_numbers_and_the_original_release(tmp_path: Path) -> None:
    texts = ["air", "rock", "sea", "tree"]
    rows = [
        {"id": "a", "question": "Q?", "choices": {"text": texts, "label": list("ABCD")}, "answerKey": "C"},
        {"id": "b", "question": "Q?", "choices": {"text": texts[:3], "label": list("123")}, "answerKey": "3"},
        {
            "id": "c",
            "question": {
                "stem": "Q?",
                "choices": [{"text": t, "label": name} for t, name in zip(texts, "ABCD", strict=True)],
            },
            "answerKey": "C",
        },
    ]
    items = made("arc_easy", rows, tmp_path).task.items
    assert [item.reference for item in items] == ["C", "C", "C"]
    assert items[1].fields["option_texts"] == texts[:3]


def test_mmlu_and_its_parts(tmp_path: Path) -> None:
    rows = [
        {"question": f"{n}?", "choices": ["a", "b", "c", "d"], "answer": n % 4, "subject": subject}
        for n, subject in enumerate(["anatomy", "law", "anatomy", "law", "anatomy"])
    ]
    whole = made("mmlu", rows, tmp_path)
    assert [item.reference for item in whole.task.items] == ["A", "B", "C", "D", "A"]
    assert whole.task.choices == ("A", "B", "C", "D")
    part = suite_task("mmlu/anatomy", data=[tmp_path])
    assert part.whole == 3
    with pytest.raises(UsageError, match="anatomi") as wrong:
        suite_task("mmlu/anatomi", data=[tmp_path])
    assert "anatomy" in (wrong.value.fix or "")


def test_hellaswag_is_cleaned_as_lm_eval_does(tmp_path: Path) -> None:
    hellaswag = pytest.importorskip("lm_eval.tasks.hellaswag.utils")
    row = {
        "activity_label": "Baking",
        "ctx_a": "A man  [substeps] mixes. [title] Next",
        "ctx_b": "he stirs",
        "endings": ["[header] It  cools.", "It bakes.", "He goes.", "No."],
        "label": "1",
        "source_id": "v1",
    }
    item = made("hellaswag", [row], tmp_path).task.items[0]
    assert item.fields["query"] == hellaswag.preprocess("Baking: " + row["ctx_a"] + " " + row["ctx_b"].capitalize())
    assert item.fields["option_texts"] == [hellaswag.preprocess(ending) for ending in row["endings"]]
    assert (item.reference, item.cluster) == ("B", "v1")


def test_truthfulqa_is_shuffled_alike_from_csv_and_hub(shared_data: Path, tmp_path: Path) -> None:
    ours = suite_task("truthfulqa_mc1", data=[shared_data])
    letters = [str(item.reference) for item in ours.task.items]
    assert 0.1 < letters.count("A") / len(letters) < 0.45  # in the data the true one is always the first
    first = ours.task.items[0]
    texts = list(first.fields["option_texts"])
    right = texts["ABCDEFGHIJ".index(letters[0])]
    row = {
        "question": first.fields["question"],
        "mc1_targets": {
            "choices": [right, *(t for t in texts if t != right)],
            "labels": [1] + [0] * (len(texts) - 1),
        },
    }
    hub = made("truthfulqa_mc1", [row], tmp_path).task.items[0]
    assert hub.fields["option_texts"] == texts
    assert hub.reference == first.reference


def test_medqa_in_both_layouts(tmp_path: Path) -> None:
    options = {"A": "rest", "B": "drug", "C": "knife", "D": "none"}
    one = made(
        "medqa", [{"question": "What?", "options": options, "answer_idx": "B", "answer": "drug"}], tmp_path / "a"
    )
    row = {"sent1": "What?", "label": 1, **{f"ending{n}": text for n, text in enumerate(options.values())}}
    other = made("medqa", [row], tmp_path / "b")
    assert plain(one.task.items[0]) == plain(other.task.items[0])
    assert one.task.items[0].reference == "B"


def test_flip_names_mutations(shared_data: Path) -> None:
    suite = suite_task("flip_gb1", data=[shared_data], limit=30)
    assert suite.whole == 2078
    assert suite.shots == 8
    turns = suite.task.prompts["default"].render(suite.task.items[0])
    assert turns[1].content.startswith("Mutations: ")
    assert float(turns[2].content) >= 0
    assert all(3 <= len(str(item.fields["mutations"]).split()) <= 4 for item in suite.task.items)


def test_mbpp_keeps_its_test_part(shared_data: Path) -> None:
    suite = suite_task("mbpp", data=[shared_data])
    assert suite.whole == 500
    assert {int(item.id) for item in suite.task.items} == set(range(11, 511))
    shown = suite_task("mbpp", data=[shared_data], shots=3, limit=5).task.prompts["default"]
    assert "```python" in shown.render(suite.task.items[0])[2].content


def test_legalbench_has_each_tasks_own_answers(shared_data: Path) -> None:
    suite = suite_task("legalbench", data=[shared_data])
    by_task: dict[str, set[str]] = {}
    for item in suite.task.items:
        by_task.setdefault(item.meta["task"], set()).add("|".join(item.fields["option_texts"]))
    assert all(len(options) == 1 for options in by_task.values())
    assert by_task["abercrombie"] == {"arbitrary|descriptive|fanciful|generic|suggestive"}


def test_a_limit_draws_whole_groups_at_random(shared_data: Path) -> None:
    whole = suite_task("xquad_en", data=[shared_data])
    some = suite_task("xquad_en", data=[shared_data], limit=40, seed=1)
    again = suite_task("xquad_en", data=[shared_data], limit=40, seed=1)
    other = suite_task("xquad_en", data=[shared_data], limit=40, seed=2)
    ids = [[item.id for item in suite.task.items] for suite in (some, again, other)]
    assert ids[0] == ids[1] != ids[2]
    chosen = {item.cluster for item in some.task.items}
    assert len(ids[0]) == sum(item.cluster in chosen for item in whole.task.items)
    assert 40 <= len(ids[0]) < 60
    assert some.digest == whole.digest


def test_every_shape_is_used_and_there() -> None:
    assert {suite.shape for suite in suites().values()} == set(SHAPES)


def test_a_gzip_of_the_shared_layout_is_read(tmp_path: Path) -> None:
    path = tmp_path / "copa.jsonl.gz"
    row = {"premise": "It rained.", "choice1": "Wet.", "choice2": "Dry.", "question": "effect", "label": 0}
    with gzip.open(path, "wt") as file:
        file.write(json.dumps(row) + "\n")
    item = suite_task("copa", data=[tmp_path]).task.items[0]
    assert item.fields["opening"] == "It rained therefore"
    assert item.reference == "A"
