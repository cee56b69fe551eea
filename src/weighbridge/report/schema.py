"""The published schema of the decision's JSON and its page in the docs, both derived from the struct itself.

    python -m weighbridge.report.schema docs          # writes decision.schema.json and decision-json.md there

Descriptions are the docstrings under the fields, read from the source, so that they are written in one place.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import json
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec

from weighbridge.decide import decision as room
from weighbridge.decide.decision import SCHEMA, Decision

IDENTIFIER = "urn:weighbridge:decision:1"
SCHEMA_FILE = "decision.schema.json"
PAGE_FILE = "decision-json.md"

ORDER = (
    "Decision",
    "Verdict",
    "CandidateResult",
    "PairResult",
    "Calls",
    "Cost",
    "Finding",
    "TracePoint",
    "Question",
    "Answering",
)

MEANINGS: dict[str, dict[str, str]] = {
    "Decision": {
        "": "Everything a run found out.",
        "unit": "What stands alone in the statistics.",
        "verdict": "Who to use, in one word and one sentence.",
        "question": "What was asked.",
        "claim": "What the verdict speaks of: the traffic the items were drawn from, or these items alone.",
        "alpha": "Probability of a wrong verdict, at most, whenever the run stops.",
        "items_drawn": "Items opened in draw order until the run stopped.",
        "seed": "Seed of the random order in which items were drawn.",
        "calls": "Answers used, against asking every candidate every item.",
        "cost": "Money spent, against asking every candidate every item.",
        "candidates": "One entry per candidate; the lists in `trace` are in this order.",
        "pairs": "Pairs of candidates; of more than twelve candidates only the pairs of the leader.",
        "findings": "Requirements, checked; and whether the comparison is fair (dimension `fairness`).",
        "warnings": "What a reader must know beside the verdict.",
        "trace": "The race at some of its looks, for a chart.",
        "simulated": "Whether any candidate is simulated: then nothing here was measured on a model.",
        "title": "The task's name.",
        "seconds": "Wall time of the run.",
        "version": "Version of Weighbridge.",
    },
    "Verdict": {
        "kind": "What could be established; `undecided` where the evidence does not reach, `none` where no candidate "
        "meets the requirements.",
        "reasons": "Why, in sentences with figures.",
        "would_change": "What would turn the verdict around.",
    },
    "CandidateResult": {
        "name": "Name of the candidate.",
        "side": "Whether the model's weights are open, it is a closed service, or it is a rule.",
        "score": "Mean score over the items asked, in [0, 1].",
        "items": "Items asked.",
        "spec": "The model's spec string, or `stored`.",
        "simulated": "Whether its answers were simulated.",
        "prompt": "Name of the prompt variant.",
        "repeats": "Answers per item.",
        "cost_per_1000": "Money per 1,000 requests; null where a price is unknown.",
        "cost_interval": "Interval of `cost_per_1000`.",
        "cost_spent": "Money for the answers of this candidate.",
        "latency_p50": "Median seconds to the last token.",
        "latency_p95": "Seconds to the last token that 95 % of requests keep.",
        "latency_p95_interval": "Interval of `latency_p95`; null as its upper end: no bound with so few items.",
        "latency_p50_interval": "Interval of `latency_p50`, from order statistics.",
        "first_token_p50": "Median seconds to the first token, where answers were streamed.",
        "first_token_p50_interval": "Interval of `first_token_p50`.",
        "first_token_p95": "Seconds to the first token that 95 % of requests keep.",
        "first_token_p95_interval": "Interval of `first_token_p95`.",
        "per_token_p50": "Median seconds from one token to the next, after the first.",
        "per_token_p50_interval": "Interval of `per_token_p50`.",
        "per_token_p95": "Seconds from one token to the next that 95 % of requests keep.",
        "per_token_p95_interval": "Interval of `per_token_p95`.",
        "concurrency_least": "Fewest calls under way at once at its endpoint while the times were taken.",
        "concurrency_most": "Most calls under way at once at its endpoint while the times were taken.",
        "tokens_in": "Mean input tokens of a request.",
        "tokens_out": "Mean generated tokens of a request, reasoning included.",
        "statuses": "Items that ended ok, refused, truncated, unparsable and failed.",
    },
    "PairResult": {
        "a": "Name of the first candidate.",
        "b": "Name of the second.",
        "items": "Items both were asked.",
        "win": "Items where a scores above b.",
        "tie": "Items where both score the same.",
        "loss": "Items where a scores below b.",
    },
    "Calls": {"": "Answers, counted.", "retries": "Attempts repeated after a passing fault."},
    "Cost": {"": "Money.", "currency": "ISO code of the currency."},
    "Finding": {
        "met": "`unknown` is never taken for `met`.",
        "candidate": "Whom it concerns; null for all.",
        "value": "The measured figure, in the unit of `limit`.",
        "interval": "Interval of `value`.",
        "limit": "What was demanded.",
    },
    "TracePoint": {
        "items": "Items drawn at this look.",
        "calls": "Answers used so far.",
        "score": "Mean score of each candidate; null where it has none.",
        "low": "Lower end of each candidate's confidence sequence.",
        "high": "Upper end.",
        "alive": "Whether each candidate is still being asked.",
        "leader": "Position of the leader in `candidates`.",
    },
}
"""Meanings of what needs no comment in the code, by struct and field; "" is the struct itself."""

PREFACE = """\
# The decision as JSON

