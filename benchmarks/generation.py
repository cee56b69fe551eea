"""Writing text beside transformers' `generate` and llama.cpp: tokens per CPU second, and how near the memory's limit.

The same SmolLM2-135M weights on every side, the same prompts (16 to 240 tokens, cut from this project's
documentation), 64 new tokens each whatever they are, one thread, CPU time, the sides in turn, medians over the
rounds. llama.cpp runs in a process of its own, whose CPU time is counted; its float32 file is made from the GGUF that
the folder was made from, so that both hold the same numbers.

    python benchmarks/generation.py --rounds 3
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import logging
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
NEW = 64
BATCHES = (1, 8, 32)
Prompts = list[list[int]]


def prompts(tokenizer: Any, count: int, seed: int) -> Prompts:
    """Lengths spread evenly from 16 to 240 tokens; a single one has 128."""
    pages = " ".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
    words = re.sub(r"\s+", " ", re.sub(r"```.*?```", " ", pages, flags=re.S)).split(" ")
    rng = random.Random(seed)
    lengths = [128] if count == 1 else [16 + 224 * at // (count - 1) for at in range(count)]
    found = []
    for length in lengths:
        at = rng.randrange(len(words) - 300)
        ids = tokenizer(" ".join(words[at : at + 300]), add_special_tokens=False)["input_ids"]
        found.append(list(ids[:length]))
    rng.shuffle(found)
    return found


class Ours:
    """`generate` of this project, from text to text."""

    def __init__(self, folder: Path, dtype: str) -> None:
        from weighbridge.models.local.torch import generate_prompt
        from weighbridge.models.local.torch.load import load

        self.loaded = load(folder, dtype=dtype, device="cpu", template="plain", threads=1)
        made = generate_prompt.ready(self.loaded)
        # No token ends an answer: every side writes as much.
        generate_prompt.keep(self.loaded, dataclasses.replace(made, ends=frozenset(), special={}))
        self.decoder = made.decoder

    def write(self, given: Prompts) -> float:
        from weighbridge.models.local.torch.generate import generate
        from weighbridge.models.protocol import Request, Sampling
        from weighbridge.tasks.item import Message

        texts = [self.loaded.tokenizer.decode(prompt, clean_up_tokenization_spaces=False) for prompt in given]
        calls = [Request((Message("user", text),), Sampling(max_tokens=NEW)) for text in texts]
        written = []
        taken = seconds(lambda: generate(self.loaded, calls, lambda _, one: written.append(one.usage.output_tokens)))
        assert written == [NEW] * len(given), written
        return taken

    def step(self, given: Prompts) -> float:
        """Seconds of one step of decoding after the prompts, the middle of eight."""
        import torch

        with torch.inference_mode():
            logits = self.decoder.add(sorted(given, key=len, reverse=True))
            taken = []
            for _ in range(8):
                tokens = logits.argmax(-1).tolist()
                begun = time.process_time()
                logits = self.decoder.step(tokens)
                taken.append(time.process_time() - begun)
            for _ in given:
                self.decoder.drop(0)
        return statistics.median(taken)


class Transformers:
    def __init__(self, folder: Path, dtype: str) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()

    def write(self, given: Prompts) -> float:
        import torch

        longest = max(map(len, given))
        ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in given])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in given])
        asked: dict[str, Any] = {"max_new_tokens": NEW, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
        self.model.generation_config.eos_token_id = None
        with torch.inference_mode():
            return seconds(lambda: self.model.generate(input_ids=ids, attention_mask=mask, **asked))


class LlamaCpp:
    """The engine of ``gguf:``, with as many slots as prompts."""

    def __init__(self, file: Path, slots: int) -> None:
        from weighbridge.models.local.engine import Engine, Settings

        self.engine = Engine(Settings(path=str(file), slots=slots, context=320, threads=1, gpu_layers=0), "benchmark")
        self.engine.start()

    def write(self, given: Prompts) -> float:
        before = self._cpu()
        asyncio.run(self._ask(given))
        return self._cpu() - before

    async def _ask(self, given: Prompts) -> None:
        import aiohttp

        said = {"n_predict": NEW, "temperature": 0, "top_k": 1, "ignore_eos": True, "cache_prompt": False}
        headers = {"Authorization": f"Bearer {self.engine.key}"}
        timeout = aiohttp.ClientTimeout(total=1200)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:

            async def one(prompt: list[int]) -> int:
                async with session.post(f"{self.engine.url}/completion", json={"prompt": prompt, **said}) as reply:
                    return int((await reply.json())["tokens_predicted"])

            assert set(await asyncio.gather(*map(one, given))) == {NEW}

    def _cpu(self) -> float:
        """Seconds of CPU that the engine's process has used."""
        assert self.engine.process is not None
        fields = Path(f"/proc/{self.engine.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def float32_gguf() -> Path:
    """The GGUF of SmolLM2 with all numbers written out in float32."""
    import gguf

    from weighbridge.models.local.weights import find_weights

    target = ROOT / "build" / "test-models" / "smollm2-f32.gguf"
    if target.is_file():
        return target
    reader = gguf.GGUFReader(find_weights("smollm2", ROOT))
    making = target.with_suffix(".making")
    name = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(making, name)
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in ("general.architecture", "general.file_type"):
            continue
        kind, inner = field.types[0], field.types[-1] if len(field.types) > 1 else None
        writer.add_key_value(key, field.contents(), kind, inner)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype("float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    making.rename(target)
    return target


def seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def read_rate(size: int) -> float:
    """Bytes a CPU second that summing so many bytes reads."""
    import torch

    held = torch.ones(size // 4)
    held.sum()
    return size / statistics.median(seconds(held.sum) for _ in range(5))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, nargs="+", default=list(BATCHES))
    parser.add_argument("--steps", action="store_true", help="only the steps beside the memory's limit")
    said = parser.parse_args()
    import torch
    import transformers

    from weighbridge.models.local.weights import find_weights
    from weights import folder as weights

    logging.disable(logging.WARNING)
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    folder = weights("smollm2")
    ours = {dtype: Ours(folder, dtype) for dtype in ("float32", "bfloat16")}
    theirs = {dtype: Transformers(folder, dtype) for dtype in ("float32", "bfloat16")}
    files = {"float32": float32_gguf(), "Q4_1": find_weights("smollm2", ROOT)}
    sizes = {
        dtype: sum(p.numel() * p.element_size() for p in one.model.parameters()) for dtype, one in theirs.items()
    }
    if not said.steps:
        print("| prompts at once | side | new tokens a CPU s | ours / this |\n|---|---|---|---|")
        for batch in said.batches:
            beside(batch, said.rounds, ours, theirs, files)
    print("\n| prompts at once | ours | a step, ms | reading the weights once, ms | share |\n|---|---|---|---|---|")
    for batch in said.batches:
        pairs: dict[str, list[tuple[float, float]]] = {dtype: [] for dtype in ours}
        for turn in range(said.rounds):
            for dtype, one in ours.items():
                given = prompts(one.loaded.tokenizer, batch, seed=100 * batch + turn)
                pairs[dtype].append((one.step(given), sizes[dtype] / read_rate(sizes[dtype])))
        for dtype, found in pairs.items():
            step, limit = (1000 * statistics.median(column) for column in zip(*found, strict=True))
            share = spread([limit / step for step, limit in found])
            print(f"| {batch} | {dtype} | {step:.1f} | {limit:.1f} | {share} |", flush=True)


def beside(
    batch: int, rounds: int, ours: dict[str, Ours], theirs: dict[str, Transformers], files: dict[str, Path]
) -> None:
    """Prints a row for each side, on the same prompts, the sides in turn."""
    sides: dict[str, Callable[[Prompts], float]] = {f"ours {dtype}": one.write for dtype, one in ours.items()}
    sides |= {f"generate {dtype}": one.write for dtype, one in theirs.items()}
    engines = {kind: LlamaCpp(file, batch) for kind, file in files.items()}
    sides |= {f"llama.cpp {kind}": one.write for kind, one in engines.items()}
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(rounds):
        given = prompts(ours["float32"].loaded.tokenizer, batch, seed=100 * batch + turn)
        for side, write in sides.items():
            taken[side].append(write(given))
    for one in engines.values():
        one.engine.stop()
    for side, times in taken.items():
        ratios = [
            f"{kind}: " + spread([b / a for a, b in zip(taken[f"ours {kind}"], times, strict=True)])
            for kind in ours
            if not side.startswith("ours") and (kind in side or "llama.cpp" in side)
        ]
        print(
            f"| {batch} | {side} | {batch * NEW / statistics.median(times):.1f} | {'; '.join(ratios)} |", flush=True
        )


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
