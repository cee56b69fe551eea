"""What a manifest says of a model before anything was compared: its tokens, sizes and use, read from the source."""

from __future__ import annotations

from typing import Any

from weighbridge.models.local.onnx.manifest import Agreement, Held, Manifest, Sentence
from weighbridge.models.local.torch.encode_pooling import pooling_of
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
        typed="token_type_ids" in tokenizer.model_input_names,
        labels=_labels(config) if loaded.kind == "classifier" else (),
        labels_apart=getattr(config, "problem_type", None) == "multi_label_classification",
        marks=tuple(sorted(set(tokenizer.all_special_ids))),
        sentence=_sentence(loaded) if loaded.kind == "encoder" else None,
        notes=loaded.notes,
    )


def _labels(config: Any) -> tuple[str, ...]:
    return tuple(str(config.id2label.get(at, at)) for at in range(int(config.num_labels)))


def _sentence(loaded: Loaded) -> Sentence:
    how = pooling_of(loaded)
    return Sentence(how.longest, how.lower)
