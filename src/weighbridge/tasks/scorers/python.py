"""Python: a function of the user's, named by its path, scores the answer."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from numbers import Real
from typing import Annotated, Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Score, Status
from weighbridge.tasks.dotted import function_at, source_digest
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec


class Python(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `python`."""

    function: Annotated[
        str, msgspec.Meta(description="`package.module:function`, `package.module.function` or `file.py:function`.")
    ]
    arguments: Annotated[
        dict[str, Any], msgspec.Meta(description="Passed to the function by name, after the item and the completion.")
    ] = msgspec.field(default_factory=dict)
    reference: Annotated[bool, msgspec.Meta(description="Whether every item must have a reference.")] = True
    base: Annotated[str | None, msgspec.Meta(description="Folder that modules and files are looked up in.")] = None


class PythonScorer:
    """Calls the user's function and takes what it returns: a Score, a number in [0, 1], or true/false."""

    def __init__(self, settings: Python) -> None:
        self.settings = settings
        self.function: Callable[..., Any] = function_at(settings.function, settings.base)
        self.source_digest = source_digest(self.function)
        """Part of the key: a changed file means other scores. What the file imports is not seen."""
        self._refuse_signature()

    def _refuse_signature(self) -> None:
        if inspect.iscoroutinefunction(self.function):
            raise UsageError(
                f"the scorer {self.settings.function!r} is async",
                fix="write it as a plain function: def, not async def",
            )
        try:
            inspect.signature(self.function).bind(None, None, **self.settings.arguments)
        except TypeError as error:
            raise UsageError(
                f"the scorer {self.settings.function!r} cannot be called as (item, completion): {error}",
                fix="def score(item, completion, **arguments) -> float",
            ) from None
        except ValueError:
            pass  # a function written in C tells no signature

    def __call__(self, item: Item, completion: Completion) -> Score:
        name = self.settings.function
        try:
            found = self.function(item, completion, **self.settings.arguments)
        except UsageError:
            raise
        except Exception as error:  # whatever the user's code raises is told with its place
            frame = traceback.extract_tb(error.__traceback__)[-1]
            raise UsageError(
                f"the scorer {name!r} failed on item {item.id!r}: {type(error).__name__}: {error}",
                where=f"{frame.filename}:{frame.lineno}",
                fix="mend the function and run again: no answer is asked twice",
            ) from error
        if isinstance(found, Score):
            if not isinstance(found.status, Status):
                raise self._type(found.status, item)
            return found
        if hasattr(found, "item") and callable(found.item) and not isinstance(found, Real):
            found = found.item()  # numpy's bool
        if not isinstance(found, Real):
            raise self._type(found, item)
        return Score(float(found))

    def _type(self, found: object, item: Item) -> UsageError:
        return UsageError(
            f"the scorer {self.settings.function!r} returned {type(found).__name__} for item {item.id!r}",
            fix="return a number in [0, 1], true or false, or a weighbridge Score",
        )


PYTHON = ScorerSpec(
    "python",
    "A function of your own: (item, completion) -> Score, number in [0, 1], or true/false.",
    Python,
    PythonScorer,
    needs_reference=lambda settings: settings.reference,
)
