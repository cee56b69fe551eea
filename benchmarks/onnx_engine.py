"""An exported model beside the engine it replaces: tokens per CPU second, memory and install size.

SmolLM2-135M in float32, one thread, CPU time, the sides in turn, medians over the rounds. Scoring: items of four
continuations of about ten tokens after about 150 tokens of context, counted as if every continuation were read with
its context (so that the sides compare). Writing: `--new` tokens after prompts of 128.

The sides are this project's ONNX engine, its engine for transformers (packed scoring, lean decoding), and
transformers' own forward pass and `generate`, one text at a time for scoring and padded batches for writing.

    python benchmarks/onnx_engine.py --rounds 3

(Not named onnx.py: a script's folder comes first where Python looks for the package `onnx`.)
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import random
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"
ROOT = Path(__file__).resolve().parents[1]
CONTEXT, CONTINUATION, CHOICES = 150, 10, 4


def passages(tokenizer: Any, count: int, length: int, seed: int) -> list[str]:
    """Texts of about `length` tokens, cut from this project's pages."""
    pages = " ".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
    words = re.sub(r"\s+", " ", re.sub(r"```.*?```", " ", pages, flags=re.S)).split(" ")
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        at = rng.randrange(len(words) - length)
        ids = tokenizer(" ".join(words[at : at + length]), add_special_tokens=False)["input_ids"][:length]
        found.append(tokenizer.decode(ids, clean_up_tokenization_spaces=False))
    return found


def seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def answered(engine: Any, calls: list[Any]) -> list[Any]:
    found: dict[int, Any] = {}
    engine.run(calls, found.__setitem__)
    return [found[number] for number in range(len(calls))]


def naive(model: Any, tokenizer: Any, pairs: list[tuple[str, str]]) -> list[float]:
    """Log-probabilities by transformers alone, a row a pair."""
    import torch

    out = []
    with torch.inference_mode():
        for context, continuation in pairs:
            before = len(tokenizer(context)["input_ids"])
            ids = torch.tensor([tokenizer(context + continuation)["input_ids"]])
            chances = torch.log_softmax(model(ids[:, :-1]).logits[0, before - 1 :], -1)
            out.append(float(chances.gather(1, ids[0, before:, None]).sum()))
    return out


def written(model: Any, tokenizer: Any, texts: list[str], new: int) -> None:
    import torch

    tokenizer.pad_token = tokenizer.eos_token
    inputs = tokenizer(texts, return_tensors="pt", padding=True, padding_side="left")
    with torch.inference_mode():
        model.generate(**inputs, min_new_tokens=new, max_new_tokens=new, do_sample=False)


def installed(extra: str) -> float:
    """MB of the files that ``weighbridge[extra]`` brings beyond the base install."""
    return (_files(_closure(extra)) - _files(_closure(""))) / 1e6


def _closure(extra: str) -> frozenset[str]:
    from packaging.requirements import Requirement

    listed = ROOT / "pyproject.toml"
    import tomllib

    project = tomllib.loads(listed.read_text())["project"]
    todo = [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else ())]
    found: set[str] = set()
    while todo:
        need = Requirement(todo.pop())
        if need.name.lower() in found or (need.marker and not need.marker.evaluate({"extra": ""})):
            continue
        try:
            todo += importlib.metadata.requires(need.name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found.add(need.name.lower())
    return frozenset(found)


def _files(names: frozenset[str]) -> float:
    paths = (file.locate() for name in names for file in importlib.metadata.files(name) or ())
    return float(sum(os.path.getsize(path) for path in paths if os.path.isfile(path)))  # noqa: PTH202, PTH113


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--items", type=int, default=4)
    options = parser.parse_args()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    import weights
    from weighbridge.models.local.onnx import engine as onnx_engine
    from weighbridge.models.local.onnx.export import export
    from weighbridge.models.local.torch import engine as torch_engine
    from weighbridge.models.protocol import Request, Sampling
    from weighbridge.tasks.item import Message

    torch.set_num_threads(1)
    folder = weights.folder("smollm2")
    target = ROOT / "build" / "bench-onnx-smollm2"
    if not target.is_dir():
        export(folder, target, threads=1)
    ours = onnx_engine.make({"folder": str(target), "threads": 1, "template": "plain"})
    theirs = torch_engine.make({"source": str(folder), "dtype": "float32", "device": "cpu", "threads": 1} | _PLAIN)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)

    contexts = passages(tokenizer, options.items, CONTEXT, 1)
    ends = passages(tokenizer, options.items * CHOICES, CONTINUATION, 2)
    groups = [tuple(f" {end}" for end in ends[at * CHOICES : (at + 1) * CHOICES]) for at in range(options.items)]
    scored = [
        Request((Message("user", text),), continuations=group) for text, group in zip(contexts, groups, strict=True)
    ]
    pairs = [(text, end) for text, group in zip(contexts, groups, strict=True) for end in group]
    tokens = sum(len(tokenizer(context + end)["input_ids"]) for context, end in pairs)
    right = naive(model, tokenizer, pairs)
    for engine in (ours, theirs):
        found = [one.logprob for answer in answered(engine, scored) for one in answer.scored]
        away = max(abs(one - other) for one, other in zip(found, right, strict=True))
        print(f"largest difference of a log-likelihood: {away:.1e}")
    sides: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        for name, work in (
            ("scoring, onnx", lambda: answered(ours, scored)),
            ("scoring, transformers engine", lambda: answered(theirs, scored)),
            ("scoring, transformers forward", lambda: naive(model, tokenizer, pairs)),
        ):
            sides.setdefault(name, []).append(tokens / seconds(work))
    for count in (1, 8):
        texts = passages(tokenizer, count, 128, 3)
        calls = [Request((Message("user", text),), Sampling(max_tokens=options.new)) for text in texts]
        for _ in range(options.rounds):
            for name, engine in (("onnx", ours), ("transformers engine", theirs)):
                begin = time.process_time()
                made = sum(answer.usage.output_tokens for answer in answered(engine, calls))
                sides.setdefault(f"writing {count}, {name}", []).append(made / (time.process_time() - begin))
            taken = seconds(lambda texts=texts: written(model, tokenizer, texts, options.new))
            sides.setdefault(f"writing {count}, transformers generate", []).append(options.new * count / taken)
    print(f"{'side':42} {'tokens per CPU second':>22}   rounds")
    for name, rates in sides.items():
        print(f"{name:42} {statistics.median(rates):22.1f}   {' '.join(f'{rate:.0f}' for rate in rates)}")
    for extra in ("onnx", "local"):
        print(f"weighbridge[{extra}]: {installed(extra):.0f} MB beyond the base install")


_PLAIN = {"template": "plain"}

if __name__ == "__main__":
    main()
