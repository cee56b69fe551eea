"""Operations, hours and memory of training, against published runs and figures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing_shapes import BERT, DEEPSEEK, LLAMA_8B, LLAMA_70B, MIXTRAL, SMALL, T5_11B, benchmark, shape
from weighbridge.catalog.models import shipped_catalogue
from weighbridge.errors import UsageError
from weighbridge.sizing import (
    Interval,
    device,
    device_hours,
    parameters,
    shape_of_facts,
    training_flops,
    training_memory,
    tuning,
)
from weighbridge.sizing.training import kept_activations
from weighbridge.sizing.tuning import adapter_numbers, tuning_memory


def test_published_runs_lie_within_the_bounds() -> None:
    bench = benchmark("training")
    named, others = bench.named(), bench.others()
    assert len(named) == 8
    assert sum(map(bench.inside, named)) >= 7
    assert len(others) == 7
    assert sum(map(bench.inside, others)) >= 6


@pytest.mark.parametrize(
    "name", ["llama-65b", "llama-2-7b", "bloom-176b", "falcon-40b", "falcon-180b", "gpt-3-175b", "t5-11b", "olmo-7b"]
)
def test_operations_are_those_that_were_published(name: str) -> None:
    entry = shipped_catalogue().find(name)
    tokens, said = (float(entry.facts[fact].value) for fact in ("training_tokens", "training_flop"))
    assert training_flops(shape_of_facts(entry), tokens) == pytest.approx(said, rel=0.25)


def test_six_for_each_number_and_token_and_attention_on_top() -> None:
    model = shape(LLAMA_8B)
    plain = 6 * parameters(model).multiplied * 1e9
    found = training_flops(model, 1e9, 8192)
    assert found - plain == pytest.approx(12 * 32 * 4096 * 8192 * 1e9)
    assert training_flops(model, 1e9, 8192, frozen=True) == pytest.approx(found - plain / 3)
    windowed = shape({**LLAMA_8B, "model_type": "mistral", "sliding_window": 1024})
    assert training_flops(windowed, 1e9, 8192) < found


def test_a_token_of_an_encoder_decoder_passes_one_stack() -> None:
    model = shape(T5_11B)
    assert training_flops(model, 1e12, 512) == pytest.approx(6 * parameters(model).total * 1e12 / 2.05, rel=0.12)


def test_a_mixture_pays_for_the_experts_it_uses() -> None:
    assert training_flops(shape(MIXTRAL), 1e9, 1) < 6 * parameters(shape(MIXTRAL)).active * 1e9
    assert training_flops(shape(DEEPSEEK), 14.8e12, 1) == pytest.approx(3.3e24, rel=0.02)


def test_hours_turn_round_with_utilisation() -> None:
    found = device_hours(989e12 * 3600, device("H100"), Interval(0.25, 0.4, 0.5))
    assert (found.low, found.likely, found.high) == (2, 2.5, 4)


@pytest.mark.parametrize(("stage", "bytes_each"), [(0, 16), (1, 4 + 12 / 8), (2, 2 + 14 / 8), (3, 2)])
def test_memory_of_the_stages(stage: int, bytes_each: float) -> None:
    model = shape(LLAMA_8B)
    found = training_memory(model, 8, stage=stage, sequence=2048)
    held = found.weights + found.gradients + found.optimiser
    assert held == pytest.approx(bytes_each * parameters(model).total)
    assert found.total == held + found.activations


def test_activations_by_the_formula() -> None:
    plain = shape({**SMALL, "model_type": "gpt_neox", "intermediate_size": 4 * 48, "vocab_size": 1})
    tokens, logits = 64 * 2, 8.0 * 64 * 2
    none = 5 * (tokens * 48 * 34 + 5 * 6 * tokens * 64) + logits
    assert kept_activations(plain, 64, 2, "none") == pytest.approx(none)
    assert kept_activations(plain, 64, 2) == pytest.approx(5 * tokens * 48 * 34 + logits)
    assert kept_activations(plain, 64, 2, "full") == pytest.approx(5 * 2 * tokens * 48 + 34 * tokens * 48 + logits)


def test_adapters_as_peft_counts_them() -> None:
    """Rank 16 on all seven matrices of Llama 3.1 8B: 41,943,040 numbers, as peft prints."""
    assert adapter_numbers(shape(LLAMA_8B), 16) == 41_943_040


@pytest.mark.parametrize(
    ("config", "on", "method", "devices"),
    [
        (LLAMA_8B, "H100", "full", 2),
        (LLAMA_8B, "RTX-4090", "lora", 1),
        (LLAMA_8B, "T4", "qlora", 1),
        (LLAMA_70B, "H100", "qlora", 1),
        (LLAMA_70B, "H100", "lora", 4),
        (LLAMA_70B, "H100", "full", 32),
    ],
)
def test_how_many_devices_fine_tuning_takes(config: dict, on: str, method, devices: int) -> None:
    found = tuning(shape(config), device(on), 10e6, method)
    assert found.devices == devices
    assert found.memory.total <= 0.9 * found.device.memory
    assert found.wall.likely == pytest.approx(found.hours.likely / devices)
    cost = found.cost(Interval(1, 2, 3))
    assert cost.low == pytest.approx(found.hours.low)
    assert cost.high == pytest.approx(3 * found.hours.high)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: training_flops(shape(LLAMA_8B), 0), "must be more than 0"),
        (lambda: training_memory(shape(LLAMA_8B), 0), "0 devices"),
        (lambda: training_memory(shape(LLAMA_8B), 1, stage=4), "stage 4"),
        (lambda: tuning(shape(LLAMA_8B), device("H100"), 1e6, "dora"), "no way of fine-tuning 'dora'"),  # type: ignore[arg-type]
        (lambda: tuning(shape(LLAMA_8B), device("H100"), 1e6, "lora", rank=0), "rank must be at least 1"),
        (lambda: tuning(shape(LLAMA_70B), device("T4"), 1e6, "full"), "more than they have"),
        (lambda: kept_activations(shape(BERT), 0, 1), "must be at least 1"),
    ],
)
def test_what_cannot_be_is_said(call, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        call()


@settings(deadline=None)
@given(devices=st.integers(1, 64), rank=st.integers(1, 256), sequence=st.integers(1, 8192))
def test_memory_orders_the_methods(devices: int, rank: int, sequence: int) -> None:
    model = shape(LLAMA_8B)
    full, lora, qlora = (
        tuning_memory(model, devices, method, rank=rank, sequence=sequence) for method in ("full", "lora", "qlora")
    )
    assert qlora.total < lora.total < full.total
    stages = [training_memory(model, devices, stage=stage, sequence=sequence).total for stage in range(4)]
    assert stages == sorted(stages, reverse=True)
