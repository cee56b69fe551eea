"""Which method a model is scored by: the fastest that gives what the model itself gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.scoring.encode import Piece
from weighbridge.models.local.torch.scoring.encode_once import EncodeOnce
from weighbridge.models.local.torch.scoring.head import head_of
from weighbridge.models.local.torch.scoring.lean_rows import LeanRows
from weighbridge.models.local.torch.scoring.model_rows import ModelRows
from weighbridge.models.local.torch.scoring.naive import Naive
from weighbridge.models.local.torch.scoring.plan import Shape
from weighbridge.models.local.torch.scoring.tally import Method

_TEXT = (
    "The scale stood at the edge of the village, where every cart that came down from the hills had to pass. "
    "Two boards, one loaded and one bare, told the miller what he owed and what he was owed. "
)
_FORCED = Shape(branches=4, stem=8)
"""Small enough that the probe needs stems computed apart."""


def method_for(loaded: Loaded, limits: Limits, naive: Naive) -> tuple[Method, str]:
    """The method, and why no faster one where there would be one."""
    reasons: list[str] = []
    pieces = probe(loaded)
    for name, make in _ways(loaded, limits, reasons):
        try:
            method = make()
            away = difference(method, naive, pieces, loaded)
        except Exception as error:  # a model may fail in any way where it was not made for this; naive remains
            told = str(error).partition("\n")[0][:200]
            reasons.append(f"{name} failed: {type(error).__name__}: {told}")
            continue
        if away is None:
            return method, "; ".join(reasons)
        reasons.append(f"{name} differs from naive by {away:.2g}")
    return naive, "; ".join(reasons)


def _ways(loaded: Loaded, limits: Limits, reasons: list[str]) -> Iterator[tuple[str, Callable[[], Method]]]:
    if loaded.kind == "seq2seq":
        yield "encode once", lambda: EncodeOnce(loaded, limits)
        return
    head = head_of(loaded.model)
    if head is None:
        reasons.append("the model has no output matrix of its own")
        return
    if turns_by_mask(loaded.config):
        reasons.append("ALiBi takes positions from the mask, so rows cannot be packed")
    else:
        from weighbridge.models.local.torch.lean import lean_weights

        lean = lean_weights(loaded.model)
        if lean is not None:
            yield "packed (lean)", lambda: LeanRows(lean, head, limits)
        yield "packed", lambda: ModelRows(loaded, head, limits, packed=True)
    yield "cached prefix", lambda: ModelRows(loaded, head, limits, packed=False)


def turns_by_mask(config: Any) -> bool:
    """Whether the model reads positions off its two-dimensional mask."""
    if config.model_type in ("bloom", "mpt"):
        return True
    return bool(getattr(config, "alibi", False) or getattr(config, "use_alibi", False))


def probe(loaded: Loaded) -> list[Piece]:
    """Two short contexts that begin alike, with continuations that begin alike."""
    ids: list[int] = loaded.tokenizer(_TEXT, add_special_tokens=False)["input_ids"]
    ids = (ids * (64 // max(len(ids), 1) + 1))[:64]
    if loaded.kind == "seq2seq":
        sources = (tuple(ids[:20]), tuple(ids[:12]))
        targets = (ids[40:43], ids[40:42], ids[50:51], ids[52:58])
        return [Piece(tuple(target), len(target), source) for source in sources for target in targets]
    first, second = ids[:42], [*ids[:38], *ids[50:54]]
    return [
        Piece((*first, *ids[42:45]), 3),
        Piece((*first, *ids[42:44], *ids[55:57]), 4),
        Piece((*first, ids[60]), 1),
        Piece((*second, *ids[54:56]), 2),
    ]


def difference(method: Method, naive: Naive, pieces: Sequence[Piece], loaded: Loaded) -> float | None:
    """The largest difference of a log-probability from naive; None where none is beyond rounding.

    Rounding: 1e-4 in float32 (or a millionth of the sum, where that is more); in shorter number types two per cent
    and 0.05 a token, which is what naive in that type differs by from naive with other batches.
    """
    import numpy as np
    import torch

    plain = naive.run(list(pieces)).logprobs
    short = loaded.dtype not in (torch.float32, torch.float64)
    lengths = np.array([piece.scored for piece in pieces])
    allowed = 0.02 * abs(plain) + 0.05 * lengths if short else np.maximum(1e-4, 1e-6 * abs(plain))
    worst = 0.0
    for shape in (None, _FORCED):
        away = abs(method.run(list(pieces), shape).logprobs - plain)
        if not (away <= allowed).all():
            worst = max(worst, float(np.nan_to_num(away, nan=np.inf).max()))
    return worst or None
