"""Evidence from file names, sizes and small JSON files: weights, architecture, code, checkpoints."""

from __future__ import annotations

import re
from typing import Any

from weighbridge.audit.openness.card import Card
from weighbridge.audit.openness.evidence import Hit
from weighbridge.audit.openness.library_types import LIBRARY_TYPES
from weighbridge.audit.openness.listing import Listing

WEIGHTS = (
    r"\.(safetensors|gguf|ggml|onnx|msgpack|h5|ckpt|pth|pdparams|nemo)$|(^|/)(pytorch_model|model|adapter_model|tf_model|"
    r"flax_model|consolidated|rust_model|ggml-model|weights)[^/]*\.(bin|pt|pth|npz|tar)$|(^|/)[^/]*\.(bin|pt)$"
)
NO_WEIGHTS = (
    r"(^|/)(training_args|optimizer|scheduler|scaler|rng_state[^/]*|trainer_state|random_states[^/]*)\.(bin|pt|pth)$"
)
ADAPTER = r"(^|/)adapter_model\.(safetensors|bin)$"
DELTA = r"(^|[-_/ ])delta([-_/ ]|$)"
STATES = (
    r"(^|/)(optimizer|scheduler|scaler|trainer_state|training_args|zero_pp_rank[^/]*|"
    r"bf16_zero[^/]*)\.(bin|pt|pth|json)$"
)
TRAINING = r"(^|/)[^/]*(pre-?train|train|finetune|fine_tune|fine-tune|sft|dpo|ppo|rlhf)[^/]*\.(py|sh|cu|cpp|jl)$"
NO_TRAINING = r"(^|/)(tests?|docs?)/|(^|/)test_"
LOADER = (
    r"(^|/)[^/]*(data|dataset|dataloader|corpus|sampler|batch|collat|preprocess|"
    r"tokeniz)[^/]*\.(py|cpp|rs|jl)$|(^|/)data/"
)
TRAINING_CONFIG = (
    r"(^|/)(configs?|recipes?)/.*\.(ya?ml|json|toml|gin|py)$|deepspeed[^/]*\.json$|ds_config[^/]*\.json$"
)
PREPROCESSING = (
    r"(^|/)[^/]*(preprocess|prepare_data|prepare_|process_data|dedup|filter|clean|tokenize_data|build_corpus|make_data|"
    r"data_prep|data_process)[^/]*\.(py|sh|rs|cpp|ipynb)$"
)
EVALUATION = (
    r"(^|/)[^/]*(eval|benchmark|harness)[^/]*\.(py|sh|ya?ml|ipynb)$|(^|/)(eval|evaluation|evals)/.*\.(py|ya?ml)$"
)
EVALUATED = (
    r"(^|/)(eval|evaluation|results?)[^/]*/.*\.(json|csv|jsonl)$|(^|/)[^/]*(eval_results|"
    r"results)[^/]*\.(json|csv|jsonl)$"
)
INFERENCE = r"(^|/)(handler|inference|generat|predict|infer|serv|chat|cli_demo|web_demo)[^/]*\.(py|cpp|rs|js|ipynb)$"
MODELLING = r"(^|/)(modeling|modelling|model|models|network|transformer|architecture)[^/]*\.(py|cpp|cu|jl)$"
PACKAGE = r"^(pyproject\.toml|setup\.py|setup\.cfg|Cargo\.toml|package\.json)$"
GUIDE = r"^docs?/.*\.(md|rst)$|^(contributing|install|usage|guide|training|tutorial)[^/]*\.(md|rst)$"

SAYS = {
    TRAINING: (
        r"optimi[sz]er|backward\(|Trainer\b|\bloss\b|train_step|torchrun|deepspeed|accelerate|"
        r"--?train|\.fit\(|train\("
    ),
    LOADER: r"data|token|batch|corpus",
    PREPROCESSING: r"token|dedup|filter|clean|corpus|dataset|jsonl|parquet|hash",
    EVALUATION: r"eval|accuracy|metric|benchmark|task|score|perplexity|bleu",
    INFERENCE: r"generate|predict|forward\(|model|infer|logits|decode",
    MODELLING: r"class \w+|nn\.|Module|attention|Linear|layers?\b|forward\(",
}
"""What a file must say to be what its name says: a name alone is no evidence where the text can be read."""


def gated(listing: Listing, card: Card) -> str | None:
    """What stands before the weights: the hub's gate, in words. None where there is none."""
    gate = listing.fields.get("gated")
    if gate in ("manual", "auto") or gate is True:
        return "given by hand on request" if gate == "manual" else "behind a gate: its terms must be accepted first"
    if any(str(name).startswith("extra_gated_") for name in card.fields):
        return "behind a gate: its terms must be accepted first"
    return "in a private repository" if listing.fields.get("private") is True else None


