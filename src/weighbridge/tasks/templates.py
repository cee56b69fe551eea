"""One template: compiled in the sandbox, rendered with errors that name the line and the nearest column."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any

from weighbridge.errors import UsageError, nearest

if TYPE_CHECKING:
    from weighbridge.tasks.sandbox import Sandbox

_UNDEFINED = re.compile(r"^'(.+?)' is undefined")
_NO_FILTER = re.compile(r"^No (filter|test) named '(.+?)'")


@lru_cache(maxsize=1)
def _sandbox() -> Sandbox:
    from weighbridge.tasks.sandbox import Sandbox

    return Sandbox()


class Template:
    """Template text, ready to render. `where` names it in errors, for example ``prompts.default.user``."""

    __slots__ = ("_compiled", "source", "where")

    def __init__(self, source: str, where: str) -> None:
        """Raises UsageError with the line for a template that cannot be read."""
        from jinja2 import TemplateSyntaxError

        self.source = source
        self.where = where
        try:
            self._compiled = _sandbox().from_string(source)
        except TemplateSyntaxError as error:
            text = error.message or "it cannot be read"
            found = _NO_FILTER.match(text)
            known = _sandbox().filters if found and found[1] == "filter" else _sandbox().tests
            fix = (
                nearest(found[2], [name for name in known if name[0] != "_"])
                if found
                else _shown(source, error.lineno)
            )
            raise UsageError(f"the template is wrong: {text}", where=f"{where}:{error.lineno}", fix=fix) from None
        except RecursionError:
            raise UsageError("the template is nested too deep", where=where) from None

    def names(self) -> dict[str, tuple[int, bool]]:
        """Variables the template takes from outside: line of first use, and whether it minds their absence."""
        from jinja2 import meta, nodes

        tree = _sandbox().parse(self.source)
        outside = meta.find_undeclared_variables(tree)
        spared = {
            inner.name
            for node in tree.find_all((nodes.Test, nodes.Filter))
            if node.name in ("defined", "undefined", "default", "d") and node.node is not None
            for inner in [node.node]
            if isinstance(inner, nodes.Name)
        }
        lines: dict[str, int] = {}
        for node in tree.find_all(nodes.Name):
            if node.name in outside:
                lines[node.name] = min(node.lineno, lines.get(node.name, node.lineno))
        return {name: (lines.get(name, 1), name not in spared) for name in outside}

    def check(self, known: Collection[str], withheld: Iterable[str] = ()) -> None:
        """Raise UsageError for a variable that is not among `known`, before anything is rendered."""
        for name, (line, minds) in sorted(self.names().items(), key=lambda entry: entry[1]):
            if name in withheld:
                raise self._gives_away(name, line)
            if minds and name not in known:
                raise self._unknown(name, line, known)

    def render(self, values: Mapping[str, Any], withheld: Iterable[str] = (), item: str = "") -> str:
        """The text. Raises UsageError for a missing field, a forbidden operation, and a template without end."""
        from jinja2 import TemplateError, UndefinedError
        from jinja2.exceptions import SecurityError

        from weighbridge.tasks.sandbox import METER, Meter

        token = METER.set(Meter())
        of = f" (item {item})" if item else ""
        try:
            text = "".join(self._written(values))
        except UndefinedError as error:
            line = _line(error.__traceback__)
            found = _UNDEFINED.match(error.message or "")
            if found and found[1] in withheld:
                raise self._gives_away(found[1], line) from None
            if found:
                raise self._unknown(found[1], line, values, of) from None
            raise UsageError(
                f"the template asks for what is not there: {error.message}{of}",
                where=f"{self.where}:{line}",
                fix=f"columns: {', '.join(sorted(map(str, values)))}",
            ) from None
        except SecurityError as error:
            raise UsageError(
                f"the template may not do this: {error.message}{of}",
                where=f"{self.where}:{_line(error.__traceback__)}",
                fix="a prompt shows the fields of an item; make larger changes in the data",
            ) from None
        except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise UsageError(
                f"the template fails{of}: {type(error).__name__}: {error}",
                where=f"{self.where}:{_line(error.__traceback__)}",
                fix="a field may be of another type in this item, or the syntax is not available in prompts",
            ) from None
        except RecursionError:
            raise UsageError("the template calls itself without end", where=self.where) from None
        finally:
            METER.reset(token)
        return text

    def _written(self, values: Mapping[str, Any]) -> Iterable[str]:
        from weighbridge.tasks.sandbox import LONGEST, too_long

        size = 0
        for part in self._compiled.generate(dict(values)):
            size += len(part)
            if size > LONGEST:
                raise too_long()
            yield part

    def _unknown(self, name: str, line: int, known: Iterable[str], of: str = "") -> UsageError:
        columns = [str(each) for each in known if each not in ("item", "range", "dict", "namespace")]
        return UsageError(
            f"the template uses {name!r}, but there is no such column{of}",
            where=f"{self.where}:{line}",
            fix=f'{nearest(name, columns)} A column with blanks in its name is written {{{{ item["the name"] }}}}',
        )

    def _gives_away(self, name: str, line: int) -> UsageError:
        return UsageError(
            f"the template shows {name!r}, which is the reference: the prompt would give the answer away",
            where=f"{self.where}:{line}",
            fix="leave it out; examples are added under `shots:`",
        )


def _line(trace: TracebackType | None) -> int:
    """The template's line that failed: Jinja rewrites its frames so that they carry it."""
    line = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _shown(source: str, line: int) -> str:
    lines = source.splitlines()
    return f"that line is: {lines[line - 1].strip()[:80]}" if 0 < line <= len(lines) else "check the last line"
