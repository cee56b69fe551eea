"""The facts on licences against the texts themselves: each claim that decides most is looked up in its text."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from weighbridge.catalog.licences import LicenceTerms, Rule, licences

LLAMAS = {
    "llama-2": ("llama-2-license-2023", "meta-llama2-use-policy"),
    "llama-3": ("llama-3-community", "meta-llama3-use-policy"),
    "llama-3.1": ("llama-3.1-license-2024", "meta-llama3_1-use-policy"),
    "llama-3.2": ("llama-3.2-license-2024", "meta-llama3_2-use-policy"),
    "llama-3.3": ("llama-3.3-license-2024", "meta-llama3_3-use-policy"),
    "llama-4": ("llama-4-cla-2025", "meta-llama4-use-policy"),
}


@pytest.fixture(scope="module")
def texts(shared_data: Path) -> dict[str, str]:
    with gzip.open(shared_data / "licences" / "licence_texts.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    return {row["key"]: re.sub(r"[\s*\\]+", " ", row["text"]).replace("“", '"').replace("”", '"') for row in rows}


def forbids(terms: LicenceTerms, trigger: str) -> list[Rule]:
    return [rule for rule in terms.rules if rule.effect == "forbids" and trigger in rule.when]


def test_every_text_named_is_a_text(texts: dict[str, str]) -> None:
    named = {key for one in licences().values() for key in one.texts}
    elsewhere = {"moonshot-ai-modified-mit-2025"}
    assert named - elsewhere <= set(texts)
    policies = {key for key in texts if key.endswith("-use-policy") or "pup" in key or key.startswith("openai-")}
    assert set(texts) - named - policies == {"llama-4-license-2025"}, "a text without terms here"


@pytest.mark.parametrize("name", sorted(LLAMAS))
def test_llama(texts: dict[str, str], name: str) -> None:
    text, policy = (texts[key] for key in LLAMAS[name])
    terms = licences()[name]
    assert bool(forbids(terms, "train")) == ("improve any other large language model" in text)
    users = [rule for rule in terms.rules if rule.users_over]
    assert [rule.users_over for rule in users] == [700_000_000]
    assert "greater than 700 million monthly active users" in text
    day = re.search(r"(?:Release|Effective) Date: (\w+ \d+, \d{4})", text)
    assert day is not None
    assert terms.released is not None
    assert day[1].endswith(terms.released[:4])
    excluded = [rule for rule in terms.rules if "EU" in rule.seat_in]
    assert bool(excluded) == ("European Union" in policy)
    built = [rule for rule in terms.rules if rule.says.startswith("show “Built with")]
    shown = re.search(r'prominently display "(Built with [^"]+)"', text)
    assert bool(built) == bool(shown)
    if shown:
        assert shown[1] in built[0].says
    begins = re.search(r'include "([^"]+)" at the beginning', text)
    assert bool(begins) == any("begins with" in rule.says for rule in terms.rules)
    military = [rule for rule in terms.rules if "military" in rule.fields]
    assert military
    assert "Military, warfare" in policy


@pytest.mark.parametrize(
    ("key", "phrase"),
    [
        ("llama-license-2023", "solely for your non-commercial research purposes"),
        ("llama-license-2023", "any data produced by the Software"),
        ("llama-license-2023", "at any time upon notice"),
        ("bigscience-rail-1.0", "12. To provide medical advice and medical results interpretation"),
        (
            "bigscience-rail-1.0",
            "13. To generate or disseminate information for the purpose to be used for administration",
        ),
        ("bigscience-rail-1.0", "5. To generate or disseminate information or content, in any context"),
        ("bigscience-rail-1.0", "reasonable efforts to use the latest version"),
        ("bigscience-open-rail-m", "(l) To provide medical advice"),
        ("bigscience-open-rail-m", "(e) To generate or disseminate information and/or content"),
        ("bigcode-open-rail-m-v1", "(n) For fully automated decision making in administration of justice"),
        ("deepseek-la-1.0", "For military use in any way"),
        ("deepseek-la-1.0", "generation of synthetic data by the Model for training the other model"),
        ("gemma-tou-2025-03-24", "generation of synthetic data Outputs by Gemma for training that model"),
        ("gemma-tou-2025-03-24", "(other than through a Hosted Service)"),
        ("qwen-2024", "more than 100 million monthly active users"),
        ("qwen-2024", '"Built with Qwen" or "Improved using Qwen"'),
        ("tongyi-qianwen-2023", "improve any other large language model"),
        ("stability-ai-community-2024", "more than USD $1,000,000 in annual revenue"),
        ("stability-ai-community-2024", "to create or improve any foundational generative AI model"),
        ("stability-ai-community-2024", "Powered by Stability AI"),
        ("nvidia-open-model-2025-04-28", "your rights under this Agreement will automatically terminate"),
        ("falcon-2-11b-1.0", "The Acceptable Use Policy may be updated from time to time"),
        ("openmdw-1.0", "does not impose any restrictions or obligations with respect to any use"),
        ("openai-tou-20241211", "Use Output to develop models that compete with OpenAI"),
        ("cc-by-nd-4.0", "produce and reproduce, but not Share, Adapted Material"),
        ("cc-by-nc-4.0", "for NonCommercial purposes only"),
        ("agpl-3.0", "13. Remote Network Interaction"),
        ("cdla-permissive-2.0", "3.1. This agreement does not impose any restriction"),
    ],
)
def test_what_decides_stands_in_the_text(texts: dict[str, str], key: str, phrase: str) -> None:
    assert phrase in texts[key]


def test_the_second_openrail_does_not_ask_for_disclosure(texts: dict[str, str]) -> None:
    assert "machine generated" not in texts["bigscience-open-rail-m2"]
    assert not any("machine generated" in rule.says for rule in licences()["openrail-m2"].rules)
    assert "latest version" not in texts["bigscience-open-rail-m2"]
