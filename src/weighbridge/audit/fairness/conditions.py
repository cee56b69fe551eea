"""Whether the answers came about under the same conditions: prompt, examples, decoding, scorer."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import msgspec
import numpy as np

from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import STATUS_CODES, Finding, Status
from weighbridge.evidence.words import listed, percent, points, some_of

FIELDS = {
    "task": "task",
    "task_version": "version of the task",
    "prompt_template": "prompt template",
    "system_prompt": "system prompt",
    "shots": "number of examples in the prompt",
    "scorer": "scorer",
    "metric": "metric",
}
"""Settings that should be the same, and what they are called."""

BY_CHANCE = {"seed", "n", "stream", "timeout", "timeouts", "user", "model", "max_retries", "max_connections"}
"""Decoding settings that do not make a comparison unfair."""

CEILINGS = {"max_tokens", "max_gen_toks", "max_new_tokens", "max_completion_tokens", "max_output_tokens"}
"""Names under which a log keeps the limit of an answer's length."""

LIMIT = "token limit"

SAME_SCORER = "one scorer for all: stored answers can be scored again without a call"
CHANGES = {"scorer": SAME_SCORER, "metric": SAME_SCORER}

SHOWN = 40


def conditions(view: View) -> list[Finding]:
    """One finding per setting that differs between candidates, with what of the difference it may have made.

    What a token limit did is bounded by the answers that were cut; what a prompt did cannot be bounded from the
    answers. A setting that only some logs state is ``unknown``.
    """
    stated = {name: _flat(view, name) for name in view.names if name in view.settings}
    if len(stated) < 2:
        return []
    keys = list(dict.fromkeys(key for values in stated.values() for key in values))
    found = []
    silent = []
    for key in keys:
        groups: dict[Hashable, list[str]] = {}
        for name, values in stated.items():
            if key in values:
                groups.setdefault(values[key], []).append(name)
        quiet = [name for name, values in stated.items() if key not in values]
        if len(groups) > 1:
            found.append(_differs(view, key, groups))
        elif quiet:
            silent.append((key, quiet))
    if silent:
        names = list(dict.fromkeys(name for _, quiet in silent for name in quiet))
        found.append(
            finding(
                "unknown",
                f"whether the conditions were the same: the log of {some_of(names)} does not state "
                f"{listed([key for key, _ in silent])}, which another's does",
                would_change="logs that state it",
            )
        )
    return found or [finding("met", f"the same {listed(keys)} for every candidate")] if keys else []


def _flat(view: View, name: str) -> dict[str, Hashable]:
    """What one candidate's settings state, by the name to show; the same limit under several names is one."""
    settings = view.settings[name]
    values: dict[str, Hashable] = {}
    for field, label in FIELDS.items():
        value = getattr(settings, field)
        if value is not None:
            values[label] = value.strip() if isinstance(value, str) else value
    for key, value in settings.decoding.items():
        if key in BY_CHANCE or value is None:
            continue
        values[LIMIT if key in CEILINGS else key] = _plain(value)
    if settings.tool is not None:
        values["tool"] = settings.tool
    return values


def _plain(value: object) -> Hashable:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value)
    return msgspec.json.encode(value, order="sorted", enc_hook=str)


def _shown(value: Hashable) -> str:
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    text = f"{value:g}" if isinstance(value, float) else str(value)
    text = " ".join(text.split())
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...") if isinstance(value, str) else text


def _differs(view: View, key: str, groups: dict[Hashable, list[str]]) -> Finding:
    told = "; ".join(f"{_shown(value)} for {some_of(names)}" for value, names in list(groups.items())[:4])
    more = f"; and {len(groups) - 4} more" if len(groups) > 4 else ""
    statement = f"different {key}: {told}{more}"
    gap = _gap(view, groups.values())
    if key == "tool":
        return finding(
            "unknown",
            f"{statement}; tools prompt and score in ways of their own",
            would_change="one tool for all, or settings that are known to be the same",
        )
    if key == LIMIT:
        share, who = max((_cut(view, name), name) for names in groups.values() for name in names)
        if share == 0:
            return finding("met", f"{statement}, but no answer is known to have been cut")
        statement += (
            f"; {percent(share)} of the answers of {who} were cut, so that it may have cost it up to {points(share)}"
        )
        if gap is not None and gap[0] > 0:
            statement += f", of {points(gap[0])} between {gap[1]} and {gap[2]}"
        met = "not met" if gap is None or share >= min(gap[0], view.tolerance) else "met"
        return finding(
            "not met" if met == "not met" else "met",
            statement,
            value=share,
            would_change="the same limit for all, high enough that nothing is cut",
        )
    if gap is not None:
        statement += f"; up to all of the {points(gap[0])} between {gap[1]} and {gap[2]} may come from it"
    change = CHANGES.get(key, "the same for all; or take prompt and model together as what is compared")
    return finding("not met", statement, value=None if gap is None else gap[0], would_change=change)


def _gap(view: View, groups: Iterable[list[str]]) -> tuple[float, str, str] | None:
    """The difference between the best of one group and the best of any other, and their names."""
    best = []
    for names in groups:
        places = [view.names.index(name) for name in names]
        known = [k for k in places if np.isfinite(view.means[k])]
        if known:
            best.append(max(known, key=lambda k: view.means[k]))
    if len(best) < 2:
        return None
    best.sort(key=lambda k: -view.means[k])
    return float(view.means[best[0]] - view.means[best[1]]), view.names[best[0]], view.names[best[1]]


def _cut(view: View, name: str) -> float:
    k = view.names.index(name)
    cut = view.evidence.status[k] == STATUS_CODES.index(Status.TRUNCATED)
    return float(cut.sum()) / max(1, int(view.asked[k].sum()))
