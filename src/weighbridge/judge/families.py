"""Who made a model, as far as its name tells: a judge may favour its own kin."""

from __future__ import annotations

import re

FAMILIES: dict[str, tuple[str, ...]] = {
    "OpenAI": ("gpt", "openai", "chatgpt", "o1", "o3", "o4", "davinci", "codex"),
    "Anthropic": ("claude", "anthropic"),
    "Google": ("gemini", "gemma", "palm", "google"),
    "Meta": ("llama", "meta"),
    "Mistral": ("mistral", "mixtral", "ministral", "magistral", "codestral", "devstral"),
    "Alibaba": ("qwen", "qwq", "alibaba"),
    "DeepSeek": ("deepseek",),
    "Microsoft": ("phi", "wizardlm", "microsoft"),
    "Cohere": ("command", "aya", "cohere"),
    "Hugging Face": ("smollm", "zephyr"),
    "xAI": ("grok",),
    "Amazon": ("nova", "titan"),
    "IBM": ("granite",),
    "Ai2": ("olmo", "tulu", "molmo"),
    "01.AI": ("yi",),
    "Zhipu": ("glm", "chatglm"),
    "Moonshot": ("kimi", "moonshot"),
    "NVIDIA": ("nemotron", "nvidia"),
    "TII": ("falcon",),
    "Databricks": ("dbrx",),
}
"""Words of a model's name by family. A fine-tune is of the family of what it was tuned from."""

_BY_WORD = {word: family for family, words in FAMILIES.items() for word in words}
_KINDS = re.compile(r"^(?:gguf|https?|recorded|python|simulated|hf|path|onnx):", re.IGNORECASE)


def families_of(name: str) -> frozenset[str]:
    """Families that the words of `name` (a name or a spec string) tell; none for names that tell nothing.

    Of an address only the part after ``#`` counts: the host is not the model.
    """
    text = name.partition("#")[2] if "://" in name else _KINDS.sub("", name)
    if name.lower().startswith(("python:", "simulated:")):
        return frozenset()
    words = re.findall(r"o\d(?![\w.])|[a-z]+", text.lower())
    return frozenset(_BY_WORD[word] for word in words if word in _BY_WORD)


def kin(judge: str, candidate: str) -> frozenset[str]:
    """Families that both share."""
    return families_of(judge) & families_of(candidate)