<!-- Derived from the structs by `python -m weighbridge.report.schema docs`; edit the meanings there. -->

`weighbridge run --json FILE` and `weighbridge compare ... --json FILE` write one JSON object, as does
`weighbridge.report.json.decision_json(decision)`. Its form is named in `schema` (now `{schema}`). Within that version
fields may be added; none changes its meaning or goes. Every field is always there; `null` means not known or not
applicable, never zero. Scores and intervals are shares in [0, 1], money is in the currency named, times are seconds.
For programs the same is written as JSON Schema in [{file}]({file}).

The verdict in one line of shell:

```
jq -r '.verdict.kind, .verdict.candidates[]' decision.json
```
"""

_TYPES = {"null": "null", "string": "text", "number": "number", "integer": "integer", "boolean": "true or false"}


def field_docs(struct: type) -> dict[str, str]:
    """The docstring under each field of a struct, on one line."""
    tree = ast.parse(dedent(inspect.getsource(struct)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found: dict[str, str] = {}
    for statement, follower in itertools.pairwise(body):
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        if isinstance(follower, ast.Expr) and isinstance(follower.value, ast.Constant):
            text = follower.value.value
            if isinstance(text, str):
                found[statement.target.id] = " ".join(text.split())
    return found


def _described(name: str, shape: dict[str, Any]) -> None:
    """Put descriptions into one part of the schema."""
    struct = getattr(room, name)
    plain = MEANINGS.get(name, {})
    docs = {**field_docs(struct), **plain}
    # A struct without a docstring of its own would show msgspec's.
    own = plain.get("") or struct.__dict__.get("__doc__") or ""
    shape["description"] = " ".join(own.split("\n\n")[0].split())
    # Every field is written, the ones at their default too: a reader may rely on all of them.
    shape["required"] = list(shape["properties"])
    for field, about in shape["properties"].items():
        if text := docs.get(field):
            shape["properties"][field] = {**about, "description": text.replace("``", "`")}


@functools.cache
def _schema_text() -> str:
    (top,), parts = msgspec.json.schema_components((Decision,), ref_template="#/$defs/{name}")
    for name in parts:
        _described(name, parts[name])
    parts["Decision"]["properties"]["schema"] = {
        "description": "Name and version of this form: within it fields may be added, never changed or removed.",
        "const": SCHEMA,
    }
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": IDENTIFIER,
        "title": "A decision of Weighbridge",
        **top,
        "$defs": {name: parts[name] for name in sorted(parts)},
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def decision_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of what `decision_json` writes."""
    schema: dict[str, Any] = json.loads(_schema_text())
    return schema


def _kind(about: dict[str, Any]) -> str:
    """The type of a field in a few words."""
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in about:
        return f"`{about['const']}`"
    if "enum" in about:
        return " or ".join(f"`{'null' if value is None else value}`" for value in about["enum"])
    if "anyOf" in about:
        return " or ".join(_kind(part) for part in about["anyOf"])
    if about.get("type") == "array":
        if "prefixItems" in about:
            return f"[{', '.join(_kind(part) for part in about['prefixItems'])}]"
        return f"list of {_kind(about['items'])}"
    if about.get("type") == "object":
        return f"object of {_kind(about['additionalProperties'])}"
    return _TYPES.get(str(about.get("type")), str(about.get("type", "anything")))


def decision_page() -> str:
    """`docs/decision-json.md`: every field with its type and meaning."""
    parts = decision_schema()["$defs"]
    lines = PREFACE.format(schema=SCHEMA, file=SCHEMA_FILE).splitlines()
    for name in (*ORDER, *(other for other in parts if other not in ORDER)):
        shape = parts[name]
        lines += [
            "",
            f"## {name}",
            "",
            shape.get("description", ""),
            "",
            "| field | type | meaning |",
            "| --- | --- | --- |",
        ]
        for field, about in shape["properties"].items():
            meaning = about.get("description", "").replace("|", "\\|")
            lines.append(f"| `{field}` | {_kind(about)} | {meaning} |")
    return "\n".join(lines) + "\n"


def main(folder: str) -> None:
    """Write both files into `folder`."""
    Path(folder, SCHEMA_FILE).write_text(_schema_text(), encoding="utf-8")
    Path(folder, PAGE_FILE).write_text(decision_page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs")
