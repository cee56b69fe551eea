"""Folders as a model hub has them, made by code, with tiny files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILLER = "This part is told in plain words, step after step, with what was done and what was found. "


def say(words: int, start: str = "") -> str:
    """Prose of about so many words."""
    body = (FILLER * (words // 17 + 1)).split()[:words]
    return f"{start} {' '.join(body)}.".strip()


@dataclass
class Folder:
    """One folder: its card's fields and text, configuration and files."""

    head: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    model_type: str | None = None
    files: dict[str, str | int] = field(default_factory=dict)
    """Text of a file, or the bytes of a pointer to large storage."""

    def write(self, path: Path) -> Path:
        path.mkdir(parents=True)
        if self.head or self.body:
            import yaml

            front = f"---\n{yaml.safe_dump(self.head)}---\n" if self.head else ""
            (path / "README.md").write_text(front + self.body, encoding="utf-8")
        if self.model_type is not None:
            config = {"model_type": self.model_type, "architectures": [f"{self.model_type.title()}ForCausalLM"]}
            (path / "config.json").write_text(json.dumps(config))
        for name, content in self.files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, int):
                oid = "0" * 64
                file.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {content}\n")
            else:
                file.write_text(content)
        return path


def section(title: str, body: str) -> str:
    return f"\n## {title}\n\n{body}\n"


TABLE = (
    "| Model | MMLU | HellaSwag | ARC-C | GSM8K |\n|---|---|---|---|---|\n| this one | 55.1 | 78.2 | 51.0 | 32.5 |\n"
    "| another | 50.3 | 77.0 | 49.9 | 30.1 |\n"
)
ARCHITECTURE = (
    "| Hyperparameter | Value |\n|---|---|\n| Layers | 60 |\n| d_model | 8192 |\n| head_dim | 64 |\n"
    "| Vocabulary | 65024 |\n| Context length | 2048 |\n| Attention | multi-query, rotary embedding |\n"
)
