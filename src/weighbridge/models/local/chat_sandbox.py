"""The sandbox of chat templates: what transformers offers them, and bounds on loop passes and output.

Templates come with downloaded weights. Imported where one is rendered, for Jinja takes a while to import.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
from collections.abc import Callable
from typing import Any

from jinja2 import Template, nodes
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, pass_context

from weighbridge.tasks.sandbox import LONGEST, METER, counted, joined, metered, weigh


class Generation(Extension):
    """``{% generation %}`` marks the assistant's text for training; it renders as what is within."""

    tags = {"generation"}  # noqa: RUF012 - Jinja declares it so

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_within"), [], [], body).set_lineno(line)

    def _within(self, caller: Callable[[], str]) -> str:
        return caller()


class Names(Namespace):
    """Takes no name with a leading underscore, as in transformers."""

    def __init__(*args: Any, **values: Any) -> None:  # noqa: ANN401 - as Jinja's own
        self, *rest = args
        for name in dict(*rest, **values):
            Names._checked(name)
        Namespace.__init__(self, dict(*rest, **values))

    def __setitem__(self, name: str, value: Any) -> None:  # noqa: ANN401
        Names._checked(name)
        Namespace.__setitem__(self, name, value)

    @staticmethod
    def _checked(name: object) -> None:
        if isinstance(name, str) and name.startswith("_"):
            raise SecurityError(f"a namespace cannot hold {name!r}")


@pass_context
def emit(_: Context, value: Any) -> Any:  # noqa: ANN401
    METER.get().write(len(value) if isinstance(value, str) else 8)
    return value


class Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def _parse(self, text: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(text, name, filename)
        metered(tree)
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
        METER.get().step()
        if operator == "**" or (operator == "%" and isinstance(left, str)):
            raise SecurityError(f"the operator {operator!r} is not available in chat templates")
        if operator == "*":
            for one, times in ((left, right), (right, left)):
                if isinstance(one, (str, list, tuple)) and isinstance(times, int) and weigh(one) * times > LONGEST:
                    raise SecurityError("the chat template makes too long a text")
        if operator == "+" and weigh(left) + weigh(right) > LONGEST:
            raise SecurityError("the chat template makes too long a text")
        return super().call_binop(context, operator, left, right)


def raise_exception(message: str) -> None:
    raise TemplateError(message)


def tojson(
    value: Any,  # noqa: ANN401
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def strftime_now(form: str) -> str:
    return datetime.datetime.now().strftime(form)


@functools.lru_cache(1)
def _environment() -> Environment:
    environment = Environment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols], optimized=False, finalize=emit
    )
    environment.filters |= {"tojson": tojson, "_counted": counted, "_joined": joined}
    for name in ("center", "format", "pprint", "xmlattr", "urlize", "random"):
        with contextlib.suppress(KeyError):  # what can pad a text to any length, or answers differently each time
            del environment.filters[name]
    environment.globals |= {"raise_exception": raise_exception, "strftime_now": strftime_now, "namespace": Names}
    return environment


@functools.lru_cache(64)
def compiled(source: str) -> Template:
    """The template of `source`. Raises `jinja2.TemplateSyntaxError`."""
    template: Template = _environment().from_string(source)
    return template
