"""What a manifest says of a model before anything was compared: its tokens, sizes and use, read from the source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from weighbridge.models.local.onnx.manifest import Agreement, Held, Manifest, Pooling
from weighbridge.models.local.torch.generate_ends import end_tokens
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.scoring.encode import window


def described(
    loaded: Loaded,
    *,
    source: str,
    source_digest: str,
    made_with: dict[str, str],
    opset: int,
    cached: bool,
    graphs: dict[str, str],
    caches: list[tuple[int, int]],
    cross: int,
    files: dict[str, Held],
) -> Manifest:
    """The manifest of a float32 export, with an agreement still to be measured (infinitely bad)."""
    tokenizer, config = loaded.tokenizer, loaded.model.config
    sliding = getattr(loaded.config, "sliding_window", None)
    bos = tokenizer.bos_token_id
    eos = tuple(sorted(end_tokens(loaded)))
    return Manifest(
        kind=loaded.kind,
        architecture=loaded.architecture,
        source=source,
        source_digest=source_digest,
        made_with=made_with,
        opset=opset,
        dtype="float32",
        cached=cached,
        graphs=graphs,
        caches=caches,
        cross=cross,
        vocabulary=int(loaded.config.vocab_size),
        context=loaded.context,
        sliding=sliding if isinstance(sliding, int) else None,
        scored_at_once=window(loaded.config, tokenizer),
        agreement=Agreement(0, float("inf")),
        files=files,
        bos=bos,
        eos=eos,
        prefix=bos if bos is not None else tokenizer.eos_token_id,
        pad=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (eos[0] if eos else 0),
        mask=tokenizer.mask_token_id,
        decoder_start=getattr(config, "decoder_start_token_id", None),
        labels=_labels(config) if loaded.kind == "classifier" else (),
        pooling=_pooling(loaded.source, loaded.context) if loaded.kind == "encoder" else None,
        notes=loaded.notes,
    )


def _labels(config: Any) -> tuple[str, ...]:
    return tuple(str(config.id2label[at]) for at in sorted(config.id2label))


def _pooling(source: Path | None, context: int | None) -> Pooling:
    """As a folder of sentence-transformers says in modules.json; the mean where it says nothing."""
    if source is None or not (source / "modules.json").is_file():
        return Pooling("mean", False, context)
    modules = json.loads((source / "modules.json").read_text(encoding="utf-8"))
    mode, longest = "mean", context
    normalise = False
    for module in modules:
        kind, path = str(module.get("type", "")), str(module.get("path", ""))
        if kind.endswith("Normalize"):
            normalise = True
        elif kind.endswith("Pooling"):
            said = json.loads((source / path / "config.json").read_text(encoding="utf-8"))
            if said.get("pooling_mode_cls_token"):
                mode = "cls"
            elif said.get("pooling_mode_max_tokens"):
                mode = "max"
    settings = source / "sentence_bert_config.json"
    if settings.is_file():
        said = json.loads(settings.read_text(encoding="utf-8")).get("max_seq_length")
        longest = said if isinstance(said, int) else longest
    return Pooling("cls" if mode == "cls" else "max" if mode == "max" else "mean", normalise, longest)
