"""How ZeroEval reads an answer out of a raw output, and when it counts: by its rules, so that its figures come out.

Source: ZeroEval, `src/evaluation/{eval_utils,math_eval,crux_eval,mcqa_eval}.py`, as of 2024-11. Its quirks are kept:
the first complete pair of braces counts, line breaks in it are dropped, and a number is the first one in the answer.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_BOXED = re.compile(r"\\boxed{(\w+)}")
_RATIO = re.compile(r"\s*\(?\s*(-?\d{1,40}(?:\.\d{1,40})?)\s*/\s*(-?\d{1,40}(?:\.\d{1,40})?)\s*\)?\s*")
_VALUES = (
    re.compile(r'"answer"\s*:\s*"([^"]*)"'),
    re.compile(r'"answer"\s*:\s*([^,\s]*)'),
    re.compile(r"answer\s*:\s*([^,\s]*)"),
)
"""Where the braces hold no JSON: a quoted value, one without quotes, one whose key has no quotes either."""


def blocks(text: str) -> list[str]:
    """The outermost pairs of braces, in order. Braces in quotes count as well, as they do in ZeroEval."""
    found = []
    depth = start = 0
    for match in re.finditer(r"[{}]", text):
        if match[0] == "{":
            if depth == 0:
                start = match.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                found.append(text[start : match.end()])
    return found


def _parsed(block: str) -> dict[str, Any] | None:
    try:
        found = json.loads(block.replace("\n", ""))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_answer(output: str, *, last: bool = False, boxed: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """The `answer` of the first (or `last`) object in the output, else what looks like one; None: nothing found.

    `boxed`: a boxed text will do where there is nothing else, as ZeroEval allows for Llama 3.1.
    """
    found = blocks(output)
    chosen = _parsed(found[-1 if last else 0]) if found else None
    if chosen is not None and "answer" in chosen:
        return chosen["answer"]
    for pattern in _VALUES:
        match = pattern.search(output)
        if match:
            return match[1]
    match = _BOXED.search(output) if boxed else None
    return match[1] if match else None


def _plain(answer: str) -> str:
    """Without dollar signs and thousands' commas; a fraction as a decimal."""
    text = answer.replace("$", "").strip().replace(",", "")
    ratio = _RATIO.fullmatch(text)
    if ratio is None or Fraction(ratio[2]) == 0:
        return text
    return str(float(Fraction(ratio[1]) / Fraction(ratio[2])))


def number_mark(output: str, correct: str, *, boxed: bool = False) -> tuple[bool, str | None]:
    """Whether the first number of the answer is that of `correct`; and the answer as read, None: there is none."""
    answer = read_answer(output, boxed=boxed)
    if answer is None:
        return False, None
    text = str(answer)
    ours, theirs = _NUMBER.search(_plain(text)), _NUMBER.search(_plain(correct.replace("#", "").strip()))
    return bool(ours and theirs and float(ours[0]) == float(theirs[0])), text


def _quoted(answer: object) -> str:
    """A text that is no number, no truth value and no container is put in quotes, as Python writes it."""
    text = str(answer)
    bare = isinstance(answer, str) and not any(mark in text for mark in "({[]})")
    if bare and not text.replace(".", "", 1).isdigit() and text.lower() not in ("true", "false"):
        return f"'{text}'"
    return text


def literal_mark(output: str, correct: str) -> tuple[bool, str | None]:
    """Whether the answer is the literal `correct`, letter by letter."""
    answer = read_answer(output)
    if answer is None:
        return False, None
    text = _quoted(answer)
    return bool(text) and text == correct, str(answer)


def choice_mark(output: str, correct: str, choices: list[str]) -> tuple[bool, str | None]:
    """Whether the answer is the letter of the right choice; the last object of the output counts."""
    answer = read_answer(output, last=True)
    if answer is None:
        return False, None
    place = choices.index(correct) if correct in choices else -1
    return 0 <= place < len(LETTERS) and answer == LETTERS[place], str(answer)
