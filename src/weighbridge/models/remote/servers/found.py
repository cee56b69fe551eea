"""What a server was found (or declared) to be, and how that is written down for later runs."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Name = Literal["openai", "vllm", "llama.cpp", "ollama", "tgi", "transformers"]

TITLES: dict[Name, str] = {
    "openai": "",
    "vllm": "vLLM",
    "llama.cpp": "llama.cpp server",
    "ollama": "Ollama",
    "tgi": "TGI",
    "transformers": "transformers serve",
}


class Found(msgspec.Struct, frozen=True):
    """One server."""

    name: Name
    version: str = ""
    """As it says it; empty where it does not."""
    revision: str = ""
    """What fixes the weights, where it says so."""
    slots: int | None = None
    """Calls it carries out side by side, where it says so."""
    plain: bool = False
    """Whether the model has no chat template, so that messages go to it as plain text."""
    notes: tuple[str, ...] = ()
    """What is odd about its template."""

    @property
    def title(self) -> str:
        """Name and version as the engine's name begins with them; empty for a plain OpenAI-compatible server."""
        return f"{TITLES[self.name]} {self.version}".strip()

    def since(self, *version: int) -> bool:
        """Whether it is of that version or later; one that does not say counts as today's."""
        numbers = tuple(int(number) for number in re.findall(r"\d+", self.version)[: len(version)])
        # What is built from source without its tags calls itself 0.1.dev and is of today.
        untagged = "dev" in self.version and numbers[:2] <= (0, 1)
        return untagged or not numbers or numbers >= version


def clean(text: str) -> str:
    """What a server says of itself, as part of a name: printable, short, and without what separates the parts."""
    return "".join(one for one in text if one.isprintable() and one != ";").strip()[:80]


def parsed(engine: str) -> Found | None:
    """The server an engine's name was made for by an earlier run; None where it is no server's."""
    parts = engine.split("; ")
    plain = PLAIN in parts
    if parts[0] in (CHAT, PLAIN):
        return Found("openai", plain=plain)
    for name, title in TITLES.items():
        if title and (parts[0] == title or parts[0].startswith(f"{title} ")):
            return Found(name, parts[0].removeprefix(title).strip(), plain=plain)
    return None


CHAT = "chat completions"
PLAIN = "completions of plain text"
