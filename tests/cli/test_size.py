"""`weighbridge size`: one screen, 80 columns, and every mistake told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

LLAMA = {
    "model_type": "llama",
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 8192,
    "vocab_size": 128_256,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}
LOAD = ("--requests-per-day", 20_000, "--input-tokens", 800, "--output-tokens", 200)


@pytest.fixture(autouse=True)
def nobodys_facts(weighbridge, monkeypatch, tmp_path):  # after `weighbridge`, which sets the width too
    for name in ("WEIGHBRIDGE_FACTS", "WEIGHBRIDGE_PRICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")


def model(path: Path, **changed: object) -> Path:
    path.mkdir()
    (path / "config.json").write_text(json.dumps({**LLAMA, **changed}))
    return path


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_plain_call_fits_a_screen(weighbridge):
    ran = weighbridge("size", "llama-3.1-70b")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 40
    text = flat(ran.out)
    assert "70.6B parameters, 80 layers" in text
    assert "320 KiB a token" in text
    assert "bf16 141" in text
    assert "2 x" in text
    assert "H100-SXM-80GB" in text
    assert "Cheapest token first" in text


@pytest.mark.parametrize("name", ["folder", "config"])
def test_a_model_on_disk(weighbridge, tmp_path, name):
    folder = model(tmp_path / "mine")
    ran = weighbridge("size", folder if name == "folder" else folder / "config.json", "--json")
    found = json.loads(ran.out)
    assert found["model"] == "mine"
    assert found["parameters"]["total"] == 1_235_814_400
    assert found["precision"] == "bf16"
    assert {row["context"] for row in found["memory_bytes"]} == {4096}
    assert all(row["total"] == row["weights"] + row["cache"] + row["activations"] for row in found["memory_bytes"])
    assert any(row["hardware"] == "T4-16GB" and row["fits"] and row["count"] == 1 for row in found["fits"])


def test_a_load_finds_the_cheapest_machine_and_says_the_next(weighbridge):
    ran = weighbridge("size", "llama-3.1-8b", *LOAD, "--json")
    found = json.loads(ran.out)
    months = [row["usd_per_month"]["likely"] for row in found["load"]]
    assert months == sorted(months)
    first = found["load"][0]
    assert first["machines"]["low"] >= 2  # one to work, one to spare
    assert 0 < first["utilisation"]["low"] <= first["utilisation"]["high"] <= 1
    assert first["usd_per_million_output"]["likely"] > first["usd_per_million_input"]["likely"]
    assert found["energy_per_month"]["kwh"]["low"] > 0
    told = flat(weighbridge("size", "llama-3.1-8b", *LOAD).out)
    assert "The cheapest of" in told
    assert "1 of them spare" in told
    assert "CO2 a month" in told


def test_the_load_in_one_word_is_the_same(weighbridge):
    words = "requests_per_day=20000,input-tokens=800,output_tokens=200"
    one = weighbridge("size", "llama-3.1-8b", "--load", words, "--json").out
    assert one == weighbridge("size", "llama-3.1-8b", *LOAD, "--json").out


def test_a_rate_of_ones_own_replaces_the_prediction(weighbridge):
    asked = ("size", "llama-3.1-8b", "--on", "H100x1", *LOAD, "--price-per-hour", 2)
    ran = weighbridge(*asked, "--measured", 1000)
    assert "Measured by you" in flat(ran.out)
    assert "Predicted" not in ran.out
    found = json.loads(weighbridge(*asked, "--measured", 1000, "--json").out)
    assert found["rates"][0]["source"] == "measured"
    assert found["rates"][0]["output"] == {"low": 1000, "likely": 1000, "high": 1000}
    month = found["load"][0]["usd_per_month"]
    assert month["low"] == month["high"]
    assert "Predicted, not measured" in flat(weighbridge(*asked).out)


def scores(path: Path, models: tuple[str, ...] = ("mine", "theirs")) -> Path:
    """Answers of 100 tokens in 2 s or 4 s, one at a time: 50 and 25 a second."""
    rows = ["item,model,score,latency,tokens_in,tokens_out"]
    for number in range(40):
        for place, name in enumerate(models):
            rows.append(f"q{number},{name},1,{2 * (place + 1) + 0.001 * (number % 3)},500,100")
    path.write_text("\n".join(rows))
    return path


def test_a_runs_own_rate_and_lengths(weighbridge, tmp_path):
    run = scores(tmp_path / "scores.csv")
    asked = ("size", "llama-3.1-8b", "--on", "L40S", "--requests-per-day", 200, "--measured-in", run)
    found = json.loads(weighbridge(*asked, "--candidate", "mine", "--json").out)
    rates = found["rates"][0]
    assert rates["source"] == "measured"
    assert rates["sequences"] == 1
    assert rates["output"]["likely"] == pytest.approx(50, rel=0.01)
    assert (rates["input_tokens"], rates["output_tokens"]) == (500, 100)
    assert found["load"][0]["peak_requests_per_s"] == pytest.approx(3 * 200 / 86_400, rel=1e-3)
    several = weighbridge(*asked)
    assert several.code == 2
    assert "--candidate mine or theirs" in flat(several.err)
    assert "did you mean 'mine'" in weighbridge(*asked, "--candidate", "mined").err
    both = weighbridge(*asked, "--candidate", "mine", "--measured", 5)
    assert "leave one of them away" in both.err
    short = tmp_path / "short.csv"
    short.write_text("item,model,score\nq1,mine,1\nq2,mine,1\n")
    assert weighbridge(*asked[:-1], short).code == 2
    assert "there is no" in weighbridge(*asked[:-1], tmp_path / "none.csv").err


def test_break_even_in_words_signs_and_data(weighbridge):
    asked = ("size", "llama-3.1-8b", "--on", "L40S", *LOAD, "--against", "openai:gpt-4.1-mini")
    ran = weighbridge(*asked)
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "requests a month" in ran.out
    assert sum("*" in line for line in ran.out.splitlines()) > 8
    found = json.loads(weighbridge(*asked, "--json").out)["break_even"]
    first = found["first"]
    assert first["low"] <= first["likely"] <= first["high"]
    below = [p for p in found["points"] if p["requests_per_month"] < first["low"]]
    assert below
    assert all(p["own"]["low"] > p["by_call"] for p in below)
    assert "openai/gpt-4.1-mini" in found["price"]


def test_each_reader_gets_the_tokens_asked_for(weighbridge):
    asked = ("size", "llama-3.1-70b", "--on", "L40Sx4", "--json")
    full, plain, quick = (
        json.loads(weighbridge(*asked, "--stream-at-least", least).out)["rates"][0] for least in (0, 5, 12)
    )
    assert full["sequences"] >= plain["sequences"] > quick["sequences"]
    assert quick["stream"]["likely"] >= 12
    assert full["output"]["likely"] > quick["output"]["likely"]


def test_people_electricity_and_caches_count(weighbridge):
    asked = ("size", "llama-3.1-8b", "--on", "L40S", *LOAD, "--against", "openai:gpt-4.1-mini", "--json")
    plain = json.loads(weighbridge(*asked).out)
    people = json.loads(weighbridge(*asked, "--engineer-hours", 10, "--engineer-rate", 90).out)
    power = json.loads(weighbridge(*asked, "--electricity", 0.3, "--carbon", 50).out)
    cached = json.loads(weighbridge(*asked, "--cached", 0.8).out)
    month = plain["load"][0]["usd_per_month"]["likely"]
    assert people["load"][0]["usd_per_month"]["likely"] == pytest.approx(month + 900)
    used = power["energy_per_month"]["kwh"]["likely"]
    assert power["load"][0]["usd_per_month"]["likely"] == pytest.approx(month + 0.3 * used)
    assert power["energy_per_month"]["co2_kg"]["likely"] == pytest.approx(used * 0.05)
    assert cached["break_even"]["usd_per_request_by_call"] < plain["break_even"]["usd_per_request_by_call"]


def test_training_and_tuning(weighbridge):
    ran = weighbridge("size", "llama-3.1-8b", "--train", "15T", "--tune", "50M", "--json")
    found = json.loads(ran.out)
    hours = found["training"]["device_hours"]
    assert hours["low"] < hours["likely"] < hours["high"]
    assert found["training"]["flops"] == pytest.approx(6 * 8.03e9 * 15e12, rel=0.25)
    assert found["training"]["usd"]["likely"] > 1e6
    assert found["tuning"]["method"] == "qlora"
    assert found["tuning"]["count"] == 1
    told = weighbridge("size", "llama-3.1-8b", "--train", "15T").out
    assert "Training from nothing on 15T tokens" in told


def test_an_encoder_is_told_by_what_it_reads(weighbridge):
    ran = weighbridge("size", "bert")
    assert ran.code == 0
    assert "it writes nothing" in ran.out
    assert weighbridge("size", "bert", *LOAD).code == 2


def test_the_page(weighbridge, tmp_path):
    page = tmp_path / "size.html"
    ran = weighbridge("size", "llama-3.1-8b", *LOAD, "--against", "openai:gpt-4.1-mini", "--html", page)
    assert ran.code == 0
    text = page.read_text()
    assert text.count("<svg") == 3  # a drawing for each width of screen
    assert "Break-even" in text
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "<script" not in text


def test_a_name_cannot_write_into_the_page(weighbridge, tmp_path):
    folder = model(tmp_path / "<script>alert(1)<")
    page = tmp_path / "size.html"
    assert weighbridge("size", folder, "--html", page).code == 0
    assert "<script" not in page.read_text()


BAD = [
    (("lama-3.1-8b",), "did you mean 'llama-3.1-8b'"),
    (("gpt-4",), "closed models cannot be sized"),
    (("nowhere/config.json",), "there is no nowhere/config.json"),
    (("llama-3.1-8b", "--on", "H101"), "did you mean 'H100'"),
    (("llama-3.1-8b", "--on", "RTX-409x2"), "did you mean 'RTX-4090'"),
    (("llama-3.1-8b", "--on", "H100x0"), "between 1 and 64"),
    (("llama-3.1-8b", "--on", "H100x9999"), "between 1 and 64"),
    (("llama-3.1-8b", "--precision", "int5"), "did you mean"),
    (("llama-3.1-8b", "--precision", "stored"), "not at hand"),
    (("deepseek-r1", "--on", "L4"), "does not fit on 16 x L4"),
    (("deepseek-r1", "--on", "L4x8", *LOAD), "does not fit on 8 x L4"),
    (("llama-3.1-8b", "--on", "A30", *LOAD), "--price-per-hour"),
    (("llama-3.1-8b", "--context", 0), "more than 0"),
    (("llama-3.1-8b", "--context", 10**7), "made for at most"),
    (("llama-3.1-8b", "--batch", -1), "more than 0"),
    (("llama-3.1-8b", "--requests-per-day", 0), "more than 0"),
    (("llama-3.1-8b", "--requests-per-day", "nan"), "more than 0"),
    (("llama-3.1-8b", "--peak-to-mean", 3), "says nothing without a load"),
    (("llama-3.1-8b", "--against", "openai:gpt-4.1"), "says nothing without a load"),
    (("llama-3.1-8b", *LOAD, "--peak-to-mean", 0.5), "1 or more"),
    (("llama-3.1-8b", *LOAD, "--peak-to-mean", 30), "between 1 and 20"),
    (("llama-3.1-8b", *LOAD, "--against", "openai:gpt-4.11"), "did you mean"),
    (("llama-3.1-8b", *LOAD, "--against", "gpt-4.1"), "openai:gpt-4.1"),
    (("llama-3.1-8b", *LOAD, "--cached", 0.5), "--against"),
    (("llama-3.1-8b", *LOAD, "--against", "openai:gpt-4.1", "--cached", 2), "between 0 and 1"),
    (("llama-3.1-8b", *LOAD, "--engineer-hours", 5), "belong together"),
    (("llama-3.1-8b", *LOAD, "--price-per-hour", 2), "--on"),
    (("llama-3.1-8b", "--measured", 2000), "--on"),
    (("llama-3.1-8b", "--on", "H100", "--price-per-hour", -2), "0 or more"),
    (("llama-3.1-8b", "--load", "requests=5"), "did you mean 'requests_per_day'"),
    (("llama-3.1-8b", "--load", "requests_per_day=many"), "not a number"),
    (("llama-3.1-8b", *LOAD, "--load", "input_tokens=5"), "given twice"),
    (("llama-3.1-8b", "--train", "lots"), "15T"),
    (("llama-3.1-8b", "--html", "no/such/place.html"), "does not exist"),
]


@pytest.mark.parametrize(("arguments", "told"), BAD)
def test_mistakes_are_told_in_a_screen(weighbridge, arguments, told):
    ran = weighbridge("size", *arguments)
    assert ran.code == 2
    assert told in flat(ran.err)
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) < 12


def test_a_damaged_configuration(weighbridge, tmp_path):
    folder = model(tmp_path / "mine", num_attention_heads="many")
    ran = weighbridge("size", folder)
    assert ran.code == 2
    assert "num_attention_heads" in ran.err
    (folder / "config.json").write_text("{")
    ran = weighbridge("size", folder)
    assert ran.code == 2
    assert "damaged" in ran.err
    (tmp_path / "notes.txt").write_text("no model")
    assert "a model is a folder" in flat(weighbridge("size", tmp_path / "notes.txt").err)
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    assert weighbridge("size", tmp_path / "x.gguf").code == 2


@pytest.mark.parametrize(
    ("text", "name", "count"),
    [
        ("H100", "H100-SXM-80GB", None),
        ("h100x4", "H100-SXM-80GB", 4),
        ("8xH100", "H100-SXM-80GB", 8),
        ("MI300X", "MI300X-192GB", None),
        ("MI300Xx2", "MI300X-192GB", 2),
        ("RTX-4090 x 2", "RTX-4090", 2),
    ],
)
def test_hardware_and_how_many(text, name, count):
    from weighbridge.cli.size_asked import hardware_named

    found, many = hardware_named(text)
    assert (found.name, many) == (name, count)
