"""From lm-eval's filters and metrics to a scorer, and a sentence for each part that has no counterpart."""

from __future__ import annotations

import re
from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.tasks.cell import Cell

_IN_NUMBERS = {",", r"\$", r"\\$", "$", r"(?s).*#### ", r"\.$", r"\.", "%", r"\%"}
"""What tasks remove around numbers; comparing numbers as numbers overlooks it too."""


def generation_scorer(
    config: dict[str, Any], label: str | None, lost: list[str], where: str
) -> dict[str, Any] | None:
    """The scorer of a ``generate_until`` task; None where no metric has a counterpart. `lost` takes the sentences."""
    metric = _metric(config, lost)
    steps = _steps(config, label, lost, where)
    if metric is None:
        return None
    normalize = ["whitespace", *(["case"] if metric.get("ignore_case") else [])]
    if metric.get("ignore_punctuation"):
        normalize.append("punctuation")
    if metric.get("ignore_numbers"):
        lost.append("metric_list: ignore_numbers (digits are dropped before comparing).")
    removed = [str(each) for each in _listed(metric.get("regexes_to_ignore"))]
    numeric = any(each in (",", r"\$") for each in removed) and set(removed) <= _IN_NUMBERS
    if removed and not numeric:
        lost.append(f"metric_list: regexes_to_ignore {removed}: the texts are compared as they are.")
    pattern: dict[str, Any] | None = None
    for step in steps:
        function = step.get("function")
        if function == "regex" and pattern is None:
            pattern = _pattern(step, lost)
        elif function == "lowercase":
            normalize.append("case")
        elif function not in ("take_first", "remove_whitespace"):
            lost.append(f"filter_list: the filter {function!r}.")
    if pattern is None:
        return {"name": "numeric"} if numeric else {"name": "exact", "normalize": list(dict.fromkeys(normalize))}
    if numeric:
        return {"name": "regex", **pattern, "compare": "numeric"}
    return {"name": "regex", **pattern, "normalize": list(dict.fromkeys(normalize))}


def _metric(config: dict[str, Any], lost: list[str]) -> dict[str, Any] | None:
    """The first ``exact_match``; the others are listed as lost."""
    listed = config.get("metric_list")
    entries = [
        entry if isinstance(entry, dict) else {"metric": entry} for entry in (_listed(listed) or ["exact_match"])
    ]
    found = next((entry for entry in entries if entry.get("metric") == "exact_match"), None)
    others = [str(entry.get("metric")) for entry in entries if entry is not found]
    if others:
        lost.append(f"metric_list: {', '.join(others)}; only exact_match has a counterpart.")
    return found


def _steps(config: dict[str, Any], label: str | None, lost: list[str], where: str) -> list[dict[str, Any]]:
    filters = [entry for entry in _listed(config.get("filter_list")) if isinstance(entry, dict)]
    names = [str(entry.get("name")) for entry in filters]
    if label is not None and label not in names:
        raise UsageError(f"the task has no filter {label!r}", where=where, fix=nearest(label, names))
    if not filters:
        return []
    chosen = names.index(label) if label is not None else 0
    others = [name for number, name in enumerate(names) if number != chosen]
    if others:
        lost.append(f"filter_list: answers are read by {names[chosen]!r}; not by {', '.join(others)}.")
    return [step for step in _listed(filters[chosen].get("filter")) if isinstance(step, dict)]


def _pattern(step: dict[str, Any], lost: list[str]) -> dict[str, Any]:
    """A regex filter: ``findall``, then the match at `group_select`, of its groups the first that is not empty."""
    text = str(step.get("regex_pattern", r"#### (\-?[0-9\.\,]+)"))
    select = step.get("group_select", 0)
    found: dict[str, Any] = {"pattern": text, "match": "last" if select == -1 else "first"}
    if select not in (0, -1):
        lost.append(f"filter_list: group_select {select}: the first match is taken.")
    try:
        groups = re.compile(text).groups
    except re.error:
        groups = 0  # the scorer names the mistake in the pattern
    if groups > 1:
        if _each_alternative_is_a_group(text):
            found["group"] = 0
        else:
            lost.append("filter_list: the pattern has several groups; the first of them is read.")
    return found


def _each_alternative_is_a_group(pattern: str) -> bool:
    """Whether a pattern is ``(...)|(...)|...``, so that the match as a whole is the one group that is not empty."""
    depth, escaped, inside = 0, False, False
    opened = [pattern.startswith("(") and not pattern.startswith("(?")]
    for at, char in enumerate(pattern):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif inside:
            inside = char != "]"
        elif char == "[":
            inside = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0 and at + 1 < len(pattern) and pattern[at + 1] != "|":
                return False
        elif char == "|" and depth == 0:
            rest = pattern[at + 1 :]
            opened.append(rest.startswith("(") and not rest.startswith("(?"))
    return all(opened) and depth == 0 and pattern.endswith(")")


def _listed(value: Cell) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
