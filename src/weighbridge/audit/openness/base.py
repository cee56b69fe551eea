"""What a model was made from, as its files name it, and where that is found: beside it, or in the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass

from weighbridge.audit.openness.beside import folder_of
from weighbridge.audit.openness.card import Card
from weighbridge.audit.openness.facts import known_systems
from weighbridge.audit.openness.listing import Listing
from weighbridge.audit.target import Target
from weighbridge.errors import UsageError

DEEPEST = 8
"""Bases of bases that are walked."""
MOST = 40
"""Bases in all."""

TUNED = re.compile(
    r"(^|[-_/ .])(instruct(ion|ed)?|chat|it|sft|dpo|rlhf|ppo|orpo|kto|assistant|dialog(ue)?|"
    r"aligned|zephyr|alpaca|vicuna|"
    r"tulu|hermes|oasst|dolly)(?=$|[-_/ .\d])",
    re.I,
)
SUFFIX = re.compile(
    r"[-_.](instruct|instruction|chat|it|sft|dpo|rlhf|hf|base|deduped|fp8|awq|gptq|gguf|int[48]|v\d(\.\d+)*)$", re.I
)
MADE_FROM = re.compile(
    r"\b(based on|same (architecture )?as|built (by|on|from)|fine-?tun\w+ (from|on top of|version of|of)|"
    r"finetun\w+ (model )?(based on|from)|derived from|"
    r"trained (on top of|from)|quanti[sz]ed (version )?(of|from)|adapter (for|of)|base model\W{0,6})[^.\n]{0,60}?"
    r"https?://huggingface\.co/(?!datasets/|spaces/|papers/|docs/|blog/)([\w.-]+/[\w.-]+)",
    re.I,
)


MADE_FROM_NAME = re.compile(
    r"\b(?i:built (?:up)?on|based on|trained from|fine-?tuned (?:from|on top of)|fine-?tuning) (?:the )?"
    r"((?:Llama|LLaMA|LLAMA|Mistral|Mixtral|Pythia|Falcon|Qwen|Gemma|BLOOM|GPT-J|GPT-NeoX|OPT|MPT|T5|OLMo|Phi|Yi|"
    r"DeepSeek|Granite)(?:[- ]?\d[\w.]*)?(?:[- ]\d+(?:\.\d+)?[bB])?)(?![\w-])"
)
"""A base that the text names without a link, of a family that everybody knows."""
ALIGNED = re.compile(
    r"\b(this model|the model|we|it)\b[^.\n]{0,60}\b(uses?d?|appl(y|ied)|underwent|with|through|via)\b[^.\n]{0,40}"
    r"(supervised fine-?tuning|\bSFT\b|\bRLHF\b|\bDPO\b|preference (training|optimi[sz]ation|tuning))",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Named:
    """A base, as it is named."""

    name: str
    relation: str
    where: str


def is_tuned(name: str, listing: Listing, card: Card) -> bool:
    """Whether it is tuned on instructions or preferences, by its name, its tags and its card's title."""
    tags = [*card.strings("tags"), *(str(tag) for tag in listing.fields.get("tags") or [])]
    marks = {
        "instruct",
        "chat",
        "sft",
        "dpo",
        "rlhf",
        "conversational",
        "alignment-handbook",
        "instruction-tuned",
        "trl",
    }
    identity = str(listing.fields.get("id") or "")
    title = card.sections[1].title if len(card.sections) > 1 else ""
    named = any(TUNED.search(one) for one in (name, identity.rpartition("/")[2], title))
    return named or bool(marks & {tag.lower() for tag in tags}) or bool(ALIGNED.search(card.text))


def bases_named(listing: Listing, card: Card) -> list[Named]:
    """The bases that the release names: in the card's fields, an adapter's configuration, or the card's text."""
    found: dict[str, Named] = {}
    relation = next(iter(card.strings("base_model_relation")), "")
    for name in card.strings("base_model"):
        found.setdefault(name, Named(name, relation, f"{card.path or 'hub'}: base_model"))
    if "adapter_config.json" in listing.files:
        config = listing.json("adapter_config.json") or {}
        path = config.get("base_model_name_or_path")
        if isinstance(path, str) and path:
            short = path if re.fullmatch(r"[\w.-]+/[\w.-]+", path) else path.rstrip("/").rpartition("/")[2]
            found.setdefault(short, Named(short, "adapter", "adapter_config.json"))
    if not found:
        match = MADE_FROM.search(card.text)
        if match is not None:
            linked = str(match.groups()[-1]).rstrip(".")
            found[linked] = Named(linked, relation or "finetune", f"{card.path}: {match[1].lower()}")
        else:
            told = MADE_FROM_NAME.search(card.text)
            if told is not None:
                found[told[1]] = Named(told[1], relation or "finetune", f"{card.path}: {' '.join(told[0].split())}")
    return list(found.values())[:20]


def guessed(name: str) -> Named | None:
    """The base that the name of a tuned model speaks of, such as falcon-40b for falcon-40b-instruct."""
    short = name.replace("--", "/").rpartition("/")[2]
    if not TUNED.search(short):
        return None
    plain = TUNED.sub("", short).strip("-_. ")
    return Named(plain, "finetune", "by its name") if plain and plain.lower() != short.lower() else None


def find_base(named: Named, target: Target) -> Target | None:
    """The base beside the model or in the catalogue; None where it is in neither."""
    path = folder_of(named.name, target.path)
    facts = None
    known = known_systems()
    short = named.name.rpartition("/")[2]
    while facts is None and short:
        try:
            facts = known.find(short)
        except UsageError:
            shorter = SUFFIX.sub("", short).removeprefix("Meta-")
            short = "" if shorter == short else shorter
    if path is None and facts is None:
        return None
    return Target(name=named.name, facts=facts, path=path)
