"""The sandbox prompts are rendered in: no way out to Python, and no way to run or grow without end.

Jinja's own sandbox closes attributes and bounds `range`. What it leaves open is closed here: every loop pass, call
and piece of output is counted, operators and filters that could make a huge value are bounded, and what no prompt
needs (string formatting, padding, includes) is not there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, cast

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context

from weighbridge.tasks.cell import Cell

LONGEST = 4_000_000
"""Characters of one rendered prompt, and of any value on the way to it."""

STEPS = 100_000
"""Loop passes and calls in one rendering."""

ENTRY = 16
"""What an entry of a list counts beside its characters: it takes memory and time even if it is empty."""

FILTERS = (
    *("abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "groupby", "int", "items", "join"),
    *("last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round"),
    *("select", "selectattr", "sort", "string", "striptags", "sum", "title", "tojson", "trim", "truncate", "unique"),
    *("upper", "wordcount", "indent"),
)
METHODS = (
    *("capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdecimal", "isdigit"),
    *("islower", "isnumeric", "isspace", "isupper", "join", "lower", "lstrip", "partition", "removeprefix", "rsplit"),
    *("removesuffix", "replace", "rfind", "rpartition", "rstrip", "split", "splitlines", "startswith", "strip"),
    *("swapcase", "title", "upper"),
)
"""Methods of texts; the others can pad or format a text to any length."""


class Meter:
    """What one rendering has used so far."""

    __slots__ = ("characters", "steps")

    def __init__(self) -> None:
        self.characters = 0
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps > STEPS:
            raise SecurityError(f"the template takes more than {STEPS:,} steps")

    def write(self, length: int) -> None:
        self.characters += length
        if self.characters > LONGEST:
            raise too_long()


METER: ContextVar[Meter] = ContextVar("METER")


def too_long() -> SecurityError:
    return SecurityError(f"the template makes more than {LONGEST:,} characters")


def weigh(value: Cell, limit: int = LONGEST) -> int:
    """About how many characters a value takes when written out, or `limit` + 1 where it is more."""
    total, waiting = 0, [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            total += len(found)
        elif isinstance(found, Mapping):
            total += 2 * ENTRY * len(found)
            if total <= limit:
                waiting += [*found.keys(), *found.values()]
        elif isinstance(found, list | tuple | set | frozenset):
            total += ENTRY * len(found)
            if total <= limit:
                waiting += found
        elif isinstance(found, int):
            total += 1 + found.bit_length() // 3
        elif isinstance(found, Undefined):
            str(found)  # raises: strict ones do, even within a list
        else:
            total += 8
        if total > limit:
            return limit + 1
    return total


def _bounded(*values: Cell) -> None:
    if sum(weigh(value) for value in values) > LONGEST:
        raise too_long()


@pass_context
def _emit(_: Context, value: Cell) -> Cell:
    """Everything written out passes here (`pass_context` keeps it from being done at compile time)."""
    meter = METER.get()
    meter.write(len(value) if isinstance(value, str) else weigh(value))
    return "" if value is None else value  # an empty cell shows nothing, not the word None


def counted(values: Iterable[Any]) -> Iterator[Any]:
    """The filter ``_counted`` of an environment whose trees are `metered`."""
    meter = METER.get()
    for value in values:
        meter.step()
        yield value


def joined(parts: list[Any]) -> str:
    """The filter ``_joined`` of an environment whose trees are `metered`."""
    _bounded(parts)
    return "".join(map(str, parts))


def _json(value: Cell, indent: int | None = None) -> str:
    """Jinja's own would spell <, > and & as escapes, for web pages."""
    return json.dumps(value, ensure_ascii=False, indent=min(indent, 8) if indent is not None else None)


