"""Trained weights as folders, the ones that the tests use; made once under build/test-models."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))


def folder(name: str) -> Path:
    """Of ``smollm2``, ``gemma3``, ``stories15m`` or ``minilm``; ends with what to install where it is absent."""
    import open_models

    try:
        return getattr(open_models, name)()
    except pytest.skip.Exception as missing:
        sys.exit(str(missing))
