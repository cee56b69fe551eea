"""What must not change a grade, and what may only lower it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub_folders import ARCHITECTURE, TABLE, Folder, say, section
from known_releases import RELEASES
from weighbridge.audit.openness import Openness, audit_openness
from weighbridge.audit.openness.criteria import GRADES
from weighbridge.audit.openness.mof import at_least
from weighbridge.audit.openness.osi import VERDICTS
from weighbridge.audit.target import Target

CLOSED = ["openrail", "bigscience-bloom-rail-1.0", "cc-by-nc-4.0", "llama2", "gemma", "Proprietary"]


def audit(folder: Folder, path: Path) -> Openness:
    return audit_openness(Target("stranger-7b", path=folder.write(path)))


def whole(licence: str | None = "mit") -> Folder:
    """A release that holds everything in one folder."""
    head = {"license": licence} if licence else {}
    return Folder(
        head,
        "# Stranger 7B\n"
        + say(60)
        + section("Intended uses", say(40))
        + section("Limitations and bias", say(60))
        + section("Training data", "Wikipedia, Common Crawl and the arXiv. " + say(40))
        + section("Training procedure", say(60))
        + section("Evaluation", TABLE)
        + section("Architecture", ARCHITECTURE),
        "llama",
        {
            "model.safetensors": 10**9,
            "train.py": "import torch\nloss.backward()\n",
            "data_loader.py": "def batches(corpus): ...\n",
            "preprocess.py": "def tokenize(dataset): ...\n",
            "evaluate.py": "def accuracy(model): ...\n",
            "generate.py": "model.generate(prompt)\n",
            "technical_report.pdf": 100_000,
        },
    )


def no_better(after: Openness, before: Openness) -> None:
    assert at_least(before.mof.low, after.mof.low)
    assert at_least(before.mof.likely, after.mof.likely)
    assert at_least(before.mof.high, after.mof.high)
    assert VERDICTS.index(after.osi.low) <= VERDICTS.index(before.osi.low)
    assert VERDICTS.index(after.osi.high) <= VERDICTS.index(before.osi.high)
    for one, other in zip(after.criteria, before.criteria, strict=True):
        assert GRADES.index(one.low) <= GRADES.index(other.low), one.id
        assert GRADES.index(one.grade) <= GRADES.index(other.grade), one.id


@pytest.mark.parametrize("name", RELEASES)
def test_removing_a_licence_never_raises_a_grade(name: str, tmp_path) -> None:
    _, folder = RELEASES[name]
    bare = {key: value for key, value in folder.head.items() if not key.startswith("license")}
    before = audit(folder, tmp_path / "before")
    no_better(audit(Folder(bare, folder.body, folder.model_type, folder.files), tmp_path / "after"), before)


def test_removing_the_licence_file_never_raises_a_grade(tmp_path) -> None:
    texts = {
        "LICENSE": "Permission is hereby granted, free of charge, to any person obtaining a copy of this software"
    }
    with_file = whole(None)
    with_file.files |= texts
    before = audit(with_file, tmp_path / "before")
    after = audit(whole(None), tmp_path / "after")
    no_better(after, before)
    assert after.row("weights").terms == "none"
    assert not after.row("weights").open_high


@pytest.mark.parametrize("licence", CLOSED)
def test_closed_terms_drop_the_weights(licence: str, tmp_path) -> None:
    before, after = audit(whole(), tmp_path / "before"), audit(whole(licence), tmp_path / "after")
    assert before.row("weights").open_low
    assert not after.row("weights").open_low
    assert not after.row("weights").open_high
    assert any("parameters (final)" in one for one in after.mof.blockers)
    no_better(after, before)


@settings(max_examples=25, deadline=None)
@given(
    name=st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12),
    text=st.sampled_from(["print('hello')\n", "", "x = 1\n", "# a note\n", "import os\n"]),
)
def test_an_unrelated_file_changes_nothing(name: str, text: str, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("unrelated")
    before = audit(whole(), path / "before")
    more = whole()
    if f"{name}.py" in more.files:
        return
    more.files[f"{name}.py"] = text
    after = audit(more, path / "after")
    assert (after.mof, after.osi, after.criteria) == (before.mof, before.osi, before.criteria)


@pytest.mark.parametrize("name", ["train.py", "model.safetensors", "preprocess.py", "README.md", "config.json"])
def test_removing_a_file_never_raises_a_grade(name: str, tmp_path) -> None:
    before = audit(whole(), tmp_path / "before")
    path = whole().write(tmp_path / "after")
    (path / name).unlink()
    after = audit_openness(Target("stranger-7b", path=path))
    assert at_least(before.mof.low, after.mof.low)
    assert VERDICTS.index(after.osi.low) <= VERDICTS.index(before.osi.low)


def test_a_gate_never_raises_a_grade(tmp_path) -> None:
    gated = whole()
    gated.head["extra_gated_prompt"] = "Accept the terms"
    before, after = audit(whole(), tmp_path / "before"), audit(gated, tmp_path / "after")
    no_better(after, before)
    assert after.row("weights").state == "partial"


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_intervals_hold_what_lies_between(data, tmp_path_factory) -> None:
    _, folder = RELEASES[data.draw(st.sampled_from(sorted(RELEASES)))]
    files = {name: size for name, size in folder.files.items() if data.draw(st.booleans())}
    found = audit(Folder(folder.head, folder.body, folder.model_type, files), tmp_path_factory.mktemp("some") / "x")
    assert at_least(found.mof.likely, found.mof.low)
    assert at_least(found.mof.high, found.mof.likely)
    assert VERDICTS.index(found.osi.low) <= VERDICTS.index(found.osi.verdict) <= VERDICTS.index(found.osi.high)
    low, high = found.score
    assert 0 <= low <= high <= 14
