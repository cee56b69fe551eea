"""How often an answer held to choices is another than the one that scores best, by llama.cpp's two kinds of grammar.

    python benchmarks/held_choices.py [--models smollm2,gemma3] [--items 60]

Each prompt is answered three ways with the same weights: greedily under a grammar of characters, greedily under a
grammar of the choices' own tokens (what `gguf:` does), and by the likeliest choice as a whole. Counted are answers
that differ from the last, and answers under the first whose spelling is not the tokenizer's own.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from matrices import DATA
from weighbridge.models.grammar import choice_grammar
from weighbridge.models.local.gguf_model import GgufModel
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request
from weighbridge.models.remote.servers.forced import tokens_of
from weighbridge.models.remote.servers.service import Service
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

ROOT = Path(__file__).resolve().parents[1]
TEAMS = ("payment", "device", "delivery", "account")


class Written(msgspec.Struct):
    content: str
    tokens: list[int] = []


def table(name: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def tasks() -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    """Name, choices and prompts of each task whose data are on this machine."""
    with (ROOT / "examples" / "support-desk" / "messages.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    asked = "Which team should handle this message: payment, device, delivery or account?\nMessage: {}\nTeam:"
    yield "support desk", TEAMS, [asked.format(row["message"]) for row in rows]
    if not DATA.is_dir():
        return
    form = "{}\n\nQuestion: {}? Answer yes or no.\nAnswer:"
    rows = table("superglue/boolq_val.jsonl.gz")
    yield "BoolQ", ("yes", "no"), [form.format(row["passage"][:700], row["question"]) for row in rows]
    form = "{}\n\nClaim: {}\nIs the claim an entailment, a contradiction or neutral?\nAnswer:"
    rows = table("superglue/cb_val.jsonl.gz")
    labels = ("entailment", "contradiction", "neutral")
    yield "CB", labels, [form.format(row["premise"], row["hypothesis"]) for row in rows]
    form = "Tweet: {}\nIs its sentiment positive, neutral or negative?\nAnswer:"
    rows = table("tweeteval_sentiment/test_3000.jsonl.gz")
    yield "tweets", ("positive", "neutral", "negative"), [form.format(row["text"]) for row in rows]


async def written(service: Service, prompt: list[int], grammar: str) -> Written:
    body = {"prompt": prompt, "n_predict": 24, "temperature": 0, "grammar": grammar, "return_tokens": True}
    return await service.ask(f"{service.root}/completion", {**body, "cache_prompt": True}, Written)


async def measure(name: str, items: int) -> None:
    model = open_model(f"gguf:{name}", ModelOptions(slots=1, threads=1))
    assert isinstance(model, GgufModel)
    service = (await model._writer()).service
    for task, choices, prompts in tasks():
        chosen = prompts[:: max(1, len(prompts) // items)][:items]
        letters = tokens = odd = 0
        for prompt in chosen:
            request = Request((Message("user", prompt),))
            text = await model.rendered(request) or ""
            read = [token.id for token in await tokens_of(service, text)]
            blanks = ("",) if text[-1].isspace() else ("", " ")
            by_letters = await written(service, read, choice_grammar([b + c for c in choices for b in blanks]))
            grammar = await model._spelling.grammar(service, text, choices)
            by_tokens = await written(service, read, grammar)
            scored = await model.complete(
                Request(request.messages, continuations=tuple(blanks[-1] + choice for choice in choices))
            )
            best = scored.text.strip()
            letters += by_letters.content.strip() != best
            tokens += by_tokens.content.strip() != best
            spelled = " ".join(f"<[{token}]>" for token in by_letters.tokens)
            forms = re.split(r" \| |::= ", grammar)[1:]
            odd += not any(spelled == form or spelled.startswith(f"{form} ") for form in forms)
        print(
            f"{name:8} {task:13} {len(chosen):4} answers: other than the likeliest by characters {letters:3}, "
            f"by tokens {tokens:3}; spelled oddly by characters {odd:3}",
            flush=True,
        )
    await model.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="smollm2,gemma3")
    parser.add_argument("--items", type=int, default=60)
    given = parser.parse_args()
    for name in given.models.split(","):
        asyncio.run(measure(name, given.items))


if __name__ == "__main__":
    main()
