"""Published tables of prices, as their publishers write them, and what is wrong with damaged ones."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from weighbridge.catalog.importing import import_table, read_table
from weighbridge.catalog.prices import price_book, read_prices
from weighbridge.cli.main import cli
from weighbridge.errors import UsageError
from weighbridge.evidence import Usage

LITELLM = {
    "sample_spec": {"litellm_provider": "one of ...", "input_cost_per_token": 0.0, "mode": "one of: chat"},
    "gpt-x": {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 2e-06,
        "output_cost_per_token": 8e-06,
        "cache_read_input_token_cost": 5e-07,
        "input_cost_per_token_batches": 1e-06,
        "output_cost_per_token_batches": 4e-06,
        "input_cost_per_token_above_200k_tokens": 4e-06,
        "output_cost_per_token_above_200k_tokens": 1.2e-05,
        "input_cost_per_token_above_200k_tokens_priority": 9e-06,
    },
    "gemini/gemini-x": {
        "litellm_provider": "gemini",
        "mode": "chat",
        "input_cost_per_token": "1e-07",
        "output_cost_per_token": 4e-07,
        "output_cost_per_reasoning_token": 9e-07,
    },
    "dashscope/q": {
        "litellm_provider": "dashscope",
        "mode": "chat",
        "tiered_pricing": [
            {"range": [0, 256000.0], "input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07},
            {"range": [256000.0, 1e6], "input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06},
        ],
        "input_cost_per_token": 5e-08,
    },
    "dall-e": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.04},
}
MODELS_DEV = {
    "openai": {
        "id": "openai",
        "models": {
            "gpt-x": {
                "id": "gpt-x",
                "cost": {
                    "input": 2,
                    "output": 9,
                    "cache_read": 0.5,
                    "context_over_200k": {"input": 4, "output": 12},
                },
            },
            "free": {"id": "free"},
        },
    },
    "xai": {
        "models": {
            "grok-x": {
                "cost": {
                    "input": 1,
                    "output": 2,
                    "reasoning": 3,
                    "tiers": [{"input": 2, "output": 4, "tier": {"type": "context", "size": 128000}}],
                }
            }
        }
    },
}
HISTORY = {
    "updated_at": "2026-08-05",
    "prices": [
        {
            "id": "gpt-x",
            "vendor": "openai",
            "name": "X",
            "input": 2,
            "output": 8,
            "input_cached": None,
            "from_date": None,
            "to_date": "2026-09-01",
        },
        {
            "id": "gpt-x",
            "vendor": "openai",
            "name": "X",
            "input": 3,
            "output": 9,
            "input_cached": 0.3,
            "from_date": "2026-09-01",
            "to_date": None,
        },
    ],
}


def written(folder: Path, content: object, name: str = "table.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return path


def point(imported, row_id: str):
    return next(row for row in imported.prices.prices if row.id == row_id).points[0]


def test_litellm_prices_are_per_token(tmp_path):
    table = read_table(written(tmp_path, LITELLM), "2026-10-01")
    assert (table.source, table.date) == ("litellm", "2026-10-01")
    assert {row.id for row in table.prices.prices} == {"openai/gpt-x", "google/gemini-x", "alibaba/q"}
    price = point(table, "openai/gpt-x").price()
    assert (price.input_per_million, price.output_per_million, price.cached_per_million) == (2, 8, 0.5)
    assert price.batch_share == 0.5
    assert [(tier.above, tier.input_per_million, tier.output_per_million) for tier in price.tiers] == [
        (200_000, 4, 12)
    ]
    assert point(table, "google/gemini-x").reasoning == 0.9
    assert point(table, "alibaba/q").tiers[0].above == 256_000


def test_models_dev_prices_are_per_million(tmp_path):
    table = read_table(written(tmp_path, MODELS_DEV), "2026-10-01")
    assert {row.id for row in table.prices.prices} == {"openai/gpt-x", "xai/grok-x"}
    assert point(table, "openai/gpt-x").tiers[0].output == 12
    grok = point(table, "xai/grok-x")
    assert (grok.reasoning, grok.tiers[0].above, grok.tiers[0].input) == (3, 128_000, 2)


def test_llm_prices_have_their_own_date_and_history(tmp_path):
    table = read_table(written(tmp_path, HISTORY))
    assert table.date == "2026-08-05"
    points = table.prices.prices[0].points
    assert [(one.input, one.since, one.until) for one in points] == [(2, None, "2026-09-01"), (3, "2026-09-01", None)]


def test_an_import_takes_the_place_of_the_earlier_one_and_leaves_other_sources(tmp_path, monkeypatch):
    target = tmp_path / "deep" / "prices.json"
    monkeypatch.setenv("WEIGHBRIDGE_PRICES", str(target))
    import_table(written(tmp_path, LITELLM), target, "2026-10-01")
    import_table(written(tmp_path, MODELS_DEV), target, "2026-10-02")
    row = price_book().find("openai", "gpt-x")
    assert {(one.source, one.output, one.seen) for one in row.points} == {
        ("litellm", 8, "2026-10-01"),
        ("models.dev", 9, "2026-10-02"),
    }
    changed = json.loads(json.dumps(LITELLM))
    changed["gpt-x"]["output_cost_per_token"] = 7e-06
    import_table(written(tmp_path, changed), target, "2026-10-03")
    row = price_book().find("openai", "gpt-x")
    assert {(one.source, one.output) for one in row.points} == {("litellm", 7), ("models.dev", 9)}
    assert price_book().find("openai", "gpt-4.1") is not None, "what is shipped stays where the import says nothing"
    assert not list(target.parent.glob(".*"))


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        ({"a": 1}, "t.json", "no table of prices"),
        ([], "t.json", "no table of prices"),
        (
            {"m": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": "free"}},
            "t.json",
            "m: input_cost_per_token",
        ),
        (
            {"m": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": -1}},
            "t.json",
            "m: input_cost",
        ),
        ({"a": {"litellm_provider": "openai"}, "m": 3}, "t.json", "m: a model's entry"),
        ({"m": {"litellm_provider": "openai", "mode": "chat"}}, "t.json", "no price of a text model"),
        ({"openai": {"models": {"x": {"cost": {"input": "two"}}}}}, "t.json", "openai.models.x.cost: input"),
        ({"openai": {"models": {}}, "b": {}}, "t.json", "b: there is no mapping"),
        (
            {"prices": [{"id": "x", "vendor": "v", "input": 1, "output": 1, "from_date": "soon"}]},
            "t.json",
            "'soon' is no date",
        ),
        ('{"a": {"litellm_provider":', "t.json", "t.json:1"),
        ('{"a":\n {"b": 1,,}}', "t.json", "t.json:2"),
        ("provider,model_id,input_usd_per_mtok,output_usd_per_mtok\nx,m,1,lots\n", "t.csv", "line 2"),
        ("a,b\n1,2\n", "t.csv", "no table of prices"),
        ("<html>, not found", "t.json", "no table of prices"),
    ],
)
def test_a_damaged_table_is_told_with_its_place(tmp_path, content, name, told):
    with pytest.raises(UsageError) as caught:
        read_table(written(tmp_path, content, name), "2026-10-01")
    assert told in str(caught.value)
    assert caught.value.fix
    assert name in (caught.value.where or "")


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_table(tmp_path / "none.json")
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(gzip.compress(json.dumps(LITELLM).encode())[:-20])
    with pytest.raises(UsageError, match="cannot be read"):
        read_table(cut)
    with pytest.raises(UsageError, match="no date"):
        read_table(written(tmp_path, LITELLM), "yesterday")


def test_the_published_tables_are_read(shared_data, tmp_path):
    folder = shared_data / "prices"
    target = tmp_path / "prices.json"
    for name, source, least in (
        ("litellm_model_prices_and_context_window.json.gz", "litellm", 2_000),
        ("models_dev.csv.gz", "models.dev", 4_000),
        ("llm_prices_history.csv.gz", "llm-prices", 100),
    ):
        new = import_table(folder / name, target, "2026-08-06")
        assert new.source == source
        assert len(new.prices.prices) >= least
    assert len(read_prices(target).prices) > 6_000


def litellm_cost(entry: dict, usage: Usage) -> float:
    """LiteLLM's reckoning, from its documentation: the whole call at the tier its prompt reaches."""
    tier = "_above_200k_tokens" if usage.input_tokens > 200_000 else ""

    def rate(field: str) -> float:
        return entry.get(field + tier, entry.get(field)) or 0.0

    cached, written_ = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    plain = usage.input_tokens - cached - written_
    inputs = plain * rate("input_cost_per_token") + cached * rate("cache_read_input_token_cost")
    return (
        inputs
        + written_ * rate("cache_creation_input_token_cost")
        + usage.output_tokens * rate("output_cost_per_token")
    )


