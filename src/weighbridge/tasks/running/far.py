"""The tests' view of a program that runs in another process: its functions and objects, by proxy."""

from __future__ import annotations

import builtins
from typing import Any

from weighbridge.tasks.running.channel import Channel
from weighbridge.tasks.running.wire import Coded, decode, encode

Value = Any
"""What a program computes: whatever it is."""


class Remote:
    """Asks the program. Its objects arrive as `Far`; functions of the tests that are handed over are called back, and
    nothing else of the tests can be reached from there."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._callbacks: list[Any] = []
        self._known: dict[int, Far] = {}

    def names(self) -> dict[str, Value]:
        """What the program defines, once its code has run. Raises what the code raised."""
        answer = self._channel.receive()
        if "names" not in answer:
            line = answer.get("line")
            error = _exception(answer)
            error.add_note(f"the code failed{f' in line {line}' if line else ''}")
            raise error
        return {str(name): self._found(coded) for name, coded in answer["names"].items()}

    def ask(self, do: str, *args: object, **named: object) -> Value:
        """One operation of the program; mutable arguments take on what it made of them. Raises what it raised."""
        self._channel.send(
            {
                "do": do,
                "args": [self._coded(value) for value in args],
                "named": {key: self._coded(value) for key, value in named.items()},
            }
        )
        while "callback" in (answer := self._channel.receive()):
            self._channel.send(self._called_back(answer))
        if "raised" in answer:
            raise _exception(answer)
        for position, coded in answer["changed"].items():
            _take_on(args[int(position)], self._found(coded))
        return self._found(answer["value"])

    def _called_back(self, request: dict[str, Any]) -> dict[str, Any]:
        function = self._callbacks[int(request["callback"])]
        try:
            args = [self._found(value) for value in request["args"]]
            named = {str(key): self._found(value) for key, value in request["named"].items()}
            return {"value": self._coded(function(*args, **named))}
        except Exception as error:
            # A test's function may raise whatever it likes; the program that called it gets to see it.
            return {"text": f"{type(error).__name__}: {error}"[:500]}

    def _coded(self, value: object) -> Coded:
        return encode(value, self._keep)

    def _keep(self, value: object) -> Coded:
        if isinstance(value, Far):
            return ["h", object.__getattribute__(value, "_number")]
        if not callable(value):
            raise TypeError(f"a {type(value).__name__} cannot be handed to the code under test")
        self._callbacks.append(value)
        return ["b!", len(self._callbacks) - 1]

    def _found(self, coded: Coded) -> Value:
        return decode(coded, self._lookup)

    def _lookup(self, coded: Coded) -> Far:
        number = int(coded[1])
        if number not in self._known:
            self._known[number] = Far(self, number)
        return self._known[number]


class Far:
    """An object of the program. It equals no plain value, whatever its class says: only the program's own objects are
    compared by the program."""

    __slots__ = ("_number", "_remote")

    def __init__(self, remote: Remote, number: int) -> None:
        object.__setattr__(self, "_remote", remote)
        object.__setattr__(self, "_number", number)

    def __call__(self, *args: object, **named: object) -> Value:
        return _ask(self, "call", *args, **named)

    def __getattr__(self, name: str) -> Value:
        return _ask(self, "getattr", name)

    def __setattr__(self, name: str, value: object) -> None:
        _ask(self, "setattr", name, value)

    def __delattr__(self, name: str) -> None:
        _ask(self, "delattr", name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Far) and (self is other or bool(_ask(self, "eq", other)))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return int(_ask(self, "hash"))

    def __instancecheck__(self, value: object) -> bool:
        return isinstance(value, Far) and bool(_ask(value, "isinstance", self))

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, Far):
            raise TypeError(
                "an object of the code under test was searched for a plain value; make a list of it first"
            )
        return bool(_ask(self, "contains", value))

    def __enter__(self) -> Value:
        return _ask(self, "enter")

    def __exit__(self, *_: object) -> None:
        _ask(self, "exit")


def _ask(far: Far, do: str, *args: object, **named: object) -> Value:
    remote: Remote = object.__getattribute__(far, "_remote")
    return remote.ask(do, far, *args, **named)


def _forward(do: str) -> Any:  # noqa: ANN401 - a method of any arity
    def method(self: Far, *args: object) -> Value:
        return _ask(self, do, *args)

    return method


def _between(do: str) -> Any:  # noqa: ANN401
    """An operation that only the program's own objects take part in. What the tests expect is a plain value, and must
    not reach a program that could then agree with it."""

    def method(self: Far, other: object) -> Value:
        return _ask(self, do, other) if isinstance(other, Far) else NotImplemented

    return method


for _name in ("len", "iter", "next", "getitem", "setitem", "delitem", "str", "repr", "bool", "int", "float"):
    setattr(Far, f"__{_name}__", _forward(_name))
for _name in ("abs", "neg", "pos", "invert", "reversed", "await"):
    setattr(Far, f"__{_name}__", _forward(_name))
for _name in ("lt", "le", "gt", "ge", "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    setattr(Far, f"__{_name}__", _between(_name))
for _name in ("and_", "or_", "xor"):
    setattr(Far, f"__{_name.strip('_')}__", _between(_name))


def _take_on(mine: object, theirs: object) -> None:
    """An argument that the program changed in place."""
    if isinstance(mine, list | bytearray) and isinstance(theirs, list | bytearray):
        mine[:] = theirs
    elif isinstance(mine, dict | set) and isinstance(theirs, dict | set):
        mine.clear()
        mine.update(theirs)


def _exception(answer: dict[str, Any]) -> BaseException:
    """The built-in exception nearest to what the program raised."""
    kind = getattr(builtins, str(answer.get("raised")), None)
    text, name = str(answer.get("text", "")), str(answer.get("kind", ""))
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return RuntimeError(f"{name}: {text}")
    message = text if name == kind.__name__ else f"{name}: {text}"
    try:
        return kind(message)
    except TypeError:  # UnicodeDecodeError and its kin want more than a message
        return RuntimeError(message)
