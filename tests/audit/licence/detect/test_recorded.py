"""On the recorded licences of models and of common software: named, whole, broken, altered."""

from __future__ import annotations

import gzip
import json
import random
import re
import textwrap
from pathlib import Path

import pytest

from kestrel_licence import SENTENCES
from weighbridge.audit.licence.detect import identify


@pytest.fixture(scope="module")
def texts(shared_data: Path) -> dict[str, str]:
    path = shared_data / "licences" / "licence_texts.jsonl.gz"
    if not path.is_file():
        pytest.skip("recorded licence texts are not on this machine")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return {row["key"]: row["text"] for row in map(json.loads, lines)}


def wrapped(text: str) -> str:
    return "\n\n".join(textwrap.fill(" ".join(one.split()), 66) for one in re.split(r"\n\s*\n", text) if one.strip())


@pytest.mark.parametrize(
    "form", [str, wrapped, lambda text: " ".join(text.split())], ids=["as is", "wrapped", "one line"]
)
def test_true_texts_are_named_and_complete(texts: dict[str, str], form) -> None:
    assert len(texts) >= 50
    for key, text in texts.items():
        said = identify(form(text))
        assert (said.key, said.status) == (key, "complete"), said.passages


def test_with_words_dropped_all_are_named_and_none_is_complete(texts: dict[str, str]) -> None:
    rng = random.Random(11)
    for key, text in texts.items():
        said = identify(" ".join(word for word in text.split() if rng.random() >= 0.1))
        candidates = {one.key for one in said.candidates if one.licence in said.twins or one.key in said.twins}
        assert key in {said.key, *candidates}
        assert said.status == "modified"


def test_first_halves_are_candidates_and_incomplete(texts: dict[str, str]) -> None:
    good = 0
    for key, text in texts.items():
        said = identify(text[: len(text) // 2])
        good += said.status == "incomplete" and key in {one.key for one in said.candidates}
    assert good >= 0.9 * len(texts)


@pytest.mark.slow
def test_a_restriction_put_in_anywhere_is_reported(texts: dict[str, str]) -> None:
    rng = random.Random(12)
    for key, text in texts.items():
        ends = [0, *(found.end() for found in re.finditer(r"[.;]\s", text)), len(text)]
        for sentence in rng.sample(SENTENCES, 3):
            at = rng.choice(ends)
            said = identify(f"{text[:at]} {sentence} {text[at:]}")
            assert said.status == "modified", (key, at, sentence)
            assert key in {one.key for one in said.candidates}


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("llama-3.1-license-2024", "700 million", "70 million"),
        ("llama-2-license-2023", "royalty-free", "royalty-bearing"),
        ("mit", "without restriction", "with restriction"),
        ("bsd-new", "are permitted", "are not permitted"),
        ("unlicense", "commercial or non-commercial", "non-commercial"),
        ("qwen-2024", "100 million", "10 million"),
    ],
)
def test_a_word_that_matters_is_reported(texts: dict[str, str], key: str, old: str, new: str) -> None:
    assert old in texts[key]
    said = identify(texts[key].replace(old, new, 1))
    assert (said.key, said.status) == (key, "modified")
    assert [one.kind for one in said.passages] == ["changed"]
    assert said.passages[0].weight in ("number", "restricts")


def test_a_cut_modified_mit_is_never_plain_mit(texts: dict[str, str]) -> None:
    said = identify("Modified MIT License\n\nCopyright (c) 2025 Moonshot AI\n\n" + texts["mit"])
    assert said.licence == "moonshot-modified-mit"
    assert not said.intact
    part = identify(texts["mit"][: len(texts["mit"]) // 2])
    assert part.status == "incomplete"
    assert {"MIT", "moonshot-modified-mit"} <= {part.licence, *part.twins}
