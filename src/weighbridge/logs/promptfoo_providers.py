"""Providers of a promptfoo configuration as Weighbridge candidates, one for each prompt."""

from __future__ import annotations

from typing import Any

ENDPOINTS: dict[str, tuple[str, str | None]] = {
    "openai": ("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "openrouter": ("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "groq": ("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "mistral": ("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "deepseek": ("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "togetherai": ("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "ollama": ("http://127.0.0.1:11434/v1", None),
    "localai": ("http://127.0.0.1:8080/v1", None),
}
"""Providers that speak the chat protocol of OpenAI: where, and the variable that holds the key."""

PLACEHOLDER = "http://127.0.0.1:8000/v1#MODEL"
_KINDS = ("chat", "completion", "responses")
_SETTINGS = {
    "temperature": "temperature",
    "max_tokens": "max_tokens",
    "top_p": "top_p",
    "seed": "seed",
    "stop": "stop",
}
_IGNORED = {"apiBaseUrl", "apiHost", "apiKeyEnvar", "apiKey"}


def candidates_of(given: object, prompts: list[str], lost: list[str]) -> list[dict[str, Any]]:
    """One candidate per provider and prompt; where the endpoint is not known, a placeholder, and `lost` says so."""
    found: list[dict[str, Any]] = []
    for one in given if isinstance(given, list) else [given]:
        name, label, config, only = _parts(one)
        if name is None:
            lost.append("a provider without an id.")
            continue
        base = _candidate(name, config, lost)
        wanted = [prompt for prompt in prompts if not only or prompt in only] or prompts
        for prompt in wanted:
            shown = label or name
            made = {"name": shown if len(wanted) == 1 else f"{shown}, {prompt}", **base}
            if prompts != ["default"]:
                made["prompt"] = prompt
            found.append(made)
    if len(found) == 1:
        lost.append("there is one provider: name a second candidate, or there is nothing to compare.")
    if not found:
        lost.append(f"no provider was found: {PLACEHOLDER} stands in its place.")
        found.append(
            {"name": "model", "model": PLACEHOLDER, **({} if prompts == ["default"] else {"prompt": prompts[0]})}
        )
    return found


def _parts(one: object) -> tuple[str | None, str | None, dict[str, Any], list[str]]:
    """Id, label, settings and the prompts it is held to; ``{id: ...}``, ``{openai:gpt: {config}}`` or a text."""
    if isinstance(one, str):
        return one, None, {}, []
    if not isinstance(one, dict):
        return None, None, {}, []
    if "id" not in one and len(one) == 1:
        name, inner = next(iter(one.items()))
        one = {**(inner if isinstance(inner, dict) else {}), "id": name}
    config = one.get("config")
    only = one.get("prompts")
    label = one.get("label")
    return (
        str(one["id"]) if one.get("id") else None,
        str(label) if label else None,
        config if isinstance(config, dict) else {},
        [str(prompt) for prompt in only] if isinstance(only, list) else [],
    )


def _candidate(name: str, config: dict[str, Any], lost: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    vendor, _, model = name.partition(":")
    kind, _, rest = model.partition(":")
    model = rest if kind in _KINDS and rest else model
    url = config.get("apiBaseUrl")
    host = config.get("apiHost")
    if vendor in ENDPOINTS and model:
        endpoint, key = ENDPOINTS[vendor]
        endpoint = url if isinstance(url, str) else f"https://{host}/v1" if isinstance(host, str) else endpoint
        made["model"] = f"{endpoint.rstrip('/')}#{model}"
        variable = config.get("apiKeyEnvar")
        variable = variable if isinstance(variable, str) else key
        if variable:
            made["key_env"] = variable
    else:
        made["model"] = PLACEHOLDER
        lost.append(f"provider {name}: {PLACEHOLDER} stands in its place; name a model of yours.")
    if config.get("apiKey"):
        lost.append(
            f"provider {name}: a key stands in the configuration; put it into {made.get('key_env', 'a variable')}."
        )
    for theirs, ours in _SETTINGS.items():
        value = config.get(theirs)
        if isinstance(value, int | float | list) and not isinstance(value, bool):
            made[ours] = value
    others = [key for key in config if key not in _SETTINGS and key not in _IGNORED]
    if others:
        lost.append(f"provider {name}: settings {', '.join(others)}.")
    return made
