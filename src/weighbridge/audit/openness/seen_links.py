"""Evidence from what a card links and cites: papers, code repositories, datasets, checkpoints.

A link is not the thing: such evidence is pointed at and not seen, and counts at the upper end alone, unless the
repository or dataset lies in a folder beside the model, where it is read.
"""

from __future__ import annotations

import re

from weighbridge.audit.openness.card import Card, Link
from weighbridge.audit.openness.evidence import Hit, State
from weighbridge.audit.openness.listing import Listing

ARXIV = re.compile(r"arxiv\.org/(?:abs|pdf|html)/+(\d{4}\.\d{4,5}|[a-z-]+/\d{7})|arxiv[:.]\s?(\d{4}\.\d{4,5})", re.I)
OWN_PAPER = re.compile(r"\b(paper|technical report|tech report|preprint|publication|manuscript|arxiv)\b", re.I)
OTHERS = re.compile(r"et al\.?[,)\s]|\(\[?[A-Z][a-z]+ (and|&)", re.I)
REVIEWED = re.compile(
    r"aclanthology\.org/|openreview\.net/|proceedings\.mlr\.press|(proceedings|papers)\.(neurips|nips)\.cc|jmlr\.org|"
    r"nature\.com/articles|dl\.acm\.org|ieeexplore|doi\.org/10\.(18653|1145|1038|1162|48448)",
    re.I,
)
BIBTEX = re.compile(r"@(\w+)\s*\{[^@]{10,3000}", re.S)
GITHUB = re.compile(r"https?://(?:www\.)?(?:github|gitlab)\.com/([\w.-]+)/([\w.-]+)", re.I)
DATASET = re.compile(r"https?://(?:huggingface\.co|hf\.co)/datasets/([\w.-]+/[\w.-]+|[\w.-]+)", re.I)
TRAINS = re.compile(
    r"(pre-?training|training|fine-?tuning|finetune|finetuning|sft|dpo|rlhf)[^.|]{0,40}\b(code|scripts?|codebase|repo\w*|pipeline|recipes?)\b|"
    r"\b(code|scripts?|codebase|repo\w*|recipes?)\b[^.|]{0,60}(to train|for (pre-?)?training|"
    r"for fine-?tuning|train(ed|ing)?\b|fine-?tun\w*|reproduc\w*)|"
    r"\b(trained|fine-?tuned|instruction-?tuned)\b[^.|]{0,40}\b(using|with|by)\b[^.|]{0,30}(our|"
    r"this|the) (code|repo\w*|codebase|scripts?|library)",
    re.I,
)
PREPARES = re.compile(
    r"\bdata[^.|]{0,30}(code|scripts?|pipeline|preprocess\w*|processing|curation|preparation|filter\w*|dedup\w*)|(preprocess\w*|dedup\w*)"
    r"[^.|]{0,30}(code|scripts?|repo\w*)",
    re.I,
)
EVALUATES = re.compile(r"evaluat\w*[^.|]{0,30}(code|scripts?|repo\w*|suite|harness)|evaluation", re.I)
LIBRARIES = frozenset(
    [
        *(
            "transformers",
            "vllm",
            "llama.cpp",
            "text-generation-inference",
            "flash-attention",
            "tensorrt-llm",
            "sglang",
        ),
        *(
            "text-generation-webui",
            "peft",
            "trl",
            "deepspeed",
            "accelerate",
            "bitsandbytes",
            "autogptq",
            "autoawq",
            "ollama",
        ),
        *(
            "llama-factory",
            "axolotl",
            "fastchat",
            "alpaca_eval",
            "exllama",
            "exllamav2",
            "ctransformers",
            "gptq",
            "lmdeploy",
        ),
        *(
            "lm-evaluation-harness",
            "opencompass",
            "helm",
            "simple-evals",
            "mlx-examples",
            "mlx-lm",
            "onnxruntime",
            "apex",
        ),
        *(
            "ggml",
            "llamafile",
            "koboldcpp",
            "human-eval",
            "nemo",
            "megatron-lm",
            "candle",
            "xformers",
            "triton",
            "bitnet.cpp",
        ),
        *("tokenizers", "safetensors", "gpt4all", "mergekit", "huggingface_hub", "open-webui", "outlines"),
    ]
)
"""Repositories that any card may name: common tools, no release of this model's own."""
STEPS = re.compile(
    r"(intermediate|training|all|\d+)[^.|]{0,30}\bcheckpoints?\b[^.|]{0,120}\b(branch\w*|revision\w*|available|released?|provided?|published|download\w*)|"
    r"\bcheckpoints?\b[^.|]{0,60}(every|each) [^.|]{0,40}(steps|tokens)|"
    r"revision\s*=\s*[\"'][^\"']*(step|ckpt|tokens)",
    re.I,
)


