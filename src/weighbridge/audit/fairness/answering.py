"""Whether the candidates' answers came about in one way: a log-likelihood and a generated answer do not compare."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import Answering, Evidence, Finding
from weighbridge.evidence.words import listed, some_of

PAGE = "docs/comparable.md"

WHOLE_TOKENS = ("hf:", "path:", "onnx:", "gguf:")
"""Specs of engines that hold an answer to the choices' own tokens. A grammar of characters, as a server's, admits
every token that can begin a choice: measured on SmolLM2 (2026-11), ``a`` before ``payment``, and then ``account``."""

Named = tuple[str, Answering]


def answering(view: View) -> list[Finding]:
    """What differs between the candidates in how their answers came about, and what would make it alike.

    Rules and records answer by themselves, and are held against nobody. One finding on the protocol (with constraint
    and normalisation), one on chat template against plain text, one for each odd template.
    """
    models = [pair for pair in _named(view.evidence) if not pair[1].by_itself]
    found = _odd(models)
    if len(models) < 2:
        return found
    ways = _ways(models)
    if len(ways) > 1:
        found.append(finding("not met", _statement(ways, _alone(view.evidence)), would_change=_mended(models)))
    elif models[0][1].protocol != "generate" or models[0][1].held is not None:
        found.append(finding("met", f"every model was scored by {next(iter(ways))}"))
    found += _held_otherwise(view.evidence)
    templates: dict[str, list[str]] = {}
    for name, how in models:
        if how.template != "unknown":
            templates.setdefault(how.template, []).append(name)
    if len(templates) > 1:
        found.append(
            finding(
                "not met",
                f"{some_of(templates['chat'])} read the prompt through a chat template, "
                f"{some_of(templates['plain'])} as plain text: what the template adds is weighed with the model",
                would_change="the same for all (`template:` of local models), or take template and model together as "
                "what is compared",
            )
        )
    return found


def _held_otherwise(evidence: Evidence) -> list[Finding]:
    """Held to the choices, but by engines that take different ways through one: whole tokens, or letter by letter."""
    held = [one for one in evidence.columns if one.answering is not None and one.answering.held and not one.simulated]
    whole = [one.name for one in held if one.spec.startswith(WHOLE_TOKENS)]
    others = [one.name for one in held if not one.spec.startswith(WHOLE_TOKENS)]
    if not whole or not others:
        return []
    return [
        finding(
            "unknown",
            f"{some_of(whole)} {'is' if len(whole) == 1 else 'are'} held to the choices token by token as the "
            f"tokenizer writes them, {some_of(others)} by a grammar that may begin one with a piece of it: "
            "a small model can answer otherwise",
            would_change="one engine for all; or `constrain: false` for all, if the answers can be read",
        )
    ]


def scored_differently(evidence: Evidence) -> str | None:
    """One sentence for whoever reads the verdict alone; None where all models were scored in one way."""
    return differing(_named(evidence))


def differing(named: Sequence[Named]) -> str | None:
    """The same of names and how their answers come about."""
    ways = _ways([pair for pair in named if not pair[1].by_itself])
    if len(ways) < 2:
        return None
    return f"Scored differently, so that scores do not compare: {_listed(ways)}; see {PAGE}."


def _named(evidence: Evidence) -> list[Named]:
    return [(column.name, column.answering) for column in evidence.columns if column.answering is not None]


def _alone(evidence: Evidence) -> list[str]:
    return [name for name, how in _named(evidence) if how.by_itself]


def _ways(models: list[Named]) -> dict[str, list[str]]:
    """Who was scored in which way, in words; held or free counts only where somebody is held."""
    someone = any(how.held for _, how in models)
    ways: dict[str, list[str]] = {}
    for name, how in models:
        plain = how.held is False and not someone
        words = how.words.removesuffix(" that is free") if plain else how.words
        ways.setdefault(words, []).append(name)
    return ways


def _listed(ways: dict[str, list[str]]) -> str:
    return "; ".join(f"{some_of(names)} by {words}" for words, names in ways.items())


def _statement(ways: dict[str, list[str]], alone: list[str]) -> str:
    beside = f" ({listed(alone)}: a rule or a record, which answers by itself)" if alone else ""
    return (
        f"candidates were scored differently: {_listed(ways)}{beside}; part of the difference is how they were asked"
    )


def _mended(models: list[Named]) -> str:
    """What would make it alike, by what differs."""
    protocols = {how.protocol for _, how in models}
    scored = [name for name, how in models if how.protocol == "loglikelihood"]
    free = [name for name, how in models if how.held is False]
    if "loglikelihood" in protocols and len(protocols) > 1:
        rest = "`protocol: generate` and `constrain: false`" if free else "`protocol: choice`"
        return (
            f"{rest} for all: {some_of(scored)} can generate, whoever generates may have no log-likelihoods to show"
        )
    if "sample" in protocols and len(protocols) > 1:
        return "`protocol: sample` for all with the same `repeats` and `temperature`, or for none"
    if free:
        return (
            f"`constrain: false` for all; or an engine or server for {some_of(free)} that can be held to the choices "
            "(`constrained:` of a server says how), and `protocol: choice`"
        )
    return "the same `normalise` for all"


def _odd(models: list[Named]) -> list[Finding]:
    """What models say of their own templates: none at all, or one that drops what it is given."""
    return [
        finding("unknown", f"{name}: {note.rstrip('.')}", candidate=name, would_change=_look(name))
        for name, how in models
        for note in how.notes
    ]


def _look(name: str) -> str:
    return f"see what {name} was told (weighbridge store prompts), and mend the template or choose another model"