def test_bills_are_those_that_litellm_would_write(shared_data):
    folder = shared_data / "prices"
    path = folder / "litellm_model_prices_and_context_window.json.gz"
    entries = json.loads(gzip.decompress(path.read_bytes()))
    table = {row.id: row.points[0].price() for row in read_table(path, "2026-08-06").prices.prices}
    pairs = {
        "openai/gpt-4.1": "gpt-4.1",
        "openai/gpt-5": "gpt-5",
        "openai/o3": "o3",
        "anthropic/claude-sonnet-4-5": "claude-sonnet-4-5",
        "anthropic/claude-opus-4-1": "claude-opus-4-1",
        "google/gemini-2.5-pro": "gemini/gemini-2.5-pro",
        "google/gemini-2.5-flash": "gemini/gemini-2.5-flash",
    }
    for ours, theirs in pairs.items():
        writes = "cache_creation_input_token_cost" in entries[theirs]
        for usage in (
            Usage(input_tokens=1_000, output_tokens=200),
            Usage(input_tokens=10_000, output_tokens=200, cached_tokens=8_000),
            Usage(
                input_tokens=10_000, output_tokens=1, cached_tokens=4_000, cache_write_tokens=2_000 if writes else 0
            ),
            Usage(input_tokens=250_000, output_tokens=2_000, cached_tokens=100_000),
        ):
            assert table[ours].call(usage) == pytest.approx(litellm_cost(entries[theirs], usage), rel=1e-9), (
                ours,
                usage,
            )


def run(*arguments: str):
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines())) <= 400
    return done.output


def test_the_commands(tmp_path, monkeypatch):
    monkeypatch.setenv("WEIGHBRIDGE_PRICES", str(tmp_path / "mine.json"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    table = written(tmp_path, LITELLM)
    assert "3 prices of litellm, dated 2026-10-01" in run("prices", "import", str(table), "--date", "2026-10-01")
    shown = run("prices", "show", "openai:gpt-x")
    assert "above 200,000 input tokens: input 4, output 12" in shown
    assert "50% of that in batches" in shown
    assert "LiteLLM (MIT)" in shown
    assert "openai/gpt-x" in run("prices", "list", "gpt-x")
    assert "0.435 to 1.74" in run("prices", "check", "deepseek-v4-pro")
    listed = run("models", "list", "open", "bloom")
    assert "bloom-176b" in listed
    assert max(map(len, listed.splitlines()[:-2])) <= 80
    told = run("models", "show", "gpt-4")
    assert "contested: 2023-11-06 by mdev" in told
    assert "Epoch AI" in told
    assert "BigScience" in run("models", "diff", "gpt-4", "bloom")
    assert json.loads(run("models", "show", "t5", "--json"))[0]["id"] == "t5-11b"
