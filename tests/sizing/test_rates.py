"""Rates: what they must obey, what they are held against, and one's own measurement in their place."""

from __future__ import annotations

from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing_shapes import BERT, DEEPSEEK, LLAMA_8B, LLAMA_70B, MIXTRAL, SMALL, T5_11B, benchmark, shape
from weighbridge.errors import UsageError
from weighbridge.sizing import (
    Interval,
    cpu,
    device,
    fit,
    measured,
    parameters,
    precision,
    rates,
    reading_rate,
    this_cpu,
)
from weighbridge.sizing.calibrate import calibrated, left_out, spreads
from weighbridge.sizing.constants import SERVING, SPREAD, SPREAD_ELSEWHERE
from weighbridge.sizing.interval import around, exactly
from weighbridge.sizing.rates import roofline
from weighbridge.sizing.roofline import Roofline


@pytest.mark.parametrize(
    "asked", ["Llama-2-70B, offline", "three models, offline", "three models, offline and server"]
)
def test_each_accelerator_left_out_in_turn(asked: str, shared_facts: Path) -> None:
    bench = benchmark("throughput")
    used, left = bench.rows_of(yaml.safe_load((shared_facts / "throughput_mlperf_v4_1.yaml").read_text())["results"])
    assert len(left) == 5
    rows = bench.sets_of(used)[asked]
    expected = left_out(rows)
    found = bench.told("ours", rows, expected, spreads(rows, expected))
    assert found["median"] <= 0.20
    assert found["worst"] <= 0.40
    assert found["covered"] >= 0.80
    assert found["tau"] >= 0.80
    baseline = bench.told("constant", rows, bench.constant_utilisation(rows))
    assert found["worst"] < baseline["worst"]
    assert found["median"] < baseline["median"]
    off = np.abs(np.log(np.array(expected) / np.array([row.rate for row in rows])))
    assert (off <= SPREAD).mean() >= 0.9


def test_the_constants_are_those_of_all_rows(shared_facts: Path) -> None:
    bench = benchmark("throughput")
    used, _ = bench.rows_of(yaml.safe_load((shared_facts / "throughput_mlperf_v4_1.yaml").read_text())["results"])
    assert astuple(calibrated([row for _, row in used])) == pytest.approx(astuple(SERVING), rel=0.01)


def test_published_rates_that_nothing_was_fitted_to() -> None:
    bench = benchmark("rates_elsewhere")
    busy, first, few = (
        np.abs(bench.errors(pairs())) for pairs in (bench.throughputs, bench.first_tokens, bench.batches)
    )
    assert len(busy) == 37
    assert np.exp(np.median(busy)) <= 1.25
    assert (busy <= SPREAD).mean() >= 0.8
    assert len(first) == 20
    assert (first <= SPREAD_ELSEWHERE).mean() >= 0.8
    assert few.max() <= SPREAD_ELSEWHERE
    assert (np.abs(bench.errors(bench.alone())) <= SPREAD_ELSEWHERE).all()


def test_a_layers_products_are_flat_first_and_linear_later() -> None:
    """The four products of a Llama-2-70B layer on four H100, ms, by tokens at once, as the Vidur profiles have them:
    kernels alone reach more of the peaks than serving does, which is what the two shares below are."""
    profile = {1: 0.159, 64: 0.170, 256: 0.215, 512: 0.33, 4096: 2.37}
    kernels = replace(SERVING, compute=0.72, bandwidth=0.8, layer_s=0, sequence_s=0)
    layer = shape({**LLAMA_70B, "vocab_size": 1, "num_hidden_layers": 1})
    line = Roofline(layer, precision("bf16"), device("H100"), 4, kernels)
    found = {}
    for rows in profile:
        step = line.decode(rows, 1)
        found[rows] = 1e3 * max(step.compute, step.weights)
    assert found[64] == pytest.approx(found[1], rel=0.01)
    assert found[4096] == pytest.approx(8 * found[512], rel=0.01)
    for rows, milliseconds in profile.items():
        assert found[rows] == pytest.approx(milliseconds, rel=0.3)


def test_our_own_runs_on_a_cpu_are_within_the_bounds() -> None:
    bench = benchmark("throughput")
    thread = cpu(1, 12.5, 200, 16)
    inside = 0
    for many, kept, found in bench.PROCESSOR_ROWS:
        bits = 32 if kept == "fp32" else 16
        inside += rates(
            bench.SMOLLM2, thread, 1, kept, input_tokens=128, output_tokens=64, sequences=many, cache_bits=bits
        ).output.holds(found)
    assert inside >= 8  # of nine: the one missed ran in bfloat16 on matrix units that this CPU was not said to have


def test_writing_alone_waits_for_memory_and_many_for_computing() -> None:
    model, card = shape(LLAMA_8B), device("H100")
    alone = rates(model, card, 1, "bf16", sequences=1)
    many = rates(shape(LLAMA_70B), device("H200"), 1, "fp8", sequences=256, input_tokens=20, output_tokens=20)
    assert (alone.bound, many.bound) == ("memory", "compute")
    assert alone.alone.likely < card.bandwidth / (2 * parameters(model).multiplied)
    assert any("not 1:" in note for note in alone.notes)


def test_links_are_paid_for() -> None:
    near = rates(shape(LLAMA_70B), device("H100-SXM"), 8, "bf16", split=8)
    far = rates(shape(LLAMA_70B), device("H100-PCIe"), 8, "bf16", split=8)
    assert far.bound == "links"
    assert far.output.likely < near.output.likely / 3


