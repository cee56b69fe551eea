"""Evidence from a model card: what it documents itself, what it names or links, and what it says is withheld."""

from __future__ import annotations

import re

from weighbridge.audit.openness.card import Card, prose
from weighbridge.audit.openness.evidence import Hit, State
from weighbridge.audit.openness.listing import Listing

TOPICS = {
    "use": (r"\buses?\b", r"intended", r"out.of.scope", r"usage policy", r"use cases?"),
    "limits": (r"limitation", r"\bbias", r"risk", r"safety", r"ethic", r"responsib", r"caveat", r"out.of.scope"),
    "data": (r"data(set)?s?\b", r"corpus", r"corpora"),
    "procedure": (
        r"train(ing)?\b",
        r"procedure",
        r"hyper.?param",
        r"pre-?training",
        r"fine-?tuning",
        r"infrastructure",
    ),
    "evaluation": (r"evaluat", r"benchmark", r"results", r"performance"),
}
"""What a model card is to tell (Mitchell et al. 2019), by the headings that such parts go under."""

METRICS = re.compile(
    r"mmlu|hellaswag|arc[-_ ]?(c|e|challenge|easy)?\b|winogrande|truthfulqa|gsm.?8k|humaneval|"
    r"mbpp|boolq|piqa|lambada|"
    r"bbh|math\b|gpqa|ifeval|alpacaeval|mt.?bench|bleu|rouge|perplexity|accuracy|\bf1\b|superglue|triviaqa|openbookqa|"
    r"sciq|naturalqs|natural questions|agieval|livecodebench|drop\b|squad",
    re.I,
)
BENCHMARKS = re.compile(
    r"mmlu|hellaswag|\barc\b|arc-c|winogrande|truthfulqa|gsm.?8k|humaneval|mbpp|boolq|piqa|lambada|bbh|gpqa|ifeval|"
    r"triviaqa|openbookqa|sciq|superglue|squad|drop\b|agieval",
    re.I,
)
EVALUATORS = {
    "lm-evaluation-harness": "MIT",
    "lighteval": "MIT",
    "opencompass": "Apache-2.0",
    "vlmevalkit": "Apache-2.0",
    "helm": "Apache-2.0",
    "simple-evals": "MIT",
    "bigcode-evaluation-harness": "Apache-2.0",
    "fastchat": "Apache-2.0",
    "olmes": "Apache-2.0",
}
"""Public tools of evaluation that a card may name, and their licences."""

WITHHELD: tuple[tuple[str, str], ...] = (
    (
        "datasets",
        r"((training|pre-?training|pretraining) (data|dataset|datasets|corpus|mix(ture)?)|"
        r"\bdata (used|mix)|the dataset)[^.\n]{0,80}"
        r"\b(not|never|cannot|can't|isn't|aren't|won't)\b[^.\n]{0,40}\b(released?|disclosed?|shared?|public(ly)?|available|open)",
    ),
    (
        "datasets",
        (
            r"\b(not|never|don't|doesn't|cannot)\b[^.\n]{0,30}\b(release|disclose|share|"
            r"publish)[^.\n]{0,40}\b(training )?data"
        ),
    ),
    (
        "datasets",
        (
            r"\b(proprietary|undisclosed|non-?public|confidential)\b[^.\n]{0,30}\b(training |"
            r"pre-?training )?(data|datasets?|corpus)\b"
        ),
    ),
    (
        "datasets",
        (
            r"(training|pre-?training) (data|dataset|corpus)[^.\n]{0,40}\b(proprietary|undisclosed|"
            r"confidential|unknown)\b"
        ),
    ),
    (
        "training_code",
        (
            r"(training|fine-?tuning|source) code[^.\n]{0,60}\b(not|never|cannot|won't|"
            r"isn't)\b[^.\n]{0,40}(releas|availab|public|open|shar)"
        ),
    ),
    (
        "training_code",
        (
            r"\b(not|never|don't|cannot)\b[^.\n]{0,30}\b(releas|shar|"
            r"publish)\w*[^.\n]{0,30}\btraining code"
        ),
    ),
    (
        "weights",
        (
            r"(weights|parameters|checkpoints?)[^.\n]{0,40}\b(not|never|cannot|won't|"
            r"aren't)\b[^.\n]{0,30}(released|available|public|open|shared)"
        ),
    ),
)
"""Sentences by which owners say that a part is withheld."""

