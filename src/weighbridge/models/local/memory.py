"""How much memory a model will take, from its configuration and the sizes in its files, and how much there is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError

LIBRARIES = 600 << 20
"""Bytes of PyTorch and transformers themselves in a process (measured: 370 to 560 MB resident)."""


_GROWING = 2
"""Copies of the key-value cache while it grows: the old one is held until the new one is filled."""


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes, by what they are for."""

    weights: int
    cache: int
    """Keys and values of the tokens held at once, twice, for they are copied as they grow."""
    working: int
    """Values between layers, and the scores of the vocabulary."""
    libraries: int = LIBRARIES

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.working + self.libraries

    def __str__(self) -> str:
        return (
            f"weights {told(self.weights)}, key-value cache {told(self.cache)}, working space {told(self.working)},"
            f" libraries {told(self.libraries)}"
        )


def need_of(
    config: Mapping[str, Any], numbers: int, *, bytes_each: int, tokens: int, rows: int, copies: float = 1.0
) -> Need:
    """What a model takes with `numbers` weights of `bytes_each` and `tokens` positions of `rows` prompts at once.

    `copies`: how often the weights are held while they are loaded (2 where they are converted on the way).
    """
    text = config.get("text_config")
    said: Mapping[str, Any] = {**config, **text} if isinstance(text, Mapping) else config
    hidden = _first(said, "hidden_size", "n_embd", "d_model") or 1024
    layers = _first(said, "num_hidden_layers", "n_layer", "num_layers") or 24
    heads = _first(said, "num_attention_heads", "n_head", "num_heads") or 16
    kept = _first(said, "num_key_value_heads", "num_kv_heads") or (1 if said.get("multi_query") else heads)
    size = _first(said, "head_dim", "d_kv") or hidden // max(heads, 1)
    inner = _first(said, "intermediate_size", "n_inner", "d_ff", "ffn_hidden_size") or 4 * hidden
    words = _first(said, "vocab_size") or 50_000
    sides = 2 if said.get("is_encoder_decoder") else 1
    generates = not any("ForSequenceClassification" in str(one) for one in said.get("architectures") or ())
    return Need(
        weights=int(numbers * bytes_each * copies),
        cache=_GROWING * 2 * layers * kept * size * bytes_each * tokens * sides if generates else 0,
        working=tokens * (4 * hidden + 3 * inner) * bytes_each + 3 * rows * words * 4,
    )


def _first(said: Mapping[str, Any], *names: str) -> int:
    return next((said[name] for name in names if isinstance(said.get(name), int) and said[name] > 0), 0)


def available() -> int | None:
    """Bytes this process may still take: the machine's, or what its container allows; None where nobody says."""
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
    for most, used, cached in _LIMITS:
        with contextlib.suppress(OSError, ValueError):
            limit = int(Path(most).read_text())  # "max" is no number: no limit
            if limit < 1 << 60:
                found.append(max(0, limit - int(Path(used).read_text()) + _file_pages(Path(cached))))
    if not found and hasattr(os, "sysconf"):
        with contextlib.suppress(OSError, ValueError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found) if found else None


_V1 = "/sys/fs/cgroup/memory"
_LIMITS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (f"{_V1}/memory.limit_in_bytes", f"{_V1}/memory.usage_in_bytes", f"{_V1}/memory.stat"),
)
"""Limit, use and breakdown of the container this process is in (cgroup v2, v1)."""


def _file_pages(stat: Path) -> int:
    """Bytes of files in memory, which the kernel gives back where they are needed."""
    for line in stat.read_text().splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def fitting(need: Callable[[int], Need], there: int | None, most: int, least: int) -> int:
    """The most token positions at once, from `most` down by halves to no less than `least`, that fit into `there`."""
    tokens = most
    while there is not None and need(tokens).total > there and tokens // 2 >= least:
        tokens //= 2
    return tokens


def check_memory(need: Need, there: int | None, place: str, where: str) -> None:
    """Raise UsageError where `need` is more than `there` is (None: unknown, nothing is refused)."""
    if there is None or need.total <= there:
        return
    raise UsageError(
        f"not enough memory on {place}: about {told(need.total)} needed ({need}), {told(there)} available",
        where=where,
        fix="dtype: bfloat16 halves weights and cache; smaller slots and batch_tokens need less cache and working"
        " space; a GGUF file (gguf:) takes a quarter or less; or close other programs",
    )


def told(size: int) -> str:
    """``1.3 GB``, in powers of 1000 as disks and model pages count."""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= step:
            return f"{size / step:.3g} {unit}"
    return f"{size} B"
