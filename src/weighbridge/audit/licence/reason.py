"""What the licence of one component says about a job: rights held against grants, and every rule that may hold."""

from __future__ import annotations

from weighbridge.audit.licence.conditions import Case, holding
from weighbridge.audit.licence.expression import Both, Either, Expression, Named, expression
from weighbridge.audit.licence.job import ASKED, DENIED, rights, triggers
from weighbridge.audit.licence.ruling import VERDICTS, Clause, Component, Kind, Ruling, Statement, verdict_of
from weighbridge.catalog.licences import Grant, Licences, LicenceTerms, Rule
from weighbridge.errors import UsageError, nearest
from weighbridge.evidence.requirements import Job

NO_EXCEPTION = ("none", "noassertion")


def rulings(
    component: Component,
    job: Job,
    known: Licences,
    multimodal: bool | None,
    made_from: frozenset[str] = frozenset(),
) -> tuple[tuple[Ruling, ...], tuple[str, ...]]:
    """What is to be said of a component, worst first, and what was chosen or left aside on the way.

    `made_from`: ids of the licences of the weights and of what they were tuned from.
    """
    case = Case(job, triggers(component, job), multimodal, made_from)
    found: list[Ruling] = []
    notes: list[str] = []
    if not component.statements:
        found.append(_open(component, "nothing says under which licence it is"))
    for statement in component.statements:
        found += _stated(statement, component, case, known, notes)
    if component.inherited:
        found = [_reaching(one) for one in found]
    unique = list(dict.fromkeys(found))
    return tuple(sorted(unique, key=lambda one: _ORDER.index(one.kind))), tuple(dict.fromkeys(notes))


_ORDER: tuple[Kind, ...] = ("forbids", "unclear", "condition", "requires")


def licences_named(component: Component, known: Licences) -> tuple[str, ...]:
    """Ids of the licences that a component is under, as far as they are known."""
    names = known.names

    def ids(tree: Expression) -> list[str]:
        if isinstance(tree, Named):
            found = _id(tree.name, names)
            return [found] if found else []
        return [one for part in tree.parts for one in ids(part)]

    found: list[str] = []
    for statement in component.statements:
        if statement.says is not None:
            try:
                found += ids(_tree(statement.says, names))
            except UsageError:
                continue
    return tuple(dict.fromkeys(found))


def _stated(
    statement: Statement, component: Component, case: Case, known: Licences, notes: list[str]
) -> list[Ruling]:
    found = []
    if statement.doubt:
        found.append(_open(component, f"{statement.doubt} ({statement.where})"))
    if statement.says is None:
        return found or [_open(component, f"nothing says under which licence it is ({statement.where})")]
    try:
        tree = _tree(statement.says, known.names)
    except UsageError as error:
        return [*found, _open(component, f"{error.what} ({statement.where})")]
    return found + _under(tree, statement, component, case, known, notes)


def _tree(text: str, names: dict[str, str]) -> Expression:
    # A licence's own name may hold the words of operators: "BSD with attribution".
    return Named(text) if _id(text, names) else expression(text)


def _id(name: str, names: dict[str, str]) -> str | None:
    from weighbridge.catalog.licences import folded_licence

    return names.get(folded_licence(name))


def _under(
    tree: Expression, statement: Statement, component: Component, case: Case, known: Licences, notes: list[str]
) -> list[Ruling]:
    if isinstance(tree, Both):
        return [one for part in tree.parts for one in _under(part, statement, component, case, known, notes)]
    if isinstance(tree, Either):
        choices = [(_words(part), _under(part, statement, component, case, known, notes)) for part in tree.parts]
        name, best = min(choices, key=lambda choice: (VERDICTS.index(verdict_of(choice[1])), len(choice[1])))
        notes.append(f"{component.label}: of {_words(tree)}, {name} serves the job best and is taken")
        return best
    found = _id(tree.name, known.names)
    if found is None:
        return [
            _open(
                component,
                f"no terms of a licence called {tree.name!r} are known ({statement.where})",
                _near(tree.name, known),
            )
        ]
    if tree.exception and tree.exception.lower() not in NO_EXCEPTION:
        notes.append(f"{component.label}: the exception {tree.exception} only widens {tree.name}, and is left aside")
    return _terms(known.licences[found], component, case)


def _near(name: str, known: Licences) -> str:
    if name.lower() in ("other", "unknown", "noassertion", "none", ""):
        return "a licence named by license_name, or its text in the folder"
    return f"its terms in a facts file of your own; {nearest(name, {one.id for one in known.licences.values()})}"


def _words(tree: Expression) -> str:
    if isinstance(tree, Named):
        return tree.name if tree.exception is None else f"{tree.name} WITH {tree.exception}"
    word = " AND " if isinstance(tree, Both) else " OR "
    return word.join(_words(part) if isinstance(part, Named) else f"({_words(part)})" for part in tree.parts)


def _terms(terms: LicenceTerms, component: Component, case: Case) -> list[Ruling]:
    found: list[Ruling] = []
    for right in rights(component, case.job):
        grant = terms.grant(right)
        said = f": {grant.says}" if grant.says else ""
        clause = _clause(terms, grant, f"{DENIED[right] if grant.given == 'no' else ASKED[right]}{said}")
        if grant.given == "no":
            found.append(Ruling("forbids", component.label, clause.says, clause, when=(right,)))
        elif grant.given == "unknown":
            says = f"{ASKED[right]} is not known{said}"
            found.append(Ruling("unclear", component.label, says, clause, when=(right,)))
    for rule in terms.rules:
        ruling = _rule(rule, terms, component, case)
        if ruling is not None:
            found.append(ruling)
    return found


def _rule(rule: Rule, terms: LicenceTerms, component: Component, case: Case) -> Ruling | None:
    if rule.spares_itself and component.role == "outputs" and terms.id in case.made_from:
        return None
    held = holding(rule, case)
    if held.holds is False:
        return None
    clause, label = _clause(terms, rule, rule.says), component.label
    when = tuple(trigger for trigger in rule.when if trigger in case.triggers)
    if rule.effect == "requires" or held.unsaid:
        says = rule.says if held.holds or held.unsaid else f"{rule.says} (not needed if {' or '.join(held.ways)})"
        return Ruling("requires", label, says, clause, (), rule.instead, when)
    if held.holds:
        return Ruling(rule.effect, label, rule.says, clause, (), rule.instead, when)
    return Ruling("condition", label, rule.says, clause, held.ways, rule.instead, when)


def _clause(terms: LicenceTerms, part: Grant | Rule, says: str) -> Clause:
    return Clause(
        terms.id,
        terms.name,
        part.clause,
        says,
        part.source or terms.source,
        terms.seen,
        part.confidence or terms.confidence,
    )


def _open(component: Component, why: str, instead: str = "") -> Ruling:
    return Ruling("unclear", component.label, why, None, (), instead)


def _reaching(ruling: Ruling) -> Ruling:
    """A ban on data that another trained on: whether it reaches the model is not settled."""
    if ruling.kind != "forbids":
        return ruling
    says = f"{ruling.says}; whether this reaches a model that was trained on it is not settled"
    return Ruling("unclear", ruling.component, says, ruling.clause, (), ruling.instead, ruling.when)
