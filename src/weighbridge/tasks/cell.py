"""What a cell of a row, a reference or a JSON answer may hold."""

from __future__ import annotations

from typing import Any

Cell = Any
"""Text, a number, true or false, None, or lists and dicts of these: the data decides, so whoever reads it asks."""
