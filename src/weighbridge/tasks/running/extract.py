"""The program in an answer: out of its Markdown fences, and joined to the code that it continues."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Collection

from weighbridge.tasks.running.parsing import parsed

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z)", re.M | re.S)
_CODE_BEGINS = re.compile(r"^(?:def |class |import |from \w|async def |@|[A-Za-z_]\w*\s*=)", re.M)
_PYTHON = ("", "python", "python3", "py")


def program_of(answer: str, *, prefix: str = "", names: Collection[str] = ()) -> str | None:
    """The code of `answer`, ready to run; None where there is none.

    `prefix` is code that stands above it: what the answer continues where it does not define one of `names` itself
    (HumanEval), and otherwise what the prefix holds before the first of those names (imports, other functions).
    Of several fenced blocks the last that defines one of `names` counts, or the longest.
    """
    blocks = [textwrap.dedent(body) for kind, body in _FENCE.findall(answer) if kind.lower() in _PYTHON]
    blocks = [block for block in blocks if block.strip()]
    if blocks:
        defining = [block for block in blocks if defines(block, names)]
        code = defining[-1] if defining else max(blocks, key=len)
    else:
        code = answer
    if not code.strip():
        return None
    if defines(code, names) or not prefix.strip():
        whole = code if blocks else _without_prose(code)
        head = _before(prefix, names)
        return f"{head}\n{whole}" if head.strip() else whole
    return prefix.rstrip("\n") + "\n" + _continuation(code, prefix)


def defines(code: str, names: Collection[str]) -> bool:
    """Whether `code` defines one of `names` at its top level; by its text where it does not compile."""
    tree = parsed(code)
    if tree is None:
        return any(re.search(rf"^(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b", code, re.M) for name in names)
    found = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    found |= {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return bool(found & set(names))


def _before(prefix: str, names: Collection[str]) -> str:
    starts = [
        found.start()
        for name in names
        if (found := re.search(rf"^(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b", prefix, re.M))
    ]
    return prefix[: min(starts)] if starts else prefix


def _continuation(code: str, prefix: str) -> str:
    """The rest of a function's body: indented as such, and cut at the first line that is not."""
    lines = code.strip("\n").split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    lines = lines[first:]
    inside = bool(re.search(r"(?:^|\n)[ \t]+\S[^\n]*\Z|:\s*\Z", prefix.rstrip()))
    if not inside:
        return "\n".join(lines) + "\n"
    forms = [lines]
    if not lines[0][:1].isspace():
        # Engines drop the blanks at an answer's beginning: the first line lost them, or all lines never had any.
        forms = [[f"    {lines[0]}", *lines[1:]], [f"    {line}" if line.strip() else line for line in lines]]
    texts = [_body(form) for form in forms]
    return next((text for text in texts if parsed(f"{prefix.rstrip(chr(10))}\n{text}") is not None), texts[0])


def _body(lines: list[str]) -> str:
    kept = [lines[0]]
    for line in lines[1:]:
        if line.strip() and not line[:1].isspace():
            break
        kept.append(line)
    return "\n".join(kept) + "\n"


def _without_prose(text: str) -> str:
    """Unfenced code between sentences: from the first line that begins like code, to the last with which it still
    compiles; the text as it is where that finds nothing."""
    if parsed(text) is not None:
        return text
    found = _CODE_BEGINS.search(text)
    if not found:
        return text
    lines = text[found.start() :].split("\n")
    for end in range(len(lines), max(0, len(lines) - 60), -1):
        piece = "\n".join(lines[:end])
        if piece.strip() and parsed(piece) is not None:
            return piece
    return text[found.start() :]
