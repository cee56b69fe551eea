"""Reading code without running it."""

from __future__ import annotations

import ast
import warnings


def parsed(code: str) -> ast.Module | None:
    """The syntax tree; None for what is no Python. Warnings of its writer's making are not shown."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
