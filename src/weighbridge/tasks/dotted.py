"""Functions named by a path: ``package.module:function``, ``package.module.function`` or ``file.py:function``."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.tasks.source import existing


def function_at(path: str, base: str | None = None) -> Callable[..., Any]:
    """Import the function that `path` names; modules in the folder `base` come before installed ones.

    Raises UsageError for a path that cannot be read, a module or file that is not there, a module that fails while
    it is imported (with the line), and a name that is not there (with the nearest) or is no function.
    """
    where, _, name = path.rpartition(":") if ":" in path else path.rpartition(".")
    if not where or not name:
        raise UsageError(f"{path!r} names no function", fix="write it as package.module:function or file.py:function")
    with _importing(path):
        module = _from_file(where, base) if where.endswith(".py") else _from_name(where, base, path)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            known = [key for key, value in vars(found).items() if callable(value) and not key.startswith("_")]
            raise UsageError(
                f"there is no {part!r} in {where}", where=getattr(module, "__file__", None), fix=nearest(part, known)
            )
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(
            f"{path!r} is no function but {type(found).__name__}", where=getattr(module, "__file__", None)
        )
    function: Callable[..., Any] = found
    return function


def source_digest(function: Callable[..., Any]) -> str:
    """Hash of the file a function is written in; empty where there is none to read."""
    try:
        file = inspect.getsourcefile(inspect.unwrap(function))
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] if file else ""
    except (TypeError, OSError):
        return ""


@contextmanager
def _importing(path: str) -> Iterator[None]:
    try:
        yield
    except UsageError:
        raise
    except Exception as error:  # a user's module may raise anything while it is imported
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = (
            f"{error.filename}:{error.lineno}"
            if isinstance(error, SyntaxError)
            else f"{frame.filename}:{frame.lineno}"
        )
        raise UsageError(
            f"importing {path!r} failed: {type(error).__name__}: {error}", where=place, fix="mend the module"
        ) from error


def _from_file(where: str, base: str | None) -> ModuleType:
    file = existing(str(Path(base or ".") / where)).resolve()
    name = f"_weighbridge_file_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError("the file is not a Python module", where=str(file))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling look their module up here
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _from_name(where: str, base: str | None, path: str) -> ModuleType:
    folder = str(Path(base or ".").resolve())
    look_first_in(folder, where)
    try:
        return importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name is None or not (where == error.name or where.startswith(f"{error.name}.")):
            raise  # the module is there, but something it imports is not
        known = [entry.stem for entry in Path(folder).glob("*.py")]
        raise UsageError(
            f"there is no module {error.name!r} for {path!r}",
            where=folder,
            fix=f"in that folder: {nearest(where, known)}; or write file.py:function",
        ) from None


def look_first_in(folder: str, module: str) -> None:
    """Modules of `folder` come first. Two projects in one process may both have a ``rules.py``: the other's is
    dropped, so that `module` is imported from here."""
    if sys.path[:1] != [folder]:
        sys.path[:] = [folder, *(entry for entry in sys.path if entry != folder)]
    top = module.split(".")[0]
    loaded = sys.modules.get(top)
    own = PathFinder.find_spec(top, [folder])
    if loaded is None or own is None or own.origin is None:
        return
    if getattr(loaded, "__file__", None) != own.origin:
        for name in [name for name in sys.modules if name == top or name.startswith(f"{top}.")]:
            del sys.modules[name]
