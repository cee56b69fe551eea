"""The table of what runs where is what the engines say of themselves, and the page shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from open_models import ARCHITECTURES, CAUSAL, ENCODERS, SEQ2SEQ, needs_torch, tiny
from weighbridge.models.local.architectures import KINDS, architecture_of
from weighbridge.models.local.folder import read_folder
from weighbridge.models.local.hf import ABILITIES
from weighbridge.models.local.support import TABLE, page_with

pytestmark = needs_torch
ROOT = Path(__file__).resolve().parents[3]
ROWS = {name: row for row in TABLE for name in row.models}
GGUF_NAMES = {"gemma3_text": "gemma3"}


def test_the_page_shows_the_table() -> None:
    text = (ROOT / "docs" / "open-models.md").read_text(encoding="utf-8")
    assert page_with(text) == text, "stale: python -m weighbridge.models.local.support docs/open-models.md"


def test_every_architecture_of_the_tests_has_a_row() -> None:
    assert set(ROWS) == set(ARCHITECTURES)
    named = {architecture_of(read_folder(tiny(name), "m").config, "m") for name in ARCHITECTURES}
    assert named <= set(KINDS)
    assert {"gemma3"} == set(KINDS) - named  # with pictures: the same text part


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_row_is_what_the_engine_does(name: str) -> None:
    import torch

    from weighbridge.models.local.torch.decode import decoder_for
    from weighbridge.models.local.torch.engine import TransformersEngine
    from weighbridge.models.local.torch.limits import Limits
    from weighbridge.models.local.torch.load import load

    torch.set_num_threads(1)
    row = ROWS[name]
    engine = TransformersEngine(load(tiny(name)), Limits())
    said = engine.describe()
    assert said.kind == row.kind
    assert ABILITIES[row.kind].scoring == bool(row.scores)
    if row.kind in ("causal", "seq2seq"):
        assert said.scoring.partition(" (")[0] == row.scores
        decoder = decoder_for(engine.loaded)
        assert decoder.joining is (row.decoding == "continuous")
        assert decoder.most is None
        assert ABILITIES[row.kind].streaming
        assert ABILITIES[row.kind].logprobs
        assert ABILITIES[row.kind].seed
    else:
        assert not row.decoding
    if row.kind in ("encoder", "masked"):
        assert ABILITIES[row.kind].embeddings
        assert len(engine.embed(["a text"])[0]) == 32


def test_what_libraries_say_of_gguf_files() -> None:
    from transformers.integrations import GGUF_CONFIG_MAPPING

    for row in TABLE:
        for name in row.models:
            config = read_folder(tiny(name), "m").config
            known = GGUF_NAMES.get(config["model_type"], config["model_type"]) in GGUF_CONFIG_MAPPING
            # ALiBi models keep their own row: the file format has no place for it.
            assert known is bool(row.gguf) or name == "falcon_alibi", name


def test_onnx_is_held_against_transformers_for_every_row_that_says_so() -> None:
    text = (ROOT / "tests" / "models" / "onnx" / "test_architectures.py").read_text(encoding="utf-8")
    assert "open_models.CAUSAL + open_models.SEQ2SEQ" in text
    for name in ENCODERS:
        assert f'"{name}"' in text
    assert all(ROWS[name].onnx for name in (*CAUSAL, *SEQ2SEQ, *ENCODERS))
