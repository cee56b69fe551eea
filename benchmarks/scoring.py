"""Scoring given continuations beside lm-evaluation-harness: speed, fraction of the processor's peak, memory.

One thread each, the same SmolLM2-135M weights, the same texts (cut from this project's documentation), CPU time, the
two sides in turn in one process, medians over the rounds. lm_eval's batch size is the fastest of those tried. Memory
is the peak of a process of its own for each side.

    python benchmarks/scoring.py --items 16 --rounds 3
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"
ROOT = Path(__file__).resolve().parents[1]
DTYPES = ("float32", "bfloat16")
Pair = tuple[str, str]


@dataclass(frozen=True)
class Load:
    """Items of one shape: tokens that all share, tokens of each item, choices and tokens of each."""

    name: str
    shared: int
    own: int
    choices: int
    tokens: int


LOADS = (
    Load("4 choices of 10 tokens, context 150", 0, 150, 4, 10),
    Load("4 choices of 10 tokens, context 600", 0, 600, 4, 10),
    Load("4 choices of 10 tokens, 5 shots of 160 shared + 100", 800, 100, 4, 10),
    Load("4 choices of 1 token, context 150", 0, 150, 4, 1),
)


def texts(tokenizer: Any, load: Load, items: int) -> list[Pair]:
    """Contexts and choices cut from the documentation; every choice begins with a space."""
    pages = " ".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
    words = re.sub(r"\s+", " ", re.sub(r"```.*?```", " ", pages, flags=re.S)).split(" ")
    rng = random.Random(11)

    def cut(tokens: int) -> str:
        at = rng.randrange(len(words) - 2 * tokens)
        ids = tokenizer(" ".join(words[at : at + tokens]), add_special_tokens=False)["input_ids"]
        return str(tokenizer.decode(ids[:tokens])).strip()

    head = cut(load.shared) + "\n\n" if load.shared else ""
    return [
        (context, " " + cut(load.tokens))
        for context in (head + cut(load.own) for _ in range(items))
        for _ in range(load.choices)
    ]


def stored(folder: Path, dtype: str) -> Path:
    """The same weights as they are published in that number type, so that neither side converts while it loads."""
    if dtype == "float32":
        return folder
    target = ROOT / "build" / "benchmark-models" / f"{folder.name}-{dtype}"
    if not target.is_dir():
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).save_pretrained(target)
        AutoTokenizer.from_pretrained(folder).save_pretrained(target)
    return target


def ours(folder: Path, dtype: str) -> Any:
    from weighbridge.models.local.torch.load import load
    from weighbridge.models.local.torch.scoring import Scorer

    return Scorer(load(folder, dtype=dtype, device="cpu", threads=1))


def lm_eval(folder: Path, dtype: str, batch: int) -> Any:
    from lm_eval.models.huggingface import HFLM

    return HFLM(pretrained=str(folder), dtype=dtype, device="cpu", batch_size=batch)


def score_lm_eval(harness: Any, pairs: Sequence[Pair]) -> list[float]:
    from lm_eval.api.instance import Instance

    asked = [Instance("loglikelihood", {}, pair, number) for number, pair in enumerate(pairs)]
    return [logprob for logprob, _ in harness.loglikelihood(asked, disable_tqdm=True)]


def seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def peak(dtype: str) -> float:
    """GFLOP/s of matrix products of the sizes this model has, the best of several."""
    import torch

    best = 0.0
    for rows, inner, out in ((1024, 576, 3072), (2048, 576, 1536), (2048, 2048, 2048)):
        left = torch.randn(rows, inner).to(getattr(torch, dtype))
        right = torch.randn(out, inner).to(getattr(torch, dtype))
        times = max(1, int(1e10 / (2 * rows * inner * out)))

        def act(left: Any = left, right: Any = right, times: int = times) -> None:
            for _ in range(times):
                torch.nn.functional.linear(left, right)

        act()
        best = max(best, *(2 * rows * inner * out * times / seconds(act) / 1e9 for _ in range(5)))
    return best


def work(config: Any, tokens: int, rows: int, pairs: int) -> float:
    """GFLOP of matrix products: linear layers for `tokens`, the head for `rows`, attention for `pairs` seen."""
    size = config.hidden_size
    head = config.head_dim
    linear = size * head * (2 * config.num_attention_heads + 2 * config.num_key_value_heads)
    linear += 3 * size * config.intermediate_size
    attention = 2 * config.num_attention_heads * head
    layers = config.num_hidden_layers * (linear * tokens + attention * pairs)
    return 2 * (layers + size * config.vocab_size * rows) / 1e9


def counted(scorer: Any, pairs: Sequence[Pair]) -> tuple[int, float, float]:
    """Tokens that the naive way runs, GFLOP of the naive way, and of the plan that is carried out."""
    from weighbridge.models.local.torch.scoring.lean_rows import SHAPE
    from weighbridge.models.local.torch.scoring.plan import leaves, plan

    config = scorer._loaded.config
    pieces = [piece for group in scorer._encoder.pairs(pairs, True) for piece in group]
    # lm_eval, too, runs once what differs in the last token alone.
    naive = [len(inputs) for inputs in {piece.tokens[:-1] for piece in pieces}]
    seen = sum(size * (size + 1) // 2 for size in naive)
    root = plan(leaves(list(dict.fromkeys(pieces))), SHAPE)
    tokens = rows = looks = 0
    for stem in root.walk():
        own = stem.depth - stem.start
        tokens += own
        looks += own * stem.start + own * (own + 1) // 2
        for row in stem.rows:
            tokens += row.size
            looks += int(row.mask().sum())
            rows += len(set(row.nodes.tolist()))
    return sum(naive), work(config, sum(naive), sum(naive), seen), work(config, tokens, rows, looks)


def memory(folder: Path, side: str, dtype: str, batch: int, items: int) -> float:
    """MB at the peak of a fresh process that loads the model and scores the first load."""
    command = [sys.executable, __file__, "--child", side, dtype, str(batch), str(folder), "--items", str(items)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def child(side: str, dtype: str, batch: int, folder: Path, items: int) -> None:
    import torch

    torch.set_num_threads(1)
    if side == "ours":
        scorer = ours(folder, dtype)
        scorer.score(texts(scorer._loaded.tokenizer, LOADS[0], items))
    else:
        harness = lm_eval(folder, dtype, batch)
        score_lm_eval(harness, texts(harness.tokenizer, LOADS[0], items))
    peak_kb = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    assert peak_kb is not None
    print(json.dumps(int(peak_kb[1]) / 1024))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loads", type=int, default=len(LOADS))
    parser.add_argument("--child", nargs=4)
    said = parser.parse_args()
    if said.child:
        side, dtype, batch, folder = said.child
        with contextlib.redirect_stderr(None):
            child(side, dtype, int(batch), Path(folder), said.items)
        return
    import torch

    from weights import folder as weights

    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    folder = weights("smollm2")
    peaks = {dtype: peak(dtype) for dtype in DTYPES}
    scorers = {dtype: ours(stored(folder, dtype), dtype) for dtype in DTYPES}
    tokenizer = scorers["float32"]._loaded.tokenizer
    short = texts(tokenizer, LOADS[0], 4)
    harness = {dtype: lm_eval(stored(folder, dtype), dtype, 1) for dtype in DTYPES}
    batches = {}
    for dtype, one in harness.items():
        tried = {}
        for batch in (1, 4, 16):
            one.batch_size_per_gpu = batch
            tried[batch] = min(seconds(lambda one=one: score_lm_eval(one, short)) for _ in range(2))
        batches[dtype] = min(tried, key=lambda batch: tried[batch])
        one.batch_size_per_gpu = batches[dtype]
    print(f"GEMM peak GFLOP/s: {peaks}; lm_eval's batch: {batches}; ours: {scorers['float32'].method}\n")
    print(
        "| load | side | CPU s an item | items/s | naive tokens/s | of GEMM peak | ours / lm_eval same type |"
        " ours / lm_eval float32 |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for load in LOADS[: said.loads]:
        items = said.items if load.own + load.shared < 500 else max(4, said.items // 2)
        pairs = texts(tokenizer, load, items)
        tokens, naive_work, our_work = counted(scorers["float32"], pairs)
        times: dict[tuple[str, str], list[float]] = {(s, d): [] for s in ("lm_eval", "ours") for d in DTYPES}
        for _ in range(said.rounds):
            found: dict[tuple[str, str], list[float]] = {}
            for dtype in DTYPES:
                start = time.process_time()
                found["lm_eval", dtype] = score_lm_eval(harness[dtype], pairs)
                times["lm_eval", dtype].append(time.process_time() - start)
                # Each round begins without the shared prefix that the last one kept.
                scorers[dtype]._method._shelf.__init__()
                start = time.process_time()
                found["ours", dtype] = [scored.logprob for scored in scorers[dtype].score(pairs)]
                times["ours", dtype].append(time.process_time() - start)
            away = max(abs(a - b) for a, b in zip(found["lm_eval", "float32"], found["ours", "float32"], strict=True))
            assert away < 1e-3, away
        for (side, dtype), taken in times.items():
            middle = statistics.median(taken)
            done = (our_work if side == "ours" else naive_work) / middle / peaks[dtype]
            ratios = ["", ""]
            if side == "ours":
                for at, other in enumerate((dtype, "float32")):
                    each = [b / a for a, b in zip(taken, times["lm_eval", other], strict=True)]
                    ratios[at] = f"{statistics.median(each):.1f} ({min(each):.1f} to {max(each):.1f})"
            speeds = f"{middle / items:.3f} | {items / middle:.2f} | {tokens / middle:,.0f} | {done:.0%}"
            print(f"| {load.name} | {side} {dtype} | {speeds} | {ratios[0]} | {ratios[1]} |", flush=True)
    print("\n| peak memory, MB | ours | lm_eval | share |\n|---|---|---|---|")
    for dtype in DTYPES:
        where = stored(folder, dtype)
        mine_mb = memory(where, "ours", dtype, 0, said.items)
        for batch in sorted({batches[dtype], 16}):
            their_mb = memory(where, "lm_eval", dtype, batch, said.items)
            row = f"{mine_mb:.0f} | {their_mb:.0f} | {mine_mb / their_mb:.0%}"
            print(f"| {dtype} (lm_eval batch {batch}) | {row} |", flush=True)


if __name__ == "__main__":
    main()