COMMON_PACKAGES = re.compile(
    r"^(torch\w*|transformers|accelerate|vllm|sglang|einops|peft|bitsandbytes|flash[-_]?attn|sentencepiece|protobuf|tiktoken|"
    r"huggingface[-_]?hub|datasets|numpy|triton|optimum|auto-?gptq|autoawq|llama-cpp-python|gradio|openai|lm[-_]eval|"
    r"onnxruntime|tokenizers|trl|xformers|deepspeed|modelscope|pillow|ollama|mlx-lm|git|uv|pip|wheel|packaging|safetensors|"
    r"requirements\S*|scipy|pandas|unsloth|sentence[-_]transformers|timm|ninja|setuptools|jax\w*|tensorflow\w*|mamba-ssm|"
    r"causal-conv1d|ctransformers|litellm|langchain|fastapi|uvicorn|gguf)$",
    re.I,
)


HOSTED = 20 * 2**30
"""Bytes of weights that a hub runs for free, about."""


def document_hits(card: Card, tuned: bool) -> list[Hit]:
    """What the card itself holds."""
    if not card.path:
        return [Hit("model_card", "absent", "card.none", "no README or model card among the files", "file")]
    told = [name for name, titles in TOPICS.items() if card.under(*titles)]
    hits: list[Hit] = []
    if card.words < 40 and not told:
        hits.append(Hit("model_card", "absent", "card.empty", card.path, "file", note="it says next to nothing"))
        hits.append(Hit("card_detail", "absent", "card.empty", card.path, "file"))
        return hits
    state: State = "released" if len(told) >= 2 else "partial"
    lacks = [name for name in TOPICS if name not in told]
    note = f"tells of {', '.join(told) or 'none of what a card should'}" + (
        f"; not of {', '.join(lacks)}" if lacks else ""
    )
    hits.append(Hit("model_card", state, "card.sections", card.path, "file", note=note))
    full = len(told) == len(TOPICS) and card.words >= 250
    detail: State = "released" if full else "partial" if len(told) >= 2 else "absent"
    hits.append(Hit("card_detail", detail, "card.sections", card.path, "file", note=note))
    hits += _evaluation(card)
    hits += _architecture(card)
    if card.fields.get("widget") or card.under(r"(sample|example)s? (of )?(output|generation|response|completion)"):
        hits.append(Hit("sample_outputs", "released", "samples.card", card.path, "file"))
    hits += _data_sections(card, tuned)
    return hits


def _evaluation(card: Card) -> list[Hit]:
    hits: list[Hit] = []
    if card.fields.get("model-index"):
        hits.append(
            Hit("evaluation_results", "released", "evaluation.model-index", f"{card.path}: model-index", "file")
        )
    for section in card.under(*TOPICS["evaluation"]) + list(card.sections):
        numbers = len(re.findall(r"\|[^|\n]*\d+\.?\d*[^|\n]*(?=\|)", section.body))
        if numbers >= 2 and METRICS.search(section.body + section.title):
            place = f"{card.path}:{section.line}"
            hits.append(Hit("evaluation_results", "released", "evaluation.table", place, "file", note=section.title))
            named = {one.group(0).lower() for one in BENCHMARKS.finditer(section.body)}
            if len(named) >= 2:
                note = f"public benchmarks: {', '.join(sorted(named)[:6])}"
                hits.append(Hit("evaluation_data", "released", "evaluation.benchmarks", place, "link", note=note))
            break
    lower = card.text.lower()
    for name, licence in EVALUATORS.items():
        if name in lower:
            hits.append(Hit("evaluation_code", "released", "evaluation.tool", name, "link", licence))
            break
    return hits


def _architecture(card: Card) -> list[Hit]:
    sections = card.under(
        r"architecture", r"model (details|description|specification|summary)", r"technical spec", r"hyper"
    )
    figures = re.compile(
        r"\b(layers?|hidden|heads?|d_?model|vocab\w*|context|attention|rotary|rope|alibi|swiglu|embedding|n_\w+)\b",
        re.I,
    )
    named = max(
        (len({one.group(0).lower() for one in figures.finditer(section.body)}) for section in sections), default=0
    )
    if named >= 4:
        return [Hit("architecture_guide", "released", "architecture.card", card.path, "file")]
    spread = len({one.group(0).lower() for one in figures.finditer(card.text)})
    return (
        [Hit("architecture_guide", "partial", "architecture.card", card.path, "file")] if named or spread >= 2 else []
    )


