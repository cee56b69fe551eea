"""``python:dotted.path``: a function of the user's is a model like any other.

The function takes the `Item` and returns the answer's text or a whole `Completion`; it may be async. A class is made
without arguments, then called; an instance is called. The project file's folder can be imported from.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import inspect
import traceback
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Completion, Side, Usage
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Request
from weighbridge.tasks.dotted import look_first_in

_QUICK = 0.005
"""Seconds: a function slower than this is called in a thread, so that the event loop goes on."""
_SHARE = 0.02
"""Seconds of quick calls after which other tasks get their turn."""


@dataclass(slots=True)
class RuleModel:
    """Calls a function for each item. What it raises is an error of the function, told with its line and the item."""

    spec: str
    function: Callable[[Any], Any]
    revision: str
    side: Side
    concurrency: int
    asynchronous: bool
    engine: str = "python"
    simulated: bool = False
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(needs_item=True))
    _quick: bool = False
    _held: float = 0.0

    @property
    def endpoint(self) -> str:
        return self.spec

    async def complete(self, request: Request) -> Completion:
        item = request.item
        if item is None:
            raise ModelError("a python: model needs the item, and got none", kind="bad_request", where=self.spec)
        begin = perf_counter()
        try:
            if self.asynchronous:
                found = await self.function(item)
            elif self._quick:
                found = self.function(item)
            else:
                found = await asyncio.to_thread(self.function, item)
        except ModelError:
            raise
        except Exception as raised:  # whatever the user's code raises is told with its place, not as our traceback
            last = traceback.extract_tb(raised.__traceback__)[-1]
            raise ModelError(
                f"{self.spec.partition(':')[2]} raised {type(raised).__name__}: {raised} (item {item.id!r})",
                kind="bad_request",
                where=f"{last.filename}:{last.lineno}",
                fix="mend the function, or let it return a text for such items",
            ) from raised
        seconds = perf_counter() - begin
        if not self.asynchronous:
            await self._pace(seconds)
        if isinstance(found, str):
            return Completion(found, usage=Usage(duration=seconds))
        if isinstance(found, Completion):
            if found.usage.duration is None:
                found = msgspec.structs.replace(found, usage=msgspec.structs.replace(found.usage, duration=seconds))
            return found
        raise ModelError(
            f"{self.spec.partition(':')[2]} returned {type(found).__name__} for item {item.id!r}, not a text",
            kind="bad_request",
            where=self.spec,
            fix="return a str, or a weighbridge Completion",
        )

    async def _pace(self, seconds: float) -> None:
        """Quick functions are called on the spot, at 100,000 items a matter of seconds; slow ones in a thread."""
        self._quick = seconds < (4 * _QUICK if self._quick else _QUICK)
        self._held += seconds
        if self._held > _SHARE:
            self._held = 0.0
            await asyncio.sleep(0)

    async def stream(self, request: Request) -> AsyncIterator[str]:
        yield (await self.complete(request)).text

    async def close(self) -> None:
        """Nothing is held open; an instance with a `close` of its own is the user's to close."""


def open_rule(rest: str, options: ModelOptions, base_dir: Path) -> RuleModel:
    """Opener of ``python:``. Imports the function; raises UsageError where that fails, with the nearest name."""
    function = resolve(rest, base_dir)
    call = type(function).__call__
    asynchronous = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)
    return RuleModel(
        spec=f"python:{rest}",
        function=function,
        revision=options.revision or _revision(function),
        side=options.side or "rule",
        # A user's function may not be safe to call from two threads at once.
        concurrency=options.concurrency or (8 if asynchronous else 1),
        asynchronous=asynchronous,
    )


def resolve(path: str, base_dir: Path) -> Callable[[Any], Any]:
    """The callable at ``package.module.name`` or ``package.module:name``; a class is made first."""
    where = f"python:{path}"
    module_name, _, name = path.partition(":") if ":" in path else path.rpartition(".")
    if not module_name or not name:
        raise UsageError(f"{path!r} is no dotted path", where=where, fix="write python:module.function")
    look_first_in(str(base_dir), module_name)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as missing:
        if missing.name is None or not (module_name == missing.name or module_name.startswith(missing.name + ".")):
            fix = f"install what it imports: {missing.name}"
            raise UsageError(
                f"{module_name} imports {missing.name}, which is not there", where=where, fix=fix
            ) from None
        near = [one.stem for one in base_dir.glob("*.py")]
        raise UsageError(f"there is no module {module_name!r}", where=where, fix=nearest(module_name, near)) from None
    except Exception as raised:  # any error of the user's module while it is imported
        last = traceback.extract_tb(raised.__traceback__)[-1]
        what = f"{module_name} cannot be imported: {type(raised).__name__}: {raised}"
        raise UsageError(what, where=f"{last.filename}:{last.lineno}") from raised
    for part in name.split("."):
        if not hasattr(found, part):
            near = [one for one in dir(found) if not one.startswith("_") and callable(getattr(found, one))]
            raise UsageError(f"{module_name} has no {part!r}", where=where, fix=nearest(part, near))
        found = getattr(found, part)
    if inspect.isclass(found):
        try:
            found = found()
        except TypeError as raised:
            raise UsageError(f"{path} cannot be made without arguments: {raised}", where=where) from raised
    if not callable(found):
        raise UsageError(f"{path} is {type(found).__name__}, not a function", where=where)
    return found  # type: ignore[no-any-return]  # whether it takes an item shows at the first call


def _revision(function: Callable[[Any], Any]) -> str:
    """The digest of the source file the function stands in: a changed rule must be asked again."""
    target = function if inspect.isroutine(function) else type(function)
    try:
        source = inspect.getsourcefile(inspect.unwrap(target))
        return "sha256:" + hashlib.sha256(Path(source or "").read_bytes()).hexdigest()
    except (OSError, TypeError):
        return ""
