"""A run that is broken rather than bad: empty answers, error messages and refusals in bulk."""

from __future__ import annotations

import re

import numpy as np

from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import STATUS_CODES, Finding, Status
from weighbridge.evidence.words import percent, points
from weighbridge.tasks.refusal import declines

BULK = 0.05
"""Share of answers from which a fault is more than an accident."""

REFUSALS = 0.1
"""The same for refusals, some of which are a model's own manner."""

FEWEST = 5

MOST = 2000
"""Answers of one candidate that are read, evenly spaced."""

REFUSED = STATUS_CODES.index(Status.REFUSED)

ERROR = re.compile(
    r"\A\W{0,3}(?:\w+ ){0,3}?(?:"
    r"(?:http|status|error)[ _-]?(?:code|error)?[ :=]{0,3}[45]\d\d\b|traceback \(most recent call last\)"
    r"|(?:internal server|bad gateway|gateway time-?out|service unavailable|too many requests|unauthorized)\b"
    r"|rate ?limit(?:ed| reached| exceeded)|api ?error|\w*(?:exception|error): |request (?:timed out|failed)"
    r"|connection (?:error|reset|refused|aborted)|context[ _]length[ _]exceeded|insufficient[ _]quota"
    r"|maximum context length|invalid[ _]api[ _]key|cuda out of memory|<!doctype html|<html"
    r"|\{\W{0,3}\"?error\"?\W{0,3}:)",
    re.IGNORECASE,
)
"""How messages of servers, clients and engines begin; a model rarely begins so."""

KINDS = {
    "empty": ("are empty", "a look at the server's log and the stop sequences"),
    "errors": ("are error messages", "the failed requests asked again"),
    "refusals": ("decline to answer and score nothing", "a prompt that the model does not take for a harmful one"),
}


def broken_runs(view: View) -> list[Finding]:
    """One finding per candidate and kind of fault that many of its answers show."""
    found = []
    for k, name in view.answering():
        asked = int(view.asked[k].sum())
        if asked < FEWEST:
            continue
        read = view.sample(k, MOST)
        scores = view.evidence.score[k]
        kinds: dict[str, list[int]] = {"empty": [], "errors": [], "refusals": []}
        for i, text in read:
            if not view.asked[k, i] or scores[i] >= 0.5:
                continue
            bare = text.strip()
            if not bare:
                # What a filter stopped is empty too, and is a refusal: it is counted as one below.
                if view.evidence.status[k, i] != REFUSED:
                    kinds["empty"].append(i)
            elif ERROR.match(bare[:200]):
                kinds["errors"].append(i)
            elif len(bare) <= 1000 and declines(bare):
                kinds["refusals"].append(i)
        marked = np.flatnonzero((view.evidence.status[k] == REFUSED) & view.asked[k])
        base = {kind: max(1, len(read)) for kind in kinds}
        if marked.size / asked > len(kinds["refusals"]) / base["refusals"]:
            kinds["refusals"], base["refusals"] = marked.tolist(), asked
        for kind, items in kinds.items():
            share = len(items) / base[kind]
            if (
                len(items) < FEWEST
                or share < (REFUSALS if kind == "refusals" else BULK)
                or _expected(view, kind, items)
            ):
                continue
            lost = share * float(np.mean(1 - scores[items]))
            what, change = KINDS[kind]
            found.append(
                finding(
                    "not met",
                    f"{name}: {percent(share)} of its answers {what}, which may cost it up to {points(lost)}: broken "
                    "rather than bad?",
                    candidate=name,
                    value=share,
                    limit=REFUSALS if kind == "refusals" else BULK,
                    evidence=view.ids(items),
                    would_change=change,
                )
            )
    if not found and view.evidence.answers is not None:
        return [finding("met", "no candidate answers in bulk with nothing, with error messages or with refusals")]
    return found


def _expected(view: View, kind: str, items: list[int]) -> bool:
    """Whether the reference itself is empty there: then an empty answer is an answer."""
    texts = view.evidence.references
    return kind == "empty" and view.references is not None and texts is not None and all(not texts[i] for i in items)
