"""The forward pass of the LLaMA family without padding, repeated work or module overhead.

`weights.lean_weights` reads a transformers model and gives None where it is not one of the family; whoever uses the
result compares it with the model itself first.
"""

from weighbridge.models.local.torch.lean.weights import Layer, Lean, lean_weights

__all__ = ["Layer", "Lean", "lean_weights"]