def test_experts_are_read_as_far_as_tokens_touch_them() -> None:
    model, kept = shape(MIXTRAL), precision("bf16")
    line = roofline(model, kept, device("H100"), 2)
    one, all_of_them = line.weights_read(1), line.weights_read(10_000)
    counted = parameters(model)
    words = 2 * 32000 * 4096
    assert one == pytest.approx(2 * counted.active - words, rel=1e-3)
    assert all_of_them == pytest.approx(2 * counted.total - words, rel=1e-3)
    assert one < line.weights_read(4) < all_of_them


def test_readers_are_given_their_pace() -> None:
    model, card = shape(LLAMA_8B), device("L40S")
    free = rates(model, card, input_tokens=500, output_tokens=100)
    paced = rates(model, card, input_tokens=500, output_tokens=100, stream_at_least=25)
    assert paced.sequences < free.sequences
    assert paced.stream.likely >= 25
    assert rates(model, card, sequences=paced.sequences + 1, input_tokens=500, output_tokens=100).stream.likely < 25
    assert rates(model, card, stream_at_least=10**6).sequences == 1


def test_an_older_engine_is_slower() -> None:
    new, old = (rates(shape(LLAMA_8B), device("H100"), software=one) for one in ("current", "vllm-0.5"))
    assert 1 < new.output.likely / old.output.likely < 1.81


def test_a_measurement_takes_the_predictions_place() -> None:
    said = rates(shape(LLAMA_8B), device("A100"), sequences=64)
    own = measured(said, Interval(900, 1000, 1200))
    assert own.source == "measured"
    assert own.output == Interval(900, 1000, 1200)
    factor = 1000 / said.output.likely
    assert own.decode.likely == pytest.approx(said.decode.likely * factor)
    assert own.first_token.likely == pytest.approx(said.first_token.likely / factor)
    assert own.first_token.low < own.first_token.likely < own.first_token.high
    assert own.requests.likely == pytest.approx(1000 / said.output_tokens)
    assert measured(said, 1000).output == exactly(1000)
    with pytest.raises(UsageError, match="measured rate must be more than 0"):
        measured(said, 0)


def test_encoders_read() -> None:
    found = reading_rate(shape(BERT), device("T4"), "fp16", 512)
    assert found.low < found.likely < found.high
    with pytest.raises(UsageError, match="is an encoder: it writes no tokens"):
        rates(shape(BERT), device("T4"))


def test_an_encoder_decoder_reads_by_one_stack_and_writes_by_the_other() -> None:
    line = roofline(shape(T5_11B), precision("bf16"), device("A100"), 1)
    reading, writing = line.prefill(4096, 512), line.decode(1, 512)
    both = 2 * parameters(shape(T5_11B)).total
    assert writing.weights * line.constants.bandwidth * line.device.bandwidth == pytest.approx(both / 2, rel=0.35)
    assert reading.compute < 2 * 4096 * parameters(shape(T5_11B)).total / line.device.peak["fp16"]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"input_tokens": 0}, "both must be more than 0"),
        ({"output_tokens": -1}, "both must be more than 0"),
        ({"software": "vlm-0.5"}, "no engine generation"),
        ({"sequences": 10**6}, "does not fit on 1 x"),
        ({"kept": "int3"}, "no precision"),
    ],
)
def test_what_cannot_be_is_said(changes: dict, what: str) -> None:
    with pytest.raises(UsageError, match=what) as refused:
        rates(shape(LLAMA_8B), device("H100"), **changes)
    assert refused.value.fix or "must be" in refused.value.what


def test_an_accelerator_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match="H1000") as refused:
        device("H1000")
    assert refused.value.fix
    assert device("H100", memory_gb=64).memory == 64e9
    assert device("cpu").kind == "cpu"


def test_this_machine_is_measured() -> None:
    found = this_cpu(0.02)
    assert found.bandwidth > 1e8
    assert found.peak["fp32"] > 1e8
    assert rates(shape({**SMALL, "model_type": "llama"}), found, 1, "fp32", sequences=1).alone.likely > 1


@settings(deadline=None)
@given(
    low=st.integers(1, 4000),
    many=st.integers(1, 200),
    config=st.sampled_from([LLAMA_8B, MIXTRAL, LLAMA_70B, DEEPSEEK]),
    kept=st.sampled_from(["bf16", "fp8", "int4"]),
)
def test_rates_obey(low: int, many: int, config: dict, kept: str) -> None:
    model, card = shape(config), device("B300")
    # One split for all three, in which the longest and the most still fit.
    split = fit(model, card, 8, kept, context=low + 200, batch=many + 1).split
    assert split is not None
    found = rates(model, card, 8, kept, input_tokens=low, output_tokens=100, sequences=many, split=split)
    longer = rates(model, card, 8, kept, input_tokens=low + 100, output_tokens=100, sequences=many, split=split)
    more = rates(model, card, 8, kept, input_tokens=low, output_tokens=100, sequences=many + 1, split=split)
    for one in (found.prefill, found.decode, found.stream, found.alone, found.first_token, found.output):
        assert 0 < one.low < one.likely < one.high
    assert longer.output.likely < found.output.likely
    assert longer.first_token.likely > found.first_token.likely
    assert more.decode.likely > found.decode.likely
    assert more.stream.likely < found.stream.likely * (1 + 1e-12)
    assert found.alone.likely >= found.stream.likely * (1 - 1e-12)


@settings(deadline=None)
@given(st.floats(1e-3, 1e9), st.floats(0.01, 2), st.floats(1e-3, 1e3))
def test_intervals(likely: float, spread: float, factor: float) -> None:
    one = around(likely, spread)
    assert one.low < likely < one.high
    assert one.holds(likely)
    turned = one.inverse()
    assert turned.low < turned.likely < turned.high
    assert (one * factor).high == pytest.approx(one.high * factor)
