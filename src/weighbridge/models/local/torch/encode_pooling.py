"""How the vectors of a text's tokens become one vector: as the folder of a sentence-transformers model says.

Reference: https://sbert.net/docs/package_reference/sentence_transformer/models.html. A folder that says nothing is
averaged over its tokens and not normalised.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.models.local.torch.loaded import Loaded

_MODES = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
_KNOWN = ("Transformer", "Pooling", "Normalize", "Dense")


@dataclass(frozen=True, slots=True)
class Pooling:
    """The steps after the encoder."""

    modes: tuple[str, ...] = ("mean_tokens",)
    """Put one behind the other where there are several."""
    dense: tuple[Any, ...] = ()
    """Functions from vectors to vectors, in their order."""
    normalise: bool = False
    longest: int | None = None
    """Most tokens of a text, special ones included."""
    lower: bool = False

    def lowered(self, text: str) -> str:
        return text.lower() if self.lower else text

    def pooled(self, states: Any, mask: Any) -> Any:
        """[texts, size] from the tokens' states [texts, tokens, size] and their mask [texts, tokens]."""
        import torch

        vectors = torch.cat([_pool(mode, states, mask.to(states.dtype)[..., None]) for mode in self.modes], -1)
        for step in self.dense:
            vectors = step(vectors)
        return torch.nn.functional.normalize(vectors, dim=-1) if self.normalise else vectors


def _pool(mode: str, states: Any, mask: Any) -> Any:
    import torch

    if mode == "cls_token":
        return states[:, 0]
    if mode == "max_tokens":
        return states.masked_fill(mask == 0, float("-inf")).amax(1)
    if mode == "lasttoken":
        last = mask[..., 0].sum(1).long().clamp(min=1) - 1
        return states[torch.arange(len(states), device=states.device), last]
    if mode == "weightedmean_tokens":
        places = torch.arange(1, states.shape[1] + 1, device=states.device, dtype=states.dtype)
        mask = mask * places[None, :, None]
    summed, count = (states * mask).sum(1), mask.sum(1).clamp(min=1e-9)
    return summed / (count.sqrt() if mode == "mean_sqrt_len_tokens" else count)


def pooling_of(loaded: Loaded) -> Pooling:
    """What ``modules.json`` asks for. Raises UsageError for steps that are unknown here, and for damaged files."""
    folder = loaded.source
    longest = loaded.context
    if folder is None or not (folder / "modules.json").is_file():
        return Pooling(longest=longest)
    settings = _json(folder / "sentence_bert_config.json") or {}
    limits = [limit for limit in (settings.get("max_seq_length"), longest) if limit]
    modes: tuple[str, ...] = ("mean_tokens",)
    dense: list[Any] = []
    normalise = False
    for module in _json(folder / "modules.json") or []:
        kind, where = str(module.get("type", "")).rpartition(".")[2], folder / str(module.get("path", ""))
        if not where.resolve().is_relative_to(folder.resolve()):
            raise UsageError("modules.json points outside the folder", where=str(folder / "modules.json"))
        match kind:
            case "Transformer":
                pass
            case "Pooling":
                modes = _modes(_json(where / "config.json") or {}, where)
            case "Dense":
                dense.append(_dense(where, loaded))
            case "Normalize":
                normalise = True
            case _:
                raise UsageError(
                    f"the folder asks for the step {kind!r}, which is unknown here",
                    where=str(folder / "modules.json"),
                    fix=nearest(kind, _KNOWN),
                )
    return Pooling(modes, tuple(dense), normalise, min(limits, default=None), bool(settings.get("do_lower_case")))


def _modes(config: dict[str, Any], where: Path) -> tuple[str, ...]:
    """Older folders have one truth value a mode, newer ones name it."""
    named = config.get("pooling_mode")
    if named:
        names = [named] if isinstance(named, str) else list(named)
        short = {mode.removesuffix("_tokens").removesuffix("_token"): mode for mode in _MODES}
        modes = [short.get(str(name), str(name)) for name in names]
    else:
        modes = [
            key.removeprefix("pooling_mode_")
            for key, on in config.items()
            if key.startswith("pooling_mode_") and on is True
        ]
    unknown = [mode for mode in modes if mode not in _MODES]
    if unknown or not modes:
        said = f"unknown pooling {unknown[0]!r}" if unknown else "no pooling is chosen"
        raise UsageError(said, where=str(where / "config.json"), fix=nearest(unknown[0] if unknown else "", _MODES))
    return tuple(sorted(modes, key=_MODES.index))


def _dense(where: Path, loaded: Loaded) -> Any:
    import torch
    from safetensors.torch import load_file

    config = _json(where / "config.json") or {}
    name = str(config.get("activation_function", "torch.nn.modules.linear.Identity")).rpartition(".")[2]
    known = {"Identity": lambda x: x, "Tanh": torch.tanh, "ReLU": torch.relu, "GELU": torch.nn.functional.gelu}
    if name not in known:
        raise UsageError(f"unknown activation {name!r}", where=str(where / "config.json"), fix=nearest(name, known))
    if not (where / "model.safetensors").is_file():
        raise UsageError(
            "the dense layer has no model.safetensors (a pickle is not read)",
            where=str(where),
            fix="use a revision of the model with safetensors files",
        )
    weights = {key: value.float().to(loaded.device) for key, value in load_file(where / "model.safetensors").items()}
    weight, bias = weights["linear.weight"], weights.get("linear.bias")
    return lambda x: known[name](torch.nn.functional.linear(x, weight, bias))


def _json(path: Path) -> Any:
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"not JSON: {error}", where=str(path), fix="get the model's files again") from None
