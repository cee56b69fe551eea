"""Hub-style folders of known releases, graded as people graded them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hub_folders import TABLE, Folder, say, section
from known_releases import RELEASES
from weighbridge.audit.openness import Openness, audit_openness
from weighbridge.audit.openness.criteria import GRADES
from weighbridge.audit.target import find_target

LEAST = {
    "opencode": 0.5, "llmdata": 0.5, "llmweights": 0.7, "rldata": 0.5, "license": 0.7, "code": 0.5, "preprint": 0.7,
    "paper": 0.6, "modelcard": 0.7, "datasheet": 0.5, "api": 0.45,
}  # fmt: skip
"""Least weighted kappa of the criteria that the rules can read; the others are printed by the benchmark."""


def kappa(ours: list[int], theirs: list[int]) -> float:
    """Cohen's kappa with quadratic weights."""
    size = len(GRADES)
    weights = np.subtract.outer(np.arange(size), np.arange(size)) ** 2
    seen = np.zeros((size, size))
    np.add.at(seen, (np.array(ours), np.array(theirs)), 1 / len(ours))
    chance = np.outer(seen.sum(axis=1), seen.sum(axis=0))
    return float(1 - (weights * seen).sum() / (weights * chance).sum())


@pytest.fixture(scope="module")
def audits(tmp_path_factory) -> dict[str, Openness]:
    root: Path = tmp_path_factory.mktemp("hub")
    found = {}
    for name, (hub, folder) in RELEASES.items():
        path = folder.write(root / hub.replace("/", "--"))
        found[name] = audit_openness(find_target(str(path)))
    return found


def test_kappa_is_that_of_the_textbooks() -> None:
    from sklearn.metrics import cohen_kappa_score

    ours, theirs = [0, 1, 2, 2, 1, 0, 2, 1], [0, 1, 1, 2, 0, 0, 2, 2]
    assert kappa(ours, theirs) == pytest.approx(cohen_kappa_score(ours, theirs, weights="quadratic"))


def test_grades_agree_with_those_of_people(audits, shared_facts) -> None:
    people = {
        row["project"]: row for row in json.loads((shared_facts / "openness_grades.json").read_text())["opening_up"]
    }
    assert len(audits) >= 20
    for criterion, least in LEAST.items():
        ours, theirs = [], []
        for name, found in audits.items():
            grade = next(one.grade for one in found.criteria if one.id == criterion)
            ours.append(GRADES.index(grade))
            theirs.append(GRADES.index(people[name][criterion]))
        assert kappa(ours, theirs) >= least, criterion


def test_grades_lie_in_their_intervals(audits) -> None:
    for found in audits.values():
        assert len(found.criteria) == 14
        for one in found.criteria:
            assert GRADES.index(one.low) <= GRADES.index(one.grade) <= GRADES.index(one.high)


def test_what_is_only_linked_proves_nothing(audits) -> None:
    found = audits["olmo-7b-instruct"]
    code = found.row("training_code")
    assert (code.state, code.low, code.high) == ("released", "unknown", "released")
    assert found.mof.low is None
    assert (found.osi.low, found.osi.high) == ("does not comply", "complies")


def test_gated_weights_are_no_release(audits) -> None:
    row = audits["llama-2-chat"].row("weights")
    assert row.state == "partial"
    assert row.terms == "not open"
    assert "gate" in row.note


def test_papers_of_others_are_not_the_models_own(audits) -> None:
    assert audits["mixtral-8x7B-instruct"].row("paper").state == "unknown"
    assert audits["bloomz"].row("peer_review").state == "released"


def test_a_public_data_source_is_no_description(audits) -> None:
    """ "Publicly available sources" names nothing that anybody could find."""
    assert audits["llama-3-instruct"].row("tuning_data").state == "unknown"
    assert audits["amber"].row("tuning_data").state == "released"


def test_a_release_that_holds_everything_is_class_one(tmp_path) -> None:
    files: dict[str, str | int] = {
        "LICENSE": (Path(__file__).resolve().parents[3] / "LICENSE").read_text(),
        "model.safetensors": 10**9,
        "train.py": "optimizer.step()\n",
        "data/loader.py": "def batches(corpus): ...\n",
        "data/train-0001.jsonl": 10**9,
        "data/README.md": say(200),
        "preprocess.py": "def tokenize(dataset): ...\n",
        "evaluate.py": "def accuracy(model): ...\n",
        "eval/benchmark.jsonl": 10**6,
        "generate.py": "model.generate(prompt)\n",
        "paper.pdf": 100_000,
        **{f"step{step}000/model.safetensors": 10**9 for step in (1, 2, 3)},
    }
    body = (
        "# Ours\n"
        + section("Intended uses", say(40))
        + section("Limitations", say(40))
        + section("Evaluation", TABLE)
    )
    path = Folder({"license": "apache-2.0"}, body, "llama", files).write(tmp_path / "stranger-7b")
    found = audit_openness(find_target(str(path)))
    assert found.mof.low == "I", found.mof.blockers
    assert found.osi.low == "complies"
    assert found.washing == ()
    for name, part in {
        "train.py": "II",
        "paper.pdf": "I",
        "eval/benchmark.jsonl": "II",
        "data/README.md": "III",
    }.items():
        content = (path / name).read_bytes()
        (path / name).unlink()
        assert audit_openness(find_target(str(path))).mof.low != "I", (name, part)
        (path / name).write_bytes(content)
