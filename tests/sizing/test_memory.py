"""Bytes of weights, of keys and values, and what fits on what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing_shapes import BERT, DEEPSEEK, LLAMA_8B, LLAMA_70B, SMALL, shape
from weighbridge.errors import UsageError
from weighbridge.sizing import (
    PRECISIONS,
    Stored,
    cpu,
    device,
    fewest,
    fit,
    memory,
    parameters,
    precision,
    sequence_cache,
    weight_bytes,
)
from weighbridge.sizing.fitting import MOST_SEQUENCES, ROOMY, USABLE


def test_weights_by_precision() -> None:
    model = shape(LLAMA_8B)
    count, words = parameters(model).total, 2 * 128256 * 4096
    assert weight_bytes(model, precision("fp32")) == 4 * count
    assert weight_bytes(model, precision("bfloat16")) == 2 * count
    assert weight_bytes(model, precision("fp8")) == (count - words) + 2 * words  # the vocabulary stays as it was
    assert weight_bytes(model, precision("AWQ")) == pytest.approx((count - words) * 0.51953 + 2 * words, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "gigabytes"), [("q2_k", 3.18), ("q4_k_m", 4.92), ("q5_k_m", 5.73), ("q8_0", 8.54), ("q6_k", 6.60)]
)
def test_files_of_llama_3_8b_are_as_large_as_published(name: str, gigabytes: float) -> None:
    assert weight_bytes(shape(LLAMA_8B), precision(name)) / 1e9 == pytest.approx(gigabytes, rel=0.01)


def test_an_unknown_precision_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no precision 'q4km'") as refused:
        precision("q4km")
    assert "q4_k_m" in (refused.value.fix or "")


def test_as_stored_takes_the_files_own_bytes() -> None:
    model = replace(shape(SMALL, model_type="llama"), stored=Stored(98_544, 60_000))
    assert memory(model, "stored", 64, 1).weights == 60_000


def test_a_window_forgets() -> None:
    windowed = shape({**SMALL, "model_type": "mistral", "sliding_window": 16})
    whole = shape({**SMALL, "model_type": "mistral", "sliding_window": None})
    assert sequence_cache(windowed, 10) == sequence_cache(whole, 10)
    assert sequence_cache(windowed, 1000) == sequence_cache(whole, 16)
    assert sequence_cache(whole, 1000, bits=8) == sequence_cache(whole, 500)


def test_memory_of_llama_2_70b_as_everybody_knows_it() -> None:
    found = memory(shape(LLAMA_70B), "bf16", context=4096, batch=8)
    assert found.cache == 8 * 4096 * 327_680
    assert found.weights == pytest.approx(141.1e9, rel=0.01)
    assert found.total == found.weights + found.cache + found.activations
    for context, batch in ((0, 1), (1, 0)):
        with pytest.raises(UsageError, match="must be at least 1"):
            memory(shape(LLAMA_70B), "bf16", context, batch)


@pytest.mark.parametrize(
    ("config", "on", "count", "kept", "split"),
    [
        (LLAMA_8B, "A100", 1, "bf16", 1),
        (LLAMA_8B, "T4", 1, "bf16", None),
        (LLAMA_8B, "T4", 1, "int4", 1),
        (LLAMA_70B, "H100", 1, "bf16", None),
        (LLAMA_70B, "H100", 2, "bf16", 2),
        (LLAMA_70B, "H100", 8, "bf16", 4),
        (LLAMA_70B, "H100", 8, "fp8", 2),
        (LLAMA_70B, "H200", 8, "fp8", 1),
        (DEEPSEEK, "H100", 8, "fp8", None),
        (DEEPSEEK, "H200", 8, "fp8", 8),
        (LLAMA_70B, "M3 Ultra", 1, "q4_k_m", 1),
    ],
)
def test_what_fits_where(config: dict, on: str, count: int, kept: str, split: int | None) -> None:
    found = fit(shape(config), device(on), count, kept, context=4096)
    assert found.split == split
    assert ("fits on" in str(found)) == found.fits
    if split is not None:
        assert found.replicas == count // split
        assert found.needed <= USABLE * device(on).memory


def test_a_replica_is_split_further_while_weights_leave_no_room() -> None:
    tight = fit(shape(LLAMA_70B), device("H100-NVL"), 1, "fp8")
    roomy = fit(shape(LLAMA_70B), device("H100-NVL"), 4, "fp8")
    assert (tight.split, roomy.split) == (1, 2)
    assert tight.weights > ROOMY * 94e9 > roomy.weights
    assert fit(shape(LLAMA_70B), device("H100-NVL"), 4, "fp8", split=4).split == 4


def test_the_longest_sequence_and_the_most_sequences_fill_the_memory() -> None:
    model, card = shape(LLAMA_8B), device("L4")
    found = fit(model, card, 1, "bf16", context=2048)
    assert fit(model, card, 1, "bf16", context=2048, batch=found.sequences).fits
    assert not fit(model, card, 1, "bf16", context=2048, batch=found.sequences + 1).fits
    assert 2048 < found.longest < 131072
    assert fit(shape(BERT), card).sequences == MOST_SEQUENCES


def test_the_fewest_of_each() -> None:
    found = {
        one.device.name: one for one in fewest(shape(LLAMA_70B), [device("H100"), device("L4"), device("M2 Ultra")])
    }
    assert found["H100-SXM-80GB"].count == 2
    assert found["L4"].count == 8
    assert found["M2-Ultra-192GB"].count == 1
    assert not fewest(shape(DEEPSEEK), [device("L4")], "bf16")[0].fits


def test_counts_that_cannot_be() -> None:
    for count, context, batch, split in ((0, 1, 1, None), (1, 0, 1, None), (1, 1, 0, None), (2, 1, 1, 3)):
        with pytest.raises(UsageError):
            fit(shape(LLAMA_8B), device("H100"), count, "bf16", context, batch, split=split)
    with pytest.raises(UsageError, match="bandwidth of a CPU must be more than 0"):
        cpu(4, 0, 100, 16)


@settings(deadline=None)
@given(
    kept=st.sampled_from(sorted(PRECISIONS)),
    context=st.integers(1, 200_000),
    batch=st.integers(1, 300),
    count=st.integers(1, 16),
)
def test_more_is_never_less(kept: str, context: int, batch: int, count: int) -> None:
    model = shape(LLAMA_8B)
    one, more = memory(model, kept, context, batch), memory(model, kept, context + 1, batch + 1)
    assert more.total > one.total
    found, larger = (
        fit(model, device("L40S"), count, kept, context, batch),
        fit(model, device("L40S"), count + 1, kept),
    )
    if found.fits:
        assert fit(model, device("L40S"), count + 1, kept, context, batch).fits
        assert larger.fits
