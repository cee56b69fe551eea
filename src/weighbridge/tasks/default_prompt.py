"""The prompt of a task that states none, as template text: a start for the user's own."""

from __future__ import annotations

import json
from dataclasses import dataclass

from weighbridge.tasks.columns import ColumnMap


@dataclass(frozen=True, slots=True)
class PromptText:
    """Template text of a prompt."""

    user: str
    system: str | None = None


def default_prompt(
    columns: ColumnMap, *, choices: tuple[str, ...] | None = None, scorer: str | None = None
) -> PromptText:
    """Shows the input fields; for a choice, the options and how to answer; for JSON, that JSON is wanted.

    With options that are the same for all items the text of one is asked for; with each item's own, its letter.
    """
    fields = columns.input
    shown = [
        f"{{{{ item[{json.dumps(name, ensure_ascii=False)}] }}}}"
        if len(fields) == 1
        else f"{name}: {{{{ item[{json.dumps(name, ensure_ascii=False)}] }}}}"
        for name in fields
    ]
    body = "\n".join(shown) or "{{ item | tojson }}"
    if choices is not None:
        listed = "{% for option in choices %}\n- {{ option }}\n{% endfor %}"
        system = f"Answer with exactly one of these, and nothing else:\n{listed}"
        return PromptText(body, system)
    if columns.choices:
        listed = "{% for option in options %}\n{{ option.label }}) {{ option.text }}\n{% endfor %}"
        return PromptText(f"{body}\n\n{listed}", "Answer with the letter of the right option, and nothing else.")
    if scorer == "json":
        return PromptText(body, "Answer with a JSON object, and nothing else.")
    if scorer == "numeric":
        return PromptText(body, "Give the answer as a number, after `Answer:`.")
    return PromptText(body, "Give only the answer, without explanation.")
