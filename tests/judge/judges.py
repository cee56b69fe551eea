"""Judges of known character, in Python. The better answer says ``quality=N`` with the larger N."""

from __future__ import annotations

import hashlib
import re


def quality(text: str) -> float:
    found = re.search(r"quality=(\d+)", text)
    return float(found[1]) if found else -1.0


def _better(first: float, second: float) -> str:
    return "Verdict: tie" if first == second else f"I think.\nVerdict: {'A' if first > second else 'B'}"


def fair(item) -> str:
    return _better(quality(item.fields["first"]), quality(item.fields["second"]))


def likes_the_first(item) -> str:
    """Fair where the difference is large, and for whoever stands first where it is small."""
    gap = quality(item.fields["first"]) - quality(item.fields["second"])
    return _better(gap + 4.5, 0)


def likes_length(item) -> str:
    return _better(len(item.fields["first"]), len(item.fields["second"]))


def likes_praise(item) -> str:
    def value(text: str) -> float:
        return 100.0 if "excellent question" in text else quality(text)

    return _better(value(item.fields["first"]), value(item.fields["second"]))


def noisy(item) -> str:
    """Fair with a noise that depends on the order: flips, but to neither place in particular."""
    digest = hashlib.sha256((item.fields["first"] + "|" + item.fields["second"]).encode()).digest()
    return _better(quality(item.fields["first"]) + (digest[0] - 127.5) / 16, quality(item.fields["second"]))


def mumbles(item) -> str:
    return "Both have their merits."


def rates(item) -> str:
    return f"Rating: {min(10, 1 + int(max(0.0, quality(item.fields['answer']))))}"


def rates_length(item) -> str:
    return f"Rating: {min(10, 1 + len(item.fields['answer']) // 100)}"