class Sandbox(ImmutableSandboxedEnvironment):
    """The one environment of all prompts."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
            finalize=_emit,
            autoescape=False,
            cache_size=0,
        )
        known = {**self.filters, "tojson": _json}
        self.filters = {name: _guarded(name, known[name]) for name in FILTERS}
        self.filters["_counted"] = counted
        self.filters["_joined"] = joined
        self.globals = {name: self.globals[name] for name in ("range", "dict", "namespace")}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        metered(tree)
        return tree

    def wrap_str_format(self, value: Cell) -> None:
        """Jinja makes `str.format` safe but not small: a width can ask for any number of blanks."""
        if getattr(value, "__name__", "") in ("format", "format_map") and isinstance(value.__self__, str):
            raise SecurityError("the method 'format' of texts is not available in prompts; write {{ ... }} instead")

    def call_binop(self, context: Context, operator: str, left: Cell, right: Cell) -> Cell:
        if operator == "%" and isinstance(left, str):
            raise SecurityError("text formatting with % is not available in prompts; write {{ ... }} instead")
        if operator == "**" and not (abs(left) < 1e6 and abs(right) <= 64):
            raise too_long()
        if operator == "*":
            for one, times in ((left, right), (right, left)):
                if (
                    isinstance(one, str | list | tuple)
                    and isinstance(times, int)
                    and max(weigh(one), 1) * times > LONGEST
                ):
                    raise too_long()
        if operator in "+*":
            _bounded(left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Cell, *args: Cell, **kwargs: Cell) -> Cell:  # noqa: N805  # as in Jinja
        METER.get().step()
        of = getattr(__obj, "__self__", None)
        if isinstance(of, str):
            name = getattr(__obj, "__name__", "")
            if name not in METHODS:
                raise SecurityError(f"the method {name!r} of texts is not available in prompts")
            if name == "replace" and len(args) > 1:
                _replacing(of, *args[:2])
            if name == "join" and args:
                args = (list(args[0]), *args[1:])
                _bounded(args[0])
                if len(of) * len(args[0]) > LONGEST:
                    raise too_long()
        return super().call(__context, __obj, *args, **kwargs)


def _replacing(text: str, old: Cell, new: Cell) -> None:
    times = text.count(str(old)) if str(old) else len(text) + 1
    if len(text) + times * len(str(new)) > LONGEST:
        raise too_long()


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, with a bound on what goes in and on what it can multiply."""
    passes = getattr(function, "jinja_pass_arg", None)
    first = 0 if passes is None else 1

    def guarded(*args: Cell, **kwargs: Cell) -> Cell:
        METER.get().step()
        values = list(args[first:])
        if values and isinstance(values[0], Iterator):
            values[0] = list(counted(values[0]))
        given = (*values, *kwargs.values())
        _bounded(*(value for value in given if not isinstance(value, Undefined)))
        if name == "replace" and len(values) > 2:
            _replacing(str(values[0]), values[1], values[2])
        if name == "join" and values:
            mark = values[1] if len(values) > 1 else kwargs.get("d", "")
            values[0] = list(counted(values[0]))
            if len(str(mark)) * len(values[0]) > LONGEST:
                raise too_long()
        if name == "indent" and values:
            width = values[1] if len(values) > 1 else kwargs.get("width", 4)
            size = width if isinstance(width, int) else len(str(width))
            if size * (str(values[0]).count("\n") + 1) > LONGEST:
                raise too_long()
        return function(*args[:first], *values, **kwargs)

    if passes is not None:
        guarded.jinja_pass_arg = passes  # type: ignore[attr-defined]  # Jinja marks its functions so
    return guarded


def metered(tree: nodes.Template) -> None:
    """Count loop passes and concatenations, and all text written anywhere but at the top level."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = _filtered("_counted", cast("nodes.Expr", loop.iter))
    for block in list(tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock, nodes.AssignBlock, nodes.FilterBlock))):
        for output in block.find_all(nodes.Output):
            output.nodes = [
                nodes.Const(part.data, lineno=part.lineno) if isinstance(part, nodes.TemplateData) else part
                for part in output.nodes
            ]
    _concatenations(tree)


def _filtered(name: str, node: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _concatenations(node: nodes.Node) -> None:
    """``a ~ b`` becomes a bounded join."""
    for field, value in node.iter_fields():
        if isinstance(value, list):
            for index, child in enumerate(value):
                if isinstance(child, nodes.Node):
                    _concatenations(child)
                    value[index] = _bound_concat(child)
        elif isinstance(value, nodes.Node):
            _concatenations(value)
            setattr(node, field, _bound_concat(value))


def _bound_concat(node: nodes.Node) -> nodes.Node:
    if not isinstance(node, nodes.Concat):
        return node
    return _filtered("_joined", nodes.List(node.nodes, lineno=node.lineno))