def weights_hits(listing: Listing, card: Card) -> list[Hit]:
    """The final parameters: files with a size, and no gate before them."""
    found = [path for path in listing.named(WEIGHTS) if not re.search(NO_WEIGHTS, path, re.I)]
    whole = [path for path in found if listing.files[path] != 0]
    if not whole:
        if found:
            listing.note(f"{found[0]}: an empty file, no weights")
        if not listing.complete:
            return []
        return [Hit("weights", "absent", "weights.none", f"{len(listing.files):,} files searched", "file")]
    if all(re.search(DELTA, path + " " + listing.name, re.I) for path in whole):
        note = "differences alone: of no use without the base's weights"
        return [Hit("weights", "partial", "weights.delta", whole[0], "file", note=note)]
    gate = gated(listing, card)
    size = sum(max(listing.files[path], 0) for path in whole)
    what = f"{len(whole)} file{'s' * (len(whole) > 1)}" + (f", {size:,} bytes" if size else "")
    if gate:
        return [Hit("weights", "partial", "weights.gated", whole[0], "file", note=f"{gate}; {what}")]
    return [Hit("weights", "released", "weights.files", whole[0], "file", note=what)]


def config_hits(listing: Listing) -> list[Hit]:
    """Architecture and inference code, by the class that config.json names."""
    name = next(iter(listing.named(r"^config\.json$")), None)
    hits: list[Hit] = []
    config: dict[str, Any] = listing.json(name) or {} if name else {}
    kind = config.get("model_type")
    if isinstance(kind, str) and kind in LIBRARY_TYPES:
        note = f"{kind}: implemented in transformers"
        hits.append(Hit("architecture", "released", "architecture.library", str(name), "file", "Apache-2.0", note))
        hits.append(Hit("inference_code", "released", "inference.library", str(name), "file", "Apache-2.0", note))
    elif name and name not in listing.pointers and not config:
        hits.append(Hit("architecture", "unknown", "architecture.unreadable", name, "file", note="unreadable"))
    modelling = speaking(listing, MODELLING)
    if modelling:
        hits.append(Hit("architecture", "released", "architecture.code", modelling[0], "file"))
        hits.append(Hit("inference_code", "released", "inference.own", modelling[0], "file"))
    tokenizers = listing.named(r"(^|/)(tokenizer[^/]*\.(json|model)|vocab\.(json|txt)|spiece\.model)$")
    if tokenizers:
        hits.append(Hit("libraries", "released", "libraries.tokenizer", tokenizers[0], "file"))
    return hits


def speaking(listing: Listing, pattern: str) -> list[str]:
    """Files of that name whose text, where it can be read, says what such a file does; the first of them."""
    for path in listing.named(pattern)[:40]:
        if listing.files[path] == 0 or re.search(NO_TRAINING, path, re.I):
            continue
        text = listing.text(path, 200_000) if pattern in SAYS and path.endswith(CODE) else ""
        if (not text or re.search(SAYS[pattern], text, re.I)) and text is not None:
            return [path]
    return []


CODE = (".py", ".sh", ".cpp", ".cu", ".rs", ".jl", ".js", ".ipynb")


def repository_hits(listing: Listing, prefix: str = "") -> list[Hit]:
    """What the code files of a repository are for, by their names, their words, and what stands beside them."""

    def first(pattern: str) -> str | None:
        some = speaking(listing, pattern)
        return prefix + some[0] if some else None

    hits: list[Hit] = []
    train, loader, settings = first(TRAINING), first(LOADER), first(TRAINING_CONFIG)
    if train and (loader or settings):
        beside = loader or settings
        hits.append(Hit("training_code", "released", "training.code", train, "file", note=f"with {beside}"))
    elif train:
        note = "a script alone: no code that loads the data beside it"
        hits.append(Hit("training_code", "partial", "training.script", train, "file", note=note))
    rules = (
        ("preprocessing_code", PREPROCESSING, "preprocessing.code"),
        ("evaluation_code", EVALUATION, "evaluation.code"),
        ("inference_code", INFERENCE, "inference.own"),
        ("evaluation_results", EVALUATED, "evaluation.files"),
        ("package", PACKAGE, "package.files"),
        ("metadata", STATES, "metadata.states"),
    )
    for component, pattern, rule in rules:
        path = first(pattern)
        if path and not (component == "evaluation_code" and path.endswith((".json", ".csv"))):
            hits.append(Hit(component, "released", rule, path, "file"))
    if train or first(MODELLING):
        guide = next((prefix + one for one in listing.named(GUIDE) if listing.files[one]), None)
        if guide:
            hits.append(Hit("code_guide", "released", "guide.files", guide, "file"))
    return hits
