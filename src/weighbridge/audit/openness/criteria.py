"""The 14 criteria by which Liesenfeld, Lopez and Dingemanse (CUI 2023) grade instruction-tuned systems.

Each is open, partial or closed. Their grades are people's; these are rules that read the same evidence table. How
well the two agree is in ``benchmarks/RESULTS.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from weighbridge.audit.openness.evidence import Row, State, Table

Grade = Literal["closed", "partial", "open"]
GRADES: tuple[Grade, ...] = ("closed", "partial", "open")
Side = Literal["state", "low", "high"]


class Criterion(msgspec.Struct, frozen=True):
    """One criterion's grade as an interval."""

    id: str
    name: str
    grade: Grade
    """Best-supported: what the card points at counts, what nothing speaks for does not."""
    low: Grade
    high: Grade
    why: str
    applies: bool = True
    """False for what is asked of tuned systems alone, where this is none."""


class System(msgspec.Struct, frozen=True):
    """What is graded: a model, and the model it was tuned from where there is one."""

    own: Table
    base: Table | None = None
    """None: it is no fine-tune, or its base could not be found."""
    tuned: bool = False
    """Whether it is tuned on instructions or preferences."""
    based: bool = False
    """Whether it names a base, found or not."""


def criteria(system: System) -> tuple[Criterion, ...]:
    """The 14 grades, in the order in which the authors list them."""
    return tuple(_graded(system, *rule) for rule in RULES)


Rule = Callable[[System, Side], Grade]


def _graded(system: System, identity: str, name: str, decide: Rule, shown: str) -> Criterion:
    applies = system.tuned or system.based or identity not in ("rldata", "rlweights")
    grade, low, high = (decide(system, side) for side in ("state", "low", "high"))
    row = (system.base if identity in ("llmdata", "llmweights") and system.base else system.own)[shown]
    why = f"{row.name.lower()}: {row.state}" + (f" ({row.path})" if row.path else "")
    if identity == "license":
        tables = (system.own, system.base) if system.base is not None else (system.own,)
        why = ", from a base under ".join(str(table["weights"].licence or "no licence known") for table in tables)
    order = sorted((low, grade, high), key=GRADES.index)
    return Criterion(identity, name, grade, order[0], order[-1], why if applies else "not a tuned system", applies)


def _state(row: Row, side: Side) -> State:
    state: State = getattr(row, side)
    return state


def _plain(state: State) -> Grade:
    return "open" if state == "released" else "partial" if state in ("partial", "described") else "closed"


def _below(system: System) -> Table | None:
    """Where the pre-trained model's evidence is: the base's, or its own."""
    return system.base if system.base is not None else None if system.tuned or system.based else system.own


def _code(system: System, side: Side) -> Grade:
    state = _state(system.own["training_code"], side)
    if state == "released":
        return "open"
    linked = _state(system.own["code_guide"], side) in ("described", "partial", "released")
    repository = linked or system.own["inference_code"].rule.startswith("inference.own")
    return "partial" if state == "partial" or repository else "closed"


def _base_data(system: System, side: Side) -> Grade:
    below = _below(system)
    if below is None:
        # Its base is not known here: what it tells of its data is of the tuning, unless it names a corpus.
        return "open" if side == "high" else _plain(_state(system.own["datasets"], side))
    return _plain(_state(below["datasets"], side))


def _base_weights(system: System, side: Side) -> Grade:
    below = _below(system)
    if below is None:
        # A base that is named and not found here is pointed at, as a link is; closed terms go with a gate as a rule.
        pointed: Grade = "open" if system.own["weights"].terms == "open" else "partial"
        return "open" if side == "high" else pointed if side == "state" and system.based else "closed"
    return _plain(_state(below["weights"], side))


def _tuning_data(system: System, side: Side) -> Grade:
    return _plain(_state(system.own["tuning_data"], side))


def _tuned_weights(system: System, side: Side) -> Grade:
    return _plain(_state(system.own["weights"], side))


def _licence(system: System, side: Side) -> Grade:
    worst: Grade = "open"
    for table in (system.own, system.base):
        row = table["weights"] if table is not None else None
        if row is None:
            continue
        if row.terms == "open" or (row.terms == "unknown" and side == "high"):
            one: Grade = "open"
        elif "rail" in (row.licence or "").lower():
            one = "partial"
        else:
            one = "closed"
        worst = min(worst, one, key=GRADES.index)
    return worst


def _code_guide(system: System, side: Side) -> Grade:
    return _plain(_state(system.own["code_guide"], side))


def _architecture(system: System, side: Side) -> Grade:
    guide, paper = (_state(system.own[one], side) for one in ("architecture_guide", "paper"))
    told = guide != "absent" and guide != "unknown"
    if (told or paper == "released") and _code(system, side) == "open":
        return "open"
    return "partial" if told or _preprint(system, side) != "closed" else "closed"


def _preprint(system: System, side: Side) -> Grade:
    """Open where it tells of the data too: a report that withholds them documents the half."""
    if "released" in (_state(system.own["paper"], side), _state(system.own["report"], side)):
        told = [_state(system.own[one], side) for one in ("datasets", "tuning_data")]
        return "open" if "released" in told else "partial"
    based = system.base is not None and _state(system.base["paper"], side) == "released"
    return "partial" if based else "closed"


def _paper(system: System, side: Side) -> Grade:
    if _state(system.own["peer_review"], side) == "released":
        return "open"
    based = system.base is not None and _state(system.base["peer_review"], side) == "released"
    return "partial" if based else "closed"


def _model_card(system: System, side: Side) -> Grade:
    return _plain(_state(system.own["card_detail"], side))


def _datasheet(system: System, side: Side) -> Grade:
    tables = [table for table in (system.own, system.base) if table is not None]
    return max((_plain(_state(table["data_card"], side)) for table in tables), key=GRADES.index)


def _package(system: System, side: Side) -> Grade:
    return _plain(_state(system.own["package"], side))


def _api(system: System, side: Side) -> Grade:
    return _plain(_state(system.own["api"], side))


RULES: tuple[tuple[str, str, Rule, str], ...] = (
    ("opencode", "Source code", _code, "training_code"),
    ("llmdata", "Data of the base model", _base_data, "datasets"),
    ("llmweights", "Weights of the base model", _base_weights, "weights"),
    ("rldata", "Data of the tuning", _tuning_data, "tuning_data"),
    ("rlweights", "Weights of the tuned model", _tuned_weights, "weights"),
    ("license", "Licence", _licence, "weights"),
    ("code", "Documentation of the code", _code_guide, "code_guide"),
    ("architecture", "Documentation of the architecture", _architecture, "architecture_guide"),
    ("preprint", "Preprint", _preprint, "paper"),
    ("paper", "Peer-reviewed paper", _paper, "peer_review"),
    ("modelcard", "Model card", _model_card, "card_detail"),
    ("datasheet", "Data sheet", _datasheet, "data_card"),
    ("package", "Package", _package, "package"),
    ("api", "Interface to try it", _api, "api"),
)
