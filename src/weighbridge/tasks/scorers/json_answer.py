"""JSON: the answer is valid, follows a schema, or has the reference's fields right."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Score
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.fields import alike, compare, extra, leaves, ordered_like
from weighbridge.tasks.item import Item
from weighbridge.tasks.json_reading import NoJsonError, read_json_answer
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import Normalisation, normalise, references
from weighbridge.tasks.schemas import complaint, schema_of, validator_for


class Json(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `json`."""

    check: Annotated[
        Literal["fields", "exact", "schema", "valid"],
        msgspec.Meta(description="Share of fields right, all fields right, follows the schema, or is JSON at all."),
    ] = "fields"
    schema: Annotated[
        dict[str, Any] | str | None,
        msgspec.Meta(description="JSON Schema, written here or as a file; an answer that breaks it scores 0."),
    ] = None
    fields: Annotated[
        tuple[str, ...], msgspec.Meta(description="Compare only these top-level fields of the reference.")
    ] = ()
    normalize: Annotated[
        tuple[Normalisation, ...], msgspec.Meta(description="Differences between texts to overlook, as in `exact`.")
    ] = ("unicode", "whitespace")
    absolute: Annotated[float, msgspec.Meta(ge=0, description="Largest difference between numbers.")] = 0.0
    loose_types: Annotated[bool, msgspec.Meta(description='Take "5" for 5 and "true" for true.')] = False
    any_order: Annotated[bool, msgspec.Meta(description="The order of lists does not matter.")] = False
    extra_fields: Annotated[
        Literal["ignore", "wrong"], msgspec.Meta(description="Whether fields the reference lacks count as wrong.")
    ] = "ignore"
    bare: Annotated[
        bool, msgspec.Meta(description="The answer must be JSON and nothing else: no fence, no words around it.")
    ] = False
    base: Annotated[str | None, msgspec.Meta(description="Folder that a schema file is looked up in.")] = None


def same_as(settings: Json) -> Callable[[Any, Any], bool]:
    """Whether two leaf values are equal under the settings. true is not 1; 5 is 5.0."""

    def same(found: Cell, wanted: Cell) -> bool:
        if settings.loose_types:
            found, wanted = _typed(found), _typed(wanted)
        if isinstance(found, str) and isinstance(wanted, str):
            return normalise(found, settings.normalize) == normalise(wanted, settings.normalize)
        if isinstance(found, bool) or isinstance(wanted, bool):
            return found is wanted
        if isinstance(found, int | float) and isinstance(wanted, int | float):
            return found == wanted or abs(found - wanted) <= settings.absolute
        return type(found) is type(wanted) and bool(found == wanted)

    return same


def _typed(value: Cell) -> Cell:
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value.strip().lower())
    except (ValueError, RecursionError):
        return value
    return read if isinstance(read, bool | int | float) else value


def _reference(settings: Json, reference: Cell) -> Cell:
    value = json.loads(reference) if isinstance(reference, str) else reference
    if settings.fields and isinstance(value, dict):
        return {name: value[name] for name in settings.fields if name in value}
    return value


def _accepted(settings: Json, reference: Cell) -> list[Any]:
    """A list in a column may be several references or one list; only objects in it make it several."""
    several = isinstance(reference, list) and reference and all(isinstance(each, dict) for each in reference)
    return [_reference(settings, each) for each in (references(reference) if several else [reference])]


def json_answer(settings: Json) -> Callable[[Item, Completion], Score]:
    """Score of the JSON in the answer; an answer without any is unparsable."""
    validator = validator_for(settings.schema, settings.base) if settings.schema is not None else None
    if settings.check == "schema" and validator is None:
        raise UsageError(
            "`check: schema` needs a schema", where="schema", fix="write it, or the file it is in, there"
        )
    same = same_as(settings)

    def score(item: Item, completion: Completion) -> Score:
        try:
            answer = read_json_answer(completion.text, bare=settings.bare)
        except NoJsonError as error:
            return unparsable(f"there is no JSON in the answer: {error}")
        shown = json.dumps(answer, ensure_ascii=False)
        broken = complaint(validator, answer) if validator is not None else None
        if broken is not None:
            return Score(0.0, extracted=shown, detail=broken)
        if settings.check in ("schema", "valid"):
            return Score(1.0, extracted=shown)
        share, detail = max(
            (_share(answer, reference, settings, same) for reference in _accepted(settings, item.reference)),
            key=lambda found: found[0],
        )
        return Score(float(share == 1.0) if settings.check == "exact" else share, extracted=shown, detail=detail)

    return score


def _share(
    answer: Cell, reference: Cell, settings: Json, same: Callable[[Any, Any], bool]
) -> tuple[float, str | None]:
    if settings.any_order:
        answer = ordered_like(answer, reference, lambda one, other: alike(one, other, same))
    verdicts = compare(answer, reference, same)
    more = extra(answer, reference) if settings.extra_fields == "wrong" else []
    wrong = [name for name, right in verdicts.items() if not right] + more
    share = 1 - len(wrong) / (len(verdicts) + len(more))
    return share, f"wrong: {', '.join(wrong)}" if wrong else None


def _check(settings: Json, item: Item) -> str | None:
    if settings.check in ("schema", "valid"):
        return None
    try:
        accepted = _accepted(settings, item.reference)
    except (ValueError, RecursionError) as error:
        return f"the reference is not JSON ({error})"
    for reference in accepted:
        if settings.fields and (not isinstance(reference, dict) or len(reference) < len(settings.fields)):
            return f"the reference lacks one of the fields {', '.join(settings.fields)}"
        if not any(True for _ in leaves(reference)):
            return "the reference has no fields"
    return None


def _resolve(settings: Json) -> Json:
    if not isinstance(settings.schema, str):
        return settings
    return msgspec.structs.replace(settings, schema=schema_of(settings.schema, settings.base))


JSON = ScorerSpec(
    "json",
    "JSON in the answer: share of fields right, exact, by schema, or merely valid.",
    Json,
    json_answer,
    _check,
    _resolve,
    needs_reference=lambda settings: settings.check not in ("schema", "valid"),
)
