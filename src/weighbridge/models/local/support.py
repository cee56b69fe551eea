"""Which architecture runs on which engine, and how: the table that docs/open-models.md shows and the tests check.

Written into the page by ``python -m weighbridge.models.local.support docs/open-models.md``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from weighbridge.models.local.architectures import Kind

Decoding = Literal["continuous", "static", ""]
"""``continuous``: answers join and leave a running batch. ``static``: those that came together stay together."""
Gguf = Literal["tested", "as the library says", ""]
"""``tested``: real weights run in the tests. The second: the library names the architecture, no test here runs it."""


@dataclass(frozen=True, slots=True)
class Support:
    """One architecture."""

    name: str
    models: tuple[str, ...]
    """Models of ``tests/open_models.py`` that stand for it."""
    kind: Kind
    scores: str = ""
    """How given continuations are scored, in float32, where the self-check agrees."""
    decoding: Decoding = ""
    onnx: bool = True
    """Exported, and held against the transformers engine."""
    gguf: Gguf = ""
    """Read by transformers (``path:FILE.gguf``)."""
    llama_cpp: Gguf = ""
    """Run by llama.cpp (``gguf:``)."""


_SAID: Gguf = "as the library says"
TABLE: tuple[Support, ...] = (
    Support(
        "LLaMA 1 to 3, SmolLM, R1 distills", ("llama",), "causal", "packed", "continuous", True, "tested", "tested"
    ),
    Support("Mistral", ("mistral",), "causal", "packed", "continuous", True, _SAID, _SAID),
    Support("Mistral, sliding window", ("mistral_window",), "causal", "packed", "continuous", True, _SAID, _SAID),
    Support("Qwen2, R1 distills", ("qwen2",), "causal", "packed", "continuous", True, _SAID, _SAID),
    Support("Qwen3", ("qwen3",), "causal", "packed", "continuous", True, _SAID, _SAID),
    Support("Gemma 2", ("gemma2",), "causal", "packed", "continuous", True, _SAID, _SAID),
    Support("Gemma 3", ("gemma3",), "causal", "packed", "continuous", True, "tested", "tested"),
    Support("BLOOM", ("bloom",), "causal", "cached prefix", "continuous", True, _SAID, _SAID),
    Support("GPT-J", ("gptj",), "causal", "packed", "continuous"),
    Support("GPT-NeoX, Pythia", ("gpt_neox",), "causal", "packed", "continuous", True, "", _SAID),
    Support("Falcon 7B and 40B kinds", ("falcon7", "falcon40"), "causal", "packed", "continuous", True, _SAID, _SAID),
    Support("Falcon with ALiBi (RW)", ("falcon_alibi",), "causal", "cached prefix", "continuous"),
    Support("GPT-2", ("gpt2",), "causal", "packed", "continuous", True, _SAID, _SAID),
    Support("T5, flan-T5", ("t5", "flan_t5"), "seq2seq", "encode once", "static", True, _SAID, ""),
    Support("BERT, classifier", ("bert_classifier",), "classifier"),
    Support("BERT, masked", ("bert_masked",), "masked", "pseudo-log-likelihood"),
    Support("BERT, sentence encoder", ("bert_encoder",), "encoder", llama_cpp=_SAID),
)

_HEAD = (
    "architecture", "transformers: answers", "scores continuations by", "batches", "vectors", "ONNX",
    "GGUF in transformers", "GGUF in llama.cpp",
)  # fmt: skip
_ANSWERS = {"causal": "text", "seq2seq": "text", "classifier": "label", "masked": "word in a gap", "encoder": ""}
BEGIN, END = "<!-- support: begin -->", "<!-- support: end -->"


def markdown() -> str:
    """The table as the page shows it."""
    rows = [
        (
            row.name,
            _ANSWERS[row.kind],
            row.scores,
            row.decoding,
            "yes" if row.kind in ("encoder", "masked") else "",
            "yes" if row.onnx else "",
            row.gguf,
            row.llama_cpp,
        )
        for row in TABLE
    ]
    lines = ["| " + " | ".join(_HEAD) + " |", "|" + " --- |" * len(_HEAD)]
    lines += ["| " + " | ".join(cell or "–" for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def page_with(text: str) -> str:
    """`text` with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{markdown()}\n{END}{after}"


def main() -> None:
    path = Path(sys.argv[1])
    path.write_text(page_with(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
