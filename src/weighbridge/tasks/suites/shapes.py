"""Rows as the data sets keep them, made into one row an item. A suite's definition names its shape."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from weighbridge.tasks.normalise import as_text
from weighbridge.tasks.options import LETTERS
from weighbridge.tasks.suites.nested import multirc, record

Row = dict[str, Any]
Shape = Callable[[Iterable[Row], Mapping[str, Any], bool], Iterator[Row]]
"""(rows, the suite's settings, whether examples are wanted) -> rows. Raises KeyError for a column that is missing."""

MOST_LABELS = 12
"""Distinct answers up to which a legal task is one of classification."""


def plain(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """As they are."""
    yield from rows


def copa(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """The premise opened towards the options; the label as a number, also where it is ``choice2``."""
    for row in rows:
        premise = str(row["premise"]).strip()
        opening = f"{premise[:-1]} {settings['connectors'][row['question']]}"
        label = as_text(row["label"])
        yield {**row, "opening": opening, "gold": int(label) if label.isdigit() else int(label[-1]) - 1}


def wsc(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """The pronoun marked with stars; the same marking as lm-eval's, also where the data point beside the pronoun (one
    validation item, 2026-11-21). Spans are counted in words."""
    for row in rows:
        target = row.get("target") or row
        words, pronoun = str(row["text"]), str(target["span2_text"])
        before = " ".join(words.split()[: int(target["span2_index"])])
        behind = words[len(before) + len(pronoun) + 1 :]
        yield {
            **{name: value for name, value in row.items() if name != "target"},
            **{name: target[name] for name in ("span1_text", "span2_text", "span2_index")},
            "marked": _detokenized(f"{before} *{pronoun}*{behind}"),
        }


def _detokenized(text: str) -> str:
    for spaced, joined in ((" n't", "n't"), (" )", ")"), ("( ", "("), ('" ', '"'), (' "', '"')):
        text = text.replace(spaced, joined)
    return re.sub(r" (['.,])", r"\1", text)


def listed(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """A list of options and the right one's letter or number; `also` tells other names of the columns."""
    for given in rows:
        row = dict(given)
        for name, other in settings.get("also", {}).items():
            if name not in row:
                row[name] = row.pop(other)
        options = row.pop(settings["options"])
        yield {**row, "option_texts": list(options), "gold": _number(row[settings["answer"]])}


def _number(answer: object) -> int:
    text = as_text(answer).strip()
    return int(text) if text.isdigit() else LETTERS.index(text.upper())


def arc(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """Hub rows and the original release; the right answer is named by letter or by number."""
    for given in rows:
        row = dict(given)
        question, choices = row["question"], row.pop("choices", None)
        if isinstance(question, dict):
            row["question"], choices = question["stem"], question["choices"]
        if isinstance(choices, list):
            choices = {name: [each[name] for each in choices] for name in ("label", "text")}
        if choices is None:
            raise KeyError("choices")
        labels = [str(label) for label in choices["label"]]
        yield {**row, "option_texts": list(choices["text"]), "gold": labels.index(str(row["answerKey"]))}


def hellaswag(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """The cleaning that lm-eval does: WikiHow's brackets go."""
    for row in rows:
        opening = f"{row['activity_label']}: {row['ctx_a']} {str(row['ctx_b']).capitalize()}"
        yield {
            **row,
            "source_id": row.get("source_id") or opening,
            "query": _cleaned(opening),
            "option_texts": [_cleaned(each) for each in row["endings"]],
            "gold": int(row["label"]),
        }


def _cleaned(text: str) -> str:
    text = text.strip().replace(" [title]", ". ")
    return re.sub(r"\[.*?\]", "", text).replace("  ", " ")


def truthfulqa(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """Options with their labels, from the Hub's targets or from the csv of the authors (whose first target is the
    best answer against all incorrect ones, and whose second is all correct against all incorrect ones). Shuffled by
    the question, because the data put what is true first."""
    target = settings["target"]
    for row in rows:
        question = row.get("question") or row["Question"]
        if target in row:
            texts, labels = list(row[target]["choices"]), [int(each) for each in row[target]["labels"]]
        else:
            wrong = _several(row["Incorrect Answers"])
            right = [row["Best Answer"].strip()] if target == "mc1_targets" else _several(row["Correct Answers"])
            texts, labels = [*right, *wrong], [1] * len(right) + [0] * len(wrong)
        kept = {text: label for text, label in reversed(list(zip(texts, labels, strict=True))) if text.strip()}
        order = sorted(kept, key=lambda text: hashlib.sha256(f"{question}\0{text}".encode()).digest())
        shuffled = [kept[text] for text in order]
        yield {"question": question, "option_texts": order, "labels": shuffled, "gold": shuffled.index(1)}


def _several(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def mgsm(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """The Hub keeps the number apart from a worked answer; plain files keep the number alone. A file without column
    names holds question and answer."""
    for number, given in enumerate(rows):
        row, names = given, list(given)
        if "question" not in given and len(names) == 2:
            if number == 0:
                # The reader took the first item for the column names.
                yield _mgsm({"question": names[0], "answer": names[1]})
            row = {"question": given[names[0]], "answer": given[names[1]]}
        yield _mgsm(row)


_LEAD = re.compile(r"^(?:Question|Frage|Pregunta|Swali|Задача|问题|問題|ప్రశ్న|โจทย์|প্রশ্ন)\s*:\s*")


def _mgsm(row: Row) -> Row:
    number = row.get("answer_number")
    question = _LEAD.sub("", str(row["question"]))
    return {**row, "question": question, "answer_number": row["answer"] if number is None else number}


def mbpp(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """Problems 11 to 510 are tested, 1 to 10 are examples (Austin et al. 2021, section 2.1)."""
    for row in rows:
        number = int(row["task_id"])
        if (number <= 10) if shots else (11 <= number <= 510):
            setup = row.get("test_setup_code") or "\n".join(row.get("test_imports") or [])
            yield {**row, "text": row.get("text") or row["prompt"], "test_setup_code": setup}


def pubmedqa(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """Hub rows, the authors' json and flat files."""
    for row in rows:
        inner = row.get("context")
        contexts = inner["contexts"] if isinstance(inner, dict) else row.get("contexts") or row["CONTEXTS"]
        label = row.get("final_decision") or row["label"]
        ident = row.get("pubid") or row.get("pmid")
        yield {
            "pubid": None if ident is None else str(ident),
            "question": row.get("question") or row["QUESTION"],
            "contexts": list(contexts),
            "label": label,
        }


def medqa(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """``options`` by letter, or the four endings of the version that lm-eval reads."""
    for row in rows:
        if "ending0" in row:
            texts, gold = [row[f"ending{number}"] for number in range(4)], int(row["label"])
            question = row["sent1"]
        else:
            options = row["options"]
            letters = sorted(options) if isinstance(options, dict) else [each["key"] for each in options]
            texts = [options[key] for key in letters] if isinstance(options, dict) else [e["value"] for e in options]
            gold, question = letters.index(row["answer_idx"]), row["question"]
        yield {"question": question, "option_texts": list(texts), "gold": gold}


def legalbench(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """One row of any task: its fields as one text, and the answers of its task as options. Tasks with free answers,
    or with one answer alone in these data, are left out."""
    held = [dict(row) for row in rows]
    answers: dict[str, dict[str, None]] = {}
    for row in held:
        answers.setdefault(row["task"], {})[as_text(row["answer"]).strip()] = None
    for number, row in enumerate(held, start=1):
        options = sorted(answers[row["task"]])
        if not 2 <= len(options) <= MOST_LABELS or max(map(len, options)) > 60:
            continue
        fields = row.get("fields") or {k: v for k, v in row.items() if k not in ("task", "index", "answer", "idx")}
        text = "\n".join(
            as_text(value) if len(fields) == 1 else f"{name}: {as_text(value)}"
            for name, value in fields.items()
            if value not in (None, "")
        )
        yield {
            "row_id": f"{row['task']}/{row.get('index', number)}",
            "task": row["task"],
            "text": text,
            "option_texts": options,
            "gold": options.index(as_text(row["answer"]).strip()),
        }


def squad(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """Answers as a list of texts, wherever the file keeps them."""
    for row in rows:
        answers = row["answers"]
        texts = answers["text"] if isinstance(answers, dict) else answers
        accepted = [each["text"] if isinstance(each, dict) else each for each in texts]
        yield {**row, "context": str(row["context"]).lstrip("\ufeff"), "accepted": accepted}


def flip(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:
    """Mutations against the wild type, such as ``V39A D40G``; the training part gives the examples."""
    wild = settings["wild"]
    for row in rows:
        if (row["set"] == "train") is not shots:
            continue
        found = [
            f"{was}{at}{now}"
            for at, (was, now) in enumerate(zip(wild, row["sequence"], strict=False), start=1)
            if was != now
        ]
        yield {"mutations": " ".join(found) or "none", "target": float(row["target"])}


def wmt(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """Pairs of the Hub, under the config's name or ``translation``; or source and references in columns."""
    for number, row in enumerate(rows, start=1):
        pair = row.get("translation") or row.get(f"{settings['from']}-{settings['to']}")
        if isinstance(pair, dict):
            yield {"row_id": str(number), "source": pair[settings["from"]], "reference_a": pair[settings["to"]]}
        else:
            ident = str(row.get("line", number))
            yield {"row_id": ident, "source": row["source"], "reference_a": row["reference_a"]}


SHAPES: dict[str, Shape] = {
    shape.__name__: shape
    for shape in (
        *(plain, copa, wsc, listed, arc, hellaswag, truthfulqa, mgsm, mbpp, pubmedqa, medqa, legalbench),
        *(squad, flip, wmt, multirc, record),
    )
}
