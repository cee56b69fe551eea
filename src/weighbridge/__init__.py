"""Weighbridge: weigh open and closed language models on your own task, then bridge them."""

__version__ = "0.1.0"
