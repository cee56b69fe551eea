"""What changed between two licences: rights, duties, limits, and how they end."""

from __future__ import annotations

from typing import Literal

import msgspec

from weighbridge.audit.licence.conditions import said_conditions
from weighbridge.catalog.licences import RIGHTS, LicenceTerms, Rule

Kind = Literal["right", "forbids", "requires", "unclear", "ends", "policy"]


class Change(msgspec.Struct, frozen=True):
    """One thing in which two licences differ. None on the side that does not say it."""

    kind: Kind
    what: str
    """The right or the rule's subject, in words."""
    first: str | None
    second: str | None
    first_clause: str | None = None
    second_clause: str | None = None


class Difference(msgspec.Struct, frozen=True):
    """Two licences side by side."""

    first: str
    second: str
    changes: tuple[Change, ...]
    same: int
    """Rights and rules that say the same in both."""


def difference(first: LicenceTerms, second: LicenceTerms) -> Difference:
    """In what two licences differ. Rules are the same where they say the same under the same conditions."""
    changes: list[Change] = []
    same = 0
    for right in RIGHTS:
        a, b = first.grant(right), second.grant(right)
        if a.given == b.given:
            same += 1
            continue
        words = [f"{one.given}{f', {one.says}' if one.says else ''}" for one in (a, b)]
        changes.append(Change("right", right, words[0], words[1], a.clause, b.clause))
    rules_a = {_key(rule, first): rule for rule in first.rules}
    rules_b = {_key(rule, second): rule for rule in second.rules}
    for key, rule in rules_a.items():
        if key in rules_b:
            same += 1
        else:
            changes.append(Change(rule.effect, subject(rule), sentence(rule), None, rule.clause, None))
    for key, rule in rules_b.items():
        if key not in rules_a:
            changes.append(_paired(changes, rule))
    for kind, one, other in (("ends", first.ends, second.ends), ("policy", _policy(first), _policy(second))):
        changes += [Change(kind, kind, text, None) for text in one if text not in other]  # type: ignore[arg-type] # the two kinds named
        changes += [Change(kind, kind, None, text) for text in other if text not in one]  # type: ignore[arg-type] # the two kinds named
    return Difference(first.id, second.id, tuple(changes), same)


def _policy(terms: LicenceTerms) -> tuple[str, ...]:
    return (terms.policy,) if terms.policy else ()


def _key(rule: Rule, terms: LicenceTerms) -> tuple[object, ...]:
    """What a rule says, the licence's own name left out: versions differ in it without saying anything else."""
    own = [terms.name, *terms.aliases, terms.name.removesuffix(" Community License")]
    says = rule.says
    for name in sorted(own, key=len, reverse=True):
        says = says.replace(name, "it")
    if rule.as_of:
        says = says.split(", in ")[0]
    return (rule.effect, frozenset(rule.when), says, said_conditions(msgspec.structs.replace(rule, as_of=None)))


def _paired(changes: list[Change], rule: Rule) -> Change:
    """The second's rule beside the first's where they are about the same clause and kind; taken out of the list."""
    for number, change in enumerate(changes):
        alone = change.second is None and change.kind == rule.effect and change.first_clause == rule.clause
        if alone and change.what == subject(rule):
            del changes[number]
            return Change(rule.effect, change.what, change.first, sentence(rule), change.first_clause, rule.clause)
    return Change(rule.effect, subject(rule), None, sentence(rule), None, rule.clause)


WHEN = {
    "use": "use",
    "host": "offering it as a service",
    "ship": "passing it on",
    "product": "products that hold it",
    "ship_changed": "passing on what was changed",
    "change": "changing it",
    "train": "training other models",
    "trained_on": "training on it",
    "trained_on_shipped": "passing on what was trained on it",
}


def subject(rule: Rule) -> str:
    """What sets a rule off, in words."""
    return ", ".join(WHEN[trigger] for trigger in rule.when)


def sentence(rule: Rule) -> str:
    """A rule with its conditions, in words."""
    only = said_conditions(rule)
    words = f"{rule.says} (only {', '.join(only)})" if only else rule.says
    return f"{words}; unless {rule.unless}" if rule.unless else words
