"""From hidden states to the log-probability of given tokens: logits only where something is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LOGIT_BYTES = 1 << 24
"""Most bytes of logits at once: few enough to stay in a processor's cache while they are read several times."""

FEWEST = 64
"""Rows that are worth reading the output matrix for, however large the vocabulary."""


@dataclass(frozen=True, slots=True)
class Head:
    """The output matrix of a causal model, and what the model does with its logits."""

    weight: Any
    bias: Any | None
    scale: float = 1.0
    """Cohere multiplies logits by a number, Granite divides."""
    cap: float | None = None
    """Gemma 2: ``cap * tanh(logits / cap)``."""

    def logits(self, hidden: Any) -> Any:
        from torch.nn.functional import linear

        logits = linear(hidden, self.weight, self.bias)
        if self.scale != 1.0:
            logits = logits.mul_(self.scale)
        if self.cap is not None:
            logits = logits.div_(self.cap).tanh_().mul_(self.cap)
        return logits

    def scored(self, hidden: Any, places: Any, targets: Any) -> tuple[Any, Any]:
        """Log-probability (float64) and whether it is the likeliest, for each target.

        hidden: (P, size), one a place; places: (N,) index into them, ascending; targets: (N,) tokens.
        """
        import torch

        step = max(FEWEST, LOGIT_BYTES // (4 * self.weight.shape[0]))
        logprobs, greedy = [], []
        for at in range(0, len(hidden), step):
            inside = (places >= at) & (places < at + step)
            logits = self.logits(hidden[at : at + step])
            found, likeliest = chosen(logits, places[inside] - at, targets[inside])
            logprobs.append(found)
            greedy.append(likeliest)
        return torch.cat(logprobs), torch.cat(greedy)


def chosen(logits: Any, places: Any, targets: Any) -> tuple[Any, Any]:
    """The same from logits (P, vocabulary)."""
    import torch

    top = logits.amax(-1, keepdim=True)
    at_target = logits[places, targets]
    greedy = at_target == top[places, 0]
    for number in greedy.nonzero()[:, 0].tolist():
        # Several tokens may share the highest logit; the first of them counts, as for argmax.
        greedy[number] = bool(logits[places[number]].argmax() == targets[number])
    if logits.dtype == torch.float32:
        # Not the most exact sum, but the one that everybody who scores with PyTorch gets: over ten tokens it is off
        # by up to 1e-4, which would otherwise show as a difference from them.
        return logits.log_softmax(-1)[places, targets].double(), greedy
    # Shorter types round each log-probability to two or three digits; from the same logits, this does not.
    totals = logits.float().sub_(top.float()).exp_().sum(-1).log_()
    return (at_target.float() - top[places, 0].float() - totals[places]).double(), greedy


def head_of(model: Any) -> Head | None:
    """The head of a causal model of transformers, as its configuration describes it; None where it has none.

    Whether the description is whole shows in the self-check.
    """
    linear = model.get_output_embeddings()
    if linear is None or not hasattr(linear, "weight"):
        return None
    config = getattr(model.config, "text_config", None) or model.config
    scale = float(getattr(config, "logit_scale", None) or 1.0)
    scale /= float(getattr(config, "logits_scaling", None) or 1.0)
    bias = getattr(linear, "bias", None)
    return Head(
        weight=linear.weight.detach(),
        bias=None if bias is None else bias.detach(),
        scale=scale,
        cap=getattr(config, "final_logit_softcapping", None),
    )
