"""GBNF, the grammar language of llama.cpp, for an answer that must be one of given texts.

Reference: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
"""

from __future__ import annotations

from collections.abc import Iterable

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def literal(text: str) -> str:
    """`text` as a quoted GBNF literal; everything but printable ASCII and letters is escaped by code point."""
    out = []
    for character in text:
        code = ord(character)
        if character in _ESCAPES:
            out.append(_ESCAPES[character])
        elif code < 0x20 or code == 0x7F:
            out.append(f"\\x{code:02X}")
        else:
            out.append(character)
    return '"' + "".join(out) + '"'


def choice_grammar(choices: Iterable[str]) -> str:
    """A grammar whose only sentences are `choices`. Raises ValueError where there are none, or one is empty."""
    texts = list(dict.fromkeys(choices))
    if not texts or "" in texts:
        raise ValueError("choices must hold at least one text, and no empty one")
    return "root ::= " + " | ".join(literal(text) for text in texts)