def _data_sections(card: Card, tuned: bool) -> list[Hit]:
    sections = card.under(
        r"(training|pre-?training|fine-?tuning|tuning).{0,12}data",
        r"^data(set)?s?\b",
        r"data (mix|sources?|overview)",
        r"corpus",
    )
    told = [one for one in sections if names_sources(one.whole)]
    if not told:
        return []
    component = "tuning_data" if tuned else "datasets"
    place = f"{card.path}:{told[0].line}"
    return [Hit(component, "described", "data.section", place, "file", note=told[0].title)]


SOURCES = re.compile(
    r"common ?crawl|wikipedia|wikihow|github|stack ?exchange|stackoverflow|arxiv|pubmed|gutenberg|books?corpus|"
    r"\bc4\b|mc4|the pile|refinedweb|redpajama|slimpajama|\broots\b|dolma|fineweb|the stack|starcoder ?data|"
    r"openwebtext|oscar|cc-?net|sharegpt|alpaca|oasst|openassistant|dolly|flan|\bp3\b|xp3|ultrachat|ultrafeedback|"
    r"openorca|wizardlm|evol|hh-rlhf|lima\b|baize|gpteacher|natural instructions|openmath|metamath|reddit|books3",
    re.I,
)
"""Names of data that others can find."""


def names_sources(text: str) -> bool:
    """Whether data are told of by name: two that others can find, or a table; "public sources" tells nothing."""
    named = {found[0].lower() for found in SOURCES.finditer(text)}
    linked = {found[0] for found in re.finditer(r"huggingface\.co/datasets/[\w./-]+", text)}
    table = sum(line.strip().startswith("|") for line in text.splitlines())
    return len(named | linked) >= 2 or table >= 4


def withheld_hits(card: Card) -> list[Hit]:
    """What the owner says is not released, with the line that says so."""
    hits: list[Hit] = []
    for number, line in enumerate(prose(card.text).splitlines(), card.first + 1):
        for component, pattern in WITHHELD:
            found = re.search(pattern, line[:2000], re.I)
            if found and not re.search(r"evaluat|test set|benchmark", found[0], re.I):
                said = " ".join(found[0].split())[:120]
                hits.append(
                    Hit(component, "absent", "card.withheld", f"{card.path}:{number}", "file", note=f"says: {said}")
                )
    return hits[:20]


def access_hits(listing: Listing, card: Card, gate: str | None) -> list[Hit]:
    """Packages to install and places to try it."""
    hits: list[Hit] = []
    for found in re.finditer(r"pip3? install (?:-[-\w]+ )*([^\n`]{1,200})", card.text):
        names = [re.split(r"[=<>\[!~;]", one.strip("'\""))[0] for one in found[1].split() if not one.startswith("-")]
        own = [one for one in names if re.fullmatch(r"[A-Za-z][\w.-]*", one) and not COMMON_PACKAGES.match(one)]
        if own:
            hits.append(Hit("package", "released", "package.pip", f"pip install {own[0]}", "link"))
            break
    for link in card.links:
        if re.search(r"pypi\.org/project/", link.url):
            hits.append(Hit("package", "released", "package.pypi", link.url, "link"))
        documented = re.search(r"//api\.|/api\b|platform\.", link.url, re.I) or re.search(r"\bAPI\b", link.text)
        tried = re.search(r"huggingface\.co/spaces/|//chat\.|playground|replicate\.com|/demo\b", link.url, re.I)
        if documented or tried or re.search(r"\b(demo|playground|try it)\b", link.text, re.I):
            # A page to try it on is less than an interface that programs can call.
            state: State = "released" if documented and not gate else "partial"
            hits.append(Hit("api", state, "api.link", link.url, "link"))
    pipeline = card.fields.get("pipeline_tag") or listing.fields.get("pipeline_tag")
    if pipeline and card.fields.get("inference") is not False:
        size = sum(max(listing.files[one], 0) for one in listing.named(r"\.(safetensors|bin)$"))
        small = 0 < size <= HOSTED and not gate
        hosted: State = "released" if small else "partial"
        note = gate or ("the hub's own widget" if small else "too large for a hub's free widget")
        hits.append(Hit("api", hosted, "api.hub", f"pipeline_tag: {pipeline}", "card", note=note))
    return hits[:12]
