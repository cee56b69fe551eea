"""Token counts before a call: near enough on real texts, and exact where the tokenizer is on disk."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from open_models import gemma3, needs_torch, smollm2, stories15m
from weighbridge.catalog.tokens import LARGE_ERROR, MEDIAN_ERROR, about_tokens, tokenizer_of

SETS = (
    *("gsm8k/test", "xquad/en", "mgsm/en", "mgsm/de", "mgsm/es", "xquad/es", "mgsm/sw", "mgsm/zh"),
    *("humaneval/HumanEval", "xcopa/it_test", "xcopa/id_test", "xcopa/sw_test"),
)


def texts(folder) -> list[str]:
    """The half of the texts that the rates were not fitted to."""
    found = []
    for name in SETS:
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line, _ in zip(lines, range(300), strict=False)]
        if "task_id" in rows[0]:
            mine = [row["prompt"] for row in rows]
        else:
            mine = [value for row in rows for value in row.values() if isinstance(value, str) and len(value) > 40]
        found += [text for text in mine if len(text) > 30][:300][1::2]
    return found


@needs_torch
@pytest.mark.parametrize(
    ("model", "median", "large"),
    [(gemma3, MEDIAN_ERROR, LARGE_ERROR), (stories15m, 0.19, 0.49), (smollm2, 0.31, 0.55)],
)
def test_estimates_are_as_near_as_is_said(shared_data, model, median, large):
    count = tokenizer_of(f"path:{model()}")
    assert count is not None
    off = np.array([abs(about_tokens(text) / count(text) - 1) for text in texts(shared_data)])
    assert len(off) > 1_000
    assert np.median(off) == pytest.approx(median, abs=0.01)
    assert np.quantile(off, 0.95) == pytest.approx(large, abs=0.02)


@needs_torch
def test_a_tokenizer_on_disk_counts_exactly():
    from tokenizers import Tokenizer

    folder = smollm2()
    text = "Which team answers this? 支払い 42"
    count = tokenizer_of(f"path:{folder}")
    assert count is not None
    assert count(text) == len(Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids)


def test_no_tokenizer_is_looked_for_elsewhere(tmp_path):
    assert tokenizer_of("openai:gpt-4.1") is None
    assert tokenizer_of(f"path:{tmp_path}") is None


@given(st.text())
def test_any_text_has_an_estimate(text):
    about = about_tokens(text)
    assert (about == 0.0) == (text == "")
    assert about <= 2.5 * len(text) + 1


@given(st.text(alphabet="ab é7字!\n"), st.text(alphabet="ab é7字!\n"))
def test_more_text_has_no_fewer_tokens(one, two):
    assert about_tokens(one + " " + two) >= max(about_tokens(one), about_tokens(two)) - 1e-9
