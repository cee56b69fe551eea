"""What Claude models can do and how long they may think, by generation, wherever they are served.

Sources: Anthropic's reference for Messages and its migration notes to 4.7 (sampling parameters and thinking budgets
gone), and the types of its SDK 2.11; read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from weighbridge.models.protocol import Capabilities, Request

_NAME = re.compile(r"claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2}))?(?!\d)")
_NEWEST = (99, 0)
_SHARES = {"minimal": 0.1, "low": 0.2, "medium": 0.5, "high": 0.8}
"""Part of the answer's tokens that a budget grants to thinking, where a model counts it in tokens."""
LEAST_BUDGET = 1024

Refuse = Callable[[str, str], NoReturn]


def generation(model: str) -> tuple[int, int]:
    """(major, minor) of a Claude model's name, as ``(4, 5)``; a name without a number counts as the newest."""
    found = _NAME.search(model.lower())
    return (int(found[1]), int(found[2] or 0)) if found else _NEWEST


def claude_capabilities(model: str) -> Capabilities:
    """What the model can do."""
    version = generation(model)
    held = version >= (4, 5) or version == (4, 1)
    sampled = version < (4, 7)
    return Capabilities(
        choices=held,
        json_schema=held,
        streaming=True,
        tools=version >= (3, 0),
        images=version >= (3, 0),
        reasoning_effort=version >= (3, 7),
        temperature=sampled,
        top_p=sampled,
    )


def thinking(request: Request, model: str, refuse: Refuse) -> tuple[dict[str, Any] | None, str | None]:
    """(``thinking``, ``output_config.effort``) of a request; None for what is left to the model.

    Up to 4.5 an effort becomes a budget of tokens, from 4.6 on it is Anthropic's own grade.
    """
    effort = request.sampling.reasoning_effort
    if effort is None:
        return None, None
    adaptive = generation(model) >= (4, 6)
    if effort == "none":
        return ({"type": "disabled"} if adaptive else None), None
    if request.tool_choice not in (None, "auto", "none"):
        refuse("cannot force a tool while the model thinks", "leave out tool_choice or reasoning_effort")
    if adaptive:
        if effort == "minimal":
            refuse("has no effort `minimal`", "use low, medium or high")
        return {"type": "adaptive", "display": "summarized"}, effort
    most = request.sampling.max_tokens
    if most <= LEAST_BUDGET:
        refuse(
            f"grants at least {LEAST_BUDGET} tokens to thinking, which max_tokens ({most}) does not leave room for",
            f"set max_tokens above {LEAST_BUDGET}, or leave out reasoning_effort",
        )
    budget = min(most - 1, max(LEAST_BUDGET, int(most * _SHARES[effort])))
    return {"type": "enabled", "budget_tokens": budget}, None


def sampled(request: Request, model: str, refuse: Refuse) -> dict[str, float]:
    """``temperature`` and ``top_p`` that the model takes.

    Thinking fixes the temperature at 1, and models from 4.1 on take one of the two: a temperature of 0 leaves nothing
    for ``top_p`` to cut, and one of 1 is what they have anyway.
    """
    sampling, out = request.sampling, dict[str, float]()
    if generation(model) >= (4, 7):
        return out
    if sampling.temperature > 1:
        refuse(f"takes temperatures from 0 to 1, not {sampling.temperature:g}", "set temperature to at most 1")
    thinks = sampling.reasoning_effort not in (None, "none")
    if not thinks:
        out["temperature"] = sampling.temperature
    if sampling.top_p is None:
        return out
    if thinks and sampling.top_p < 0.95:
        refuse("takes a top_p from 0.95 to 1 while the model thinks", "leave out top_p or reasoning_effort")
    if not thinks and generation(model) >= (4, 1):
        if sampling.temperature == 0:
            return out
        if sampling.temperature != 1:
            refuse("takes temperature or top_p, not both", "leave out one of the two")
        out.pop("temperature")
    out["top_p"] = sampling.top_p
    return out