def paper_hits(listing: Listing, card: Card) -> list[Hit]:
    """The paper of this model: cited as how to cite it, or linked as its paper; not those that it builds on."""
    hits: list[Hit] = []
    bibtex = [found[0] for found in BIBTEX.finditer(card.text)]
    entry = bibtex[0] if bibtex else ""
    own: list[tuple[str, str]] = []
    cited = ARXIV.search(entry) or re.search(r"eprint\s*=\s*[{\"]\s*(\d{4}\.\d{4,5})", entry)
    if cited:
        own.append((f"arXiv {next(group for group in cited.groups() if group)}", "paper.bibtex"))
    for link in card.links:
        about = f"{link.text} {link.line if len(link.line) < 400 else link.text} {link.section}"
        if ARXIV.search(link.url) and _own(link, about):
            own.append((link.url, "paper.link"))
        elif re.search(r"\.pdf$|/papers?/|research/publications", link.url, re.I) and _own(link, about):
            own.append((link.url, "report.link"))
        if REVIEWED.search(link.url) and (_own(link, about) or re.search(r"citation|paper", link.section, re.I)):
            hits.append(Hit("peer_review", "released", "paper.reviewed", link.url, "link"))
    for tag in [str(tag) for tag in listing.fields.get("tags") or [] if str(tag).lower().startswith("arxiv:")][:1]:
        own.append((tag, "paper.tag"))
    head = re.match(r"@(\w+)", entry)
    venue = re.search(r"(booktitle|journal)\s*=\s*[{\"]+\s*([^}\"\n]{3,200})", entry, re.I)
    if head and venue and not re.search(r"arxiv|preprint|github|blog|corr\b", venue[2], re.I):
        hits.append(Hit("peer_review", "released", "paper.venue", venue[2].strip(), "link"))
        own = own or [(venue[2].strip(), "paper.venue")]
    if own:
        place, rule = own[0]
        hits.append(Hit("paper", "released", rule, place, "link"))
    report = next(
        (link for link in card.links if re.search(r"tech(nical)?[- ]report", link.text + link.url, re.I)), None
    )
    if report is not None:
        hits.append(Hit("report", "released", "report.link", report.url, "link"))
    if (
        re.search(r"\bpaper\b[^.\n]{0,15}(coming soon|to be released|soon|in preparation)", card.text, re.I)
        and not own
    ):
        hits.append(Hit("paper", "absent", "paper.announced", f"{card.path}: announced, not there", "file"))
    return hits


def _own(link: Link, about: str) -> bool:
    if OTHERS.search(
        link.line[max(0, link.line.find(link.url) - 160) : link.line.find(link.url) + len(link.url) + 30]
    ):
        return False
    if re.search(r"citation|cite|paper|sources|links|resources|introduction|more information", link.section, re.I):
        return True
    return bool(OWN_PAPER.search(about)) and not re.search(
        r"benchmark|baseline|based on|adapted|inspired", about, re.I
    )


def repositories(card: Card) -> list[tuple[str, Link]]:
    """Code repositories that a card links as this model's, ``org/name``, each once."""
    found: dict[str, Link] = {}
    for link in card.links:
        match = GITHUB.match(link.url)
        if match and match[2].lower().removesuffix(".git") not in LIBRARIES:
            found.setdefault(f"{match[1]}/{match[2].removesuffix('.git')}", link)
    return list(found.items())[:40]


def code_hits(card: Card, seen: set[str]) -> list[Hit]:
    """What linked repositories are said to hold; those in `seen` were read where they lie."""
    hits: list[Hit] = []
    for name, link in repositories(card):
        if name in seen:
            continue
        about = f"{link.section}. {link.line[:600]}"
        rows: list[tuple[str, State, str]] = []
        if TRAINS.search(about) or TRAINS.search(link.text):
            rows += [("training_code", "released", "training.link"), ("code_guide", "released", "guide.link")]
        elif re.search(
            r"\b(repository|source code|code|github|codebase)\b",
            f"{link.text} {link.section} {link.line[:200]}",
            re.I,
        ):
            rows += [("inference_code", "released", "inference.own.link"), ("code_guide", "partial", "guide.link")]
        if PREPARES.search(about):
            rows.append(("preprocessing_code", "released", "preprocessing.link"))
        if EVALUATES.search(f"{link.text} {link.line[:200]}"):
            rows.append(("evaluation_code", "released", "evaluation.link"))
        hits += [Hit(component, state, rule, link.url, "link") for component, state, rule in rows]
    return hits


def datasets_named(card: Card) -> list[tuple[str, str]]:
    """Datasets that a card names as what it was trained on, with where it does: its field, then its links."""
    named: dict[str, str] = dict.fromkeys(card.strings("datasets"), "datasets:")
    for link in card.links:
        match = DATASET.match(link.url)
        trained = re.search(r"train|data|corpus|tun(ed|ing)|mix", f"{link.section} {link.line[:300]}", re.I)
        if match and trained and not re.search(r"evaluat|benchmark|leaderboard", f"{link.section}", re.I):
            named.setdefault(match[1], f"{card.path}:{link.number}")
    return list(named.items())[:60]


CORPORA = re.compile(
    r"(^|/)(dolma|the_?pile\w*|pile\b|redpajama-data-(1t|v2)|slimpajama|(falcon-)?refinedweb|c4|mc4|roots|oscar|fineweb\S*|"
    r"the-stack\S*|starcoderdata|cc_?100|openwebtext|culturax|amberdatasets|olmo-mix\S*|dclm\S*|proof-pile\S*)",
    re.I,
)
"""Datasets that models are trained on from scratch, and never tuned on alone."""


def purpose(name: str, component: str) -> str:
    """The part that a dataset belongs to: a corpus is data of the base, even where a tuned model's card names it."""
    return "datasets" if CORPORA.search(name) else component


def dataset_hits(card: Card, component: str, seen: set[str]) -> list[Hit]:
    """Datasets that are named and not here: their cards and files are pointed at."""
    hits: list[Hit] = []
    for name, place in datasets_named(card):
        if name in seen:
            continue
        hits.append(Hit(purpose(name, component), "released", "data.named", name, "card", note=f"named at {place}"))
        hits.append(
            Hit("data_card", "partial", "data.named", name, "card", note="the dataset's own page, not seen here")
        )
    return hits


def checkpoint_links(card: Card) -> list[Hit]:
    """Intermediate parameters that the card tells of."""
    found = STEPS.search(card.text)
    if not found:
        return []
    said = " ".join(found[0].split())[:100]
    return [Hit("checkpoints", "released", "checkpoints.told", f"{card.path}: {said}", "link")]
