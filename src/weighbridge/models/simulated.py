"""``simulated:accuracy=0.8,...``: made-up answers of a stated accuracy, latency and price, for trying things out.

An answer is right where ``sqrt(r) z(item) + sqrt(1 - r) e(seed, item, repeat) < Phi^-1(accuracy)``, with z and e
standard normal and r the correlation (a one-factor Gaussian copula): each answer is right with exactly the stated
probability, and models that share `difficulty_seed` find the same items hard.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Literal

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Completion, Finish, Side, Usage
from weighbridge.models.invented import right_answer, wrong_answer
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Request

_NORMAL = NormalDist()


class Simulation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the part after ``simulated:`` may say."""

    accuracy: float
    """Probability that an answer is right."""
    latency: float = 0.0
    """Seconds an answer takes, as reported; the median where `spread` is above 0."""
    spread: float = 0.0
    """Standard deviation of the logarithm of the latency."""
    wait: bool = False
    """Really wait that long."""
    tokens: int = 0
    """Generated tokens of an answer."""
    cost: float | None = None
    """Money per answer."""
    side: Literal["open", "closed"] = "open"
    seed: int = 0
    refuse: float = 0.0
    """Probability of a refusal; refusals are taken from the wrong answers, so the accuracy stays."""
    difficulty_seed: int | None = None
    """Models with the same one find the same items hard. None: answers are independent between models."""
    correlation: float = 0.5
    """How much an item's difficulty decides, from 0 to 1; used with `difficulty_seed`."""
    sway: float = 0.0
    """How much the words of the system message matter: standard deviation of the shift of ability that each one
    gives, where items spread by 1."""
    name: str = ""
    """Tells apart two models that are otherwise alike."""


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """Deterministic per (seed, item id, repeat)."""

    spec: str
    simulation: Simulation
    side: Side
    concurrency: int
    threshold: float
    revision: str = "1"
    engine: str = "simulated"
    simulated: bool = True
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(choices=True, json_schema=True, seed=True, needs_item=True)
    )

    @property
    def endpoint(self) -> str:
        return self.spec

    async def complete(self, request: Request) -> Completion:
        item, of = request.item, self.simulation
        if item is None:
            raise ModelError("a simulated model needs the item, and got none", kind="bad_request", where=self.spec)
        if item.reference is None:
            what = f"item {item.id!r} has no reference, so no right answer can be made up"
            raise ModelError(what, kind="bad_request", where=self.spec)
        own, share, pick = _draws(f"{of.seed}|{item.id}|{request.repeat}")
        level = _NORMAL.inv_cdf(own)
        if of.difficulty_seed is not None:
            hard = _NORMAL.inv_cdf(_draws(f"difficulty|{of.difficulty_seed}|{item.id}")[0])
            level = math.sqrt(of.correlation) * hard + math.sqrt(1 - of.correlation) * level
        seconds = of.latency * math.exp(of.spread * _NORMAL.inv_cdf(pick)) if of.spread else of.latency
        if of.wait and seconds:
            await asyncio.sleep(seconds)
        usage = Usage(
            input_tokens=sum(len(message.content) for message in request.messages) // 4,
            output_tokens=of.tokens,
            duration=seconds,
            cost=of.cost,
        )
        threshold = self.threshold
        if of.sway and (system := "".join(m.content for m in request.messages if m.role == "system")):
            threshold += of.sway * _NORMAL.inv_cdf(_draws(f"sway|{of.seed}|{system}")[0])
        if level < threshold:
            return Completion(right_answer(item.reference), usage=usage)
        if of.refuse and share < of.refuse / (1 - of.accuracy):
            return Completion("I cannot help with that.", Finish.REFUSAL, usage)
        return Completion(wrong_answer(item.reference, request.choices, pick), usage=usage)

    async def stream(self, request: Request) -> AsyncIterator[str]:
        yield (await self.complete(request)).text

    async def close(self) -> None:
        """Nothing to close."""


def open_simulated(rest: str, options: ModelOptions, base_dir: Path) -> SimulatedModel:  # noqa: ARG001 - an opener's form
    """Opener of ``simulated:``. Raises UsageError for unknown names and values that cannot be."""
    spec = f"simulated:{rest}"
    simulation = _parse(rest, spec)
    if simulation.accuracy <= 0 or simulation.accuracy >= 1:
        threshold = math.inf if simulation.accuracy >= 1 else -math.inf
    else:
        threshold = _NORMAL.inv_cdf(simulation.accuracy)
    return SimulatedModel(
        spec=spec,
        simulation=simulation,
        side=options.side or simulation.side,
        concurrency=options.concurrency or 64,
        threshold=threshold,
    )


def _parse(rest: str, spec: str) -> Simulation:
    known = Simulation.__struct_fields__
    form = "write simulated:accuracy=0.8,latency=0.2,tokens=40,side=closed,seed=1"
    values: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise UsageError(f"{part.strip()!r} is not name=value", where=spec, fix=form)
        if name not in known:
            raise UsageError(f"simulated: knows no {name!r}", where=spec, fix=nearest(name, known))
        if name in values:
            raise UsageError(f"{name} is given twice", where=spec, fix="keep one")
        values[name] = value.lower() if name == "wait" else value
    if "accuracy" not in values:
        raise UsageError("a simulated model needs its accuracy", where=spec, fix=form)
    try:
        found = msgspec.convert(values, Simulation, strict=False)
    except msgspec.ValidationError as broken:
        raise UsageError(f"{broken}", where=spec, fix=form) from None
    for name in ("accuracy", "refuse", "correlation"):
        if not 0 <= getattr(found, name) <= 1:
            raise UsageError(f"{name} must lie in [0, 1], not {getattr(found, name):g}", where=spec, fix=form)
    for name in ("latency", "spread", "tokens", "cost", "sway"):
        value_ = getattr(found, name)
        if value_ is not None and not 0 <= value_ < math.inf:
            raise UsageError(f"{name} must be at least 0, not {value_:g}", where=spec, fix=form)
    if found.accuracy + found.refuse > 1:
        raise UsageError("accuracy and refuse together are above 1", where=spec, fix="lower one of them")
    return found


def _draws(text: str) -> tuple[float, float, float]:
    """Three uniform numbers in (0, 1) that `text` fixes, the same on every machine."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=24).digest()
    parts = (int.from_bytes(digest[start : start + 8], "big") >> 12 for start in (0, 8, 16))
    first, second, third = ((part + 0.5) / 2**52 for part in parts)
    return first, second, third
