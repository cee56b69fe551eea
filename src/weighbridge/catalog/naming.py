"""Names of vendors and models, as specs and price tables write them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

VENDORS = {
    "gemini": "google",
    "google-gla": "google",
    "together_ai": "together",
    "togetherai": "together",
    "fireworks_ai": "fireworks",
    "fireworks-ai": "fireworks",
    "cohere_chat": "cohere",
    "moonshotai": "moonshot",
    "moonshot-ai": "moonshot",
    "amazon-bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "dashscope": "alibaba",
    "qwen": "alibaba",
    "novita-ai": "novita",
    "nvidia_nim": "nvidia",
    "github-models": "github",
    "text-completion-openai": "openai",
    "azure_openai": "azure",
}
"""Other names of a vendor, and ours."""

HOSTS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "google",
    "api.mistral.ai": "mistral",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "api.deepseek.com": "deepseek",
    "api.x.ai": "xai",
    "api.ai21.com": "ai21",
    "api.groq.com": "groq",
    "api.together.xyz": "together",
    "api.together.ai": "together",
    "api.fireworks.ai": "fireworks",
    "openrouter.ai": "openrouter",
    "api.perplexity.ai": "perplexity",
    "api.moonshot.ai": "moonshot",
    "api.z.ai": "zai",
    "api.minimax.io": "minimax",
    "api.studio.nebius.com": "nebius",
    "api.studio.nebius.ai": "nebius",
    "api.tokenfactory.nebius.com": "nebius",
    "dashscope-intl.aliyuncs.com": "alibaba",
}
"""Who bills for a server on the internet. A host that is not here may be anybody's, and has no known price."""

_DATED = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|20\d{6}|latest)$")


def vendor_named(name: str) -> str:
    """Our name of a vendor."""
    name = name.strip().lower()
    return VENDORS.get(name, name)


def folded(model: str) -> str:
    """A model's name without what differs only in writing: case, dots for dashes, a path that is the same for all."""
    name = model.strip().lower()
    for prefix in ("models/", "accounts/fireworks/models/"):
        name = name.removeprefix(prefix)
    return re.sub(r"[._ ]", "-", name)


def closed_up(model: str) -> str:
    """The folded name with no dash between a letter and a digit: ``llama2`` and ``llama-2`` are written for one.

    Dashes between digits stay, so that ``gemma-3-12b`` is never ``gemma-31-2b``.
    """
    return re.sub(r"(?<=[a-z])-(?=\d)|(?<=\d)-(?=[a-z])", "", folded(model))


def undated(model: str) -> str:
    """The name without a date or ``latest`` at its end; the name itself where there is none."""
    return _DATED.sub("", model.strip())


def vendor_and_model(spec: str, base_url: str | None = None) -> tuple[str, str] | None:
    """Who bills for the calls of a spec, and for which model; None where that cannot be told.

    ``openai:gpt-4.1``, ``anyllm:openai/gpt-4.1`` and ``https://api.openai.com/v1#gpt-4.1`` are the same. A `base_url`
    in place of the vendor's own leads to somebody else's bill, unless its host is a known vendor's.
    """
    kind, colon, rest = spec.strip().partition(":")
    if not colon or not rest:
        return None
    if kind in ("http", "https"):
        address, _, model = spec.strip().partition("#")
        return _at(address, model)
    if base_url is not None:
        return _at(base_url, rest)
    if kind == "anyllm":
        kind, slash, rest = rest.partition("/")
        if not slash:
            return None
    return (vendor_named(kind), rest) if rest else None


def _at(address: str, model: str) -> tuple[str, str] | None:
    try:
        host = (urlsplit(address).hostname or "").lower()
    except ValueError:
        return None
    vendor = HOSTS.get(host)
    if vendor is None and host.endswith(".openai.azure.com"):
        vendor = "azure"
    if vendor is None and re.fullmatch(r"bedrock-runtime\.[a-z0-9-]+\.amazonaws\.com", host):
        vendor = "bedrock"
    return (vendor, model) if vendor and model else None
