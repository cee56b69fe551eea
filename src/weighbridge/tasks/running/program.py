"""The side of the program under test: it runs the code and does what the tests ask of its names."""

from __future__ import annotations

import builtins
import inspect
import operator
import sys
import types
from collections.abc import Callable
from typing import Any

from weighbridge.tasks.running.channel import Channel
from weighbridge.tasks.running.wire import Coded, decode, encode

OPERATIONS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name)
    for name in (
        *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "neg", "pos"),
        *("invert", "lt", "le", "gt", "ge", "eq", "ne", "getitem", "setitem", "delitem", "contains"),
    )
} | {
    name: getattr(builtins, name)
    for name in ("getattr", "setattr", "delattr", "len", "iter", "next", "str", "repr", "bool", "int", "float")
}
OPERATIONS |= {
    "abs": builtins.abs,
    "hash": builtins.hash,
    "reversed": builtins.reversed,
    "isinstance": builtins.isinstance,
    "issubclass": builtins.issubclass,
    "call": lambda function, *args, **named: function(*args, **named),
    "enter": lambda manager: type(manager).__enter__(manager),
    "exit": lambda manager: type(manager).__exit__(manager, None, None, None),
    "await": lambda awaited: _awaited(awaited),
}


def _awaited(awaited: Any) -> Any:  # noqa: ANN401 - whatever the program's coroutine gives
    import asyncio

    async def whole() -> Any:  # noqa: ANN401
        return await awaited

    return asyncio.run(whole())


class Program:
    """Holds the program's objects that have no plain form, by number, and serves requests about them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}

    def run(self, source: str, name: str, wanted: list[str]) -> None:
        """Run `source` as a module, tell what it defines of `wanted`, and serve until the tests are over."""
        module = types.ModuleType(name)
        sys.modules[name] = module
        try:
            # What is run is what the sandbox is for.
            exec(compile(source, f"{name}.py", "exec"), module.__dict__)  # noqa: S102
        except BaseException as error:
            # Whatever the code raises, SystemExit too: it did not get to its end.
            self._channel.send(self._raised(error) | {"line": _line(error, f"{name}.py")})
            return
        held = dict(vars(module))
        self._channel.send({"names": {key: self._coded(held[key]) for key in wanted if key in held}})
        while True:
            self._channel.send(self._served(self._channel.receive()))

    def _served(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            args = [self._found(value) for value in request["args"]]
            named = {key: self._found(value) for key, value in request["named"].items()}
            before = [self._coded(value) for value in args] if request["do"] == "call" else []
            result = self._coded(OPERATIONS[request["do"]](*args, **named))
            changed = {
                str(position): after
                for position, value in enumerate(args[1:] if before else [], start=1)
                if isinstance(value, list | dict | set | bytearray)
                and (after := self._coded(value)) != before[position]
            }
        except BaseException as error:
            # The tests are told whatever it is, and may expect it.
            return self._raised(error)
        return {"value": result, "changed": changed}

    def _raised(self, error: BaseException) -> dict[str, Any]:
        bases = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
        try:
            text = str(error)[:2000]
        except Exception:
            # The program's own __str__ may fail as well.
            text = ""
        return {"raised": bases[0] if bases else "Exception", "text": text, "kind": type(error).__name__[:200]}

    def _coded(self, value: object) -> Coded:
        return encode(value, self._keep)

    def _keep(self, value: object) -> Coded:
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return ["h", number, _kind_of(value)]

    def _found(self, coded: Coded) -> Any:  # noqa: ANN401 - it is whatever was sent
        return decode(coded, self._lookup)

    def _lookup(self, coded: Coded) -> Any:  # noqa: ANN401
        if coded[0] == "h":
            return self._objects[coded[1]]
        number = coded[1]

        def theirs(*args: object, **named: object) -> Any:  # noqa: ANN401 - a function of the tests
            self._channel.send(
                {
                    "callback": number,
                    "args": [self._coded(value) for value in args],
                    "named": {key: self._coded(value) for key, value in named.items()},
                }
            )
            while "value" not in (answer := self._channel.receive()):
                if "do" not in answer:
                    raise RuntimeError(str(answer.get("text", "a function of the tests failed")))
                self._channel.send(self._served(answer))
            return self._found(answer["value"])

        return theirs


def _kind_of(value: object) -> str:
    if isinstance(value, type):
        return "class"
    if inspect.ismodule(value):
        return "module"
    return "iterator" if hasattr(type(value), "__next__") else "object"


def _line(error: BaseException, file: str) -> int | None:
    if isinstance(error, SyntaxError):
        return error.lineno
    trace, found = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
