"""Models run by PyTorch and transformers."""
