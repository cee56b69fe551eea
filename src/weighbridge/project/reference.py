"""The reference page of the project file, derived from the declaration."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import inspect as types

from weighbridge.project.check import kind_of
from weighbridge.project.fields import OptionField, Record, bare, struct_type, written_fields
from weighbridge.project.options import ProjectOptions
from weighbridge.project.schema import FILE, HIDDEN, plain_default

PAGE = "project-file.md"

EXAMPLE = """\
# yaml-language-server: $schema=weighbridge.schema.json
name: Ticket routing
data:
  path: tickets.csv          # csv, tsv, jsonl, json, parquet or a dataset folder
  reference: team            # columns that are not named are guessed, and the guess is shown
  cluster: customer          # tickets of one customer are not independent
prompt:
  system: You route support tickets. Answer with the team's name alone.
  user: "{{ message }}"
choices: [billing, technical, shipping, account]
scorer: choice
candidates:
  - name: rules              # the baseline that a model must beat
    model: python:rules.route
  - name: small-open
    model: http://127.0.0.1:8080/v1#qwen3-4b
    max_tokens: 8
    price: {per_hour: 0.60}
  - name: closed
    model: https://api.example.com/v1#large
    key_env: EXAMPLE_API_KEY # the name of the variable, never the key
    max_tokens: 8
    price: {input_per_million: 0.40, output_per_million: 1.60}
question:
  goal: non_inferior         # is an open one at most `margin` below the best closed one?
  margin: 0.03
  claim: population
requirements:
  cost_per_1000: 0.50
budget:
  money: 5.00
"""

INTRODUCTION = """\
One YAML file says what the job is, who is weighed on it, and what is asked. `weighbridge init DATA` writes a first
one; `weighbridge check` reads it back and shows what each candidate would be asked."""

RULES = f"""\
- Paths are taken from the folder of the project file, wherever the command is run.
- An unknown key, a key given twice, a value of the wrong type or out of its bounds is an error that names the line.
  YAML tags are not read. Only `true` and `false` are booleans: `no` and `yes` are texts.
- Secrets stay out of it: `key_env` names the environment variable that holds a key. A value that looks like a key is
  refused.
- [`{FILE}`]({FILE}) is its JSON Schema. An editor that speaks YAML checks and completes the file when its first line
  is `# yaml-language-server: $schema=` and the path of that file. `weighbridge init --schema` writes both; alone it
  is written by:"""


def project_page() -> str:
    """docs/project-file.md."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# The project file"
    yield ""
    yield "<!-- Derived from src/weighbridge/project/options.py by `make docs`; edit that instead. -->"
    yield ""
    yield INTRODUCTION
    yield ""
    yield "```yaml"
    yield EXAMPLE.rstrip()
    yield "```"
    yield ""
    yield RULES
    yield ""
    yield "```console"
    yield f"$ weighbridge schema > {FILE}"
    yield "```"
    yield ""
    for title, cls in _sections():
        yield f"## {title}"
        yield ""
        yield " ".join((cls.__doc__ or "").replace("``", "`").split())
        yield ""
        yield from _table(written_fields(cls))
        yield ""
    yield from _scorers()


def _sections() -> list[tuple[str, type]]:
    """Each struct once, in the order in which a reader meets them."""
    found: list[tuple[str, type]] = [("The whole file", ProjectOptions)]
    for _, cls in found:
        for field in written_fields(cls):
            inner = _inner(field.type)
            if inner and all(inner is not known for _, known in found):
                found.append((f"`{field.name}`", inner))
    return found


def _inner(kind: types.Type) -> type | None:
    kind = bare(kind)
    if isinstance(kind, types.ListType | types.VarTupleType):
        return _inner(kind.item_type)
    if isinstance(kind, types.DictType):
        return _inner(kind.value_type)
    return struct_type(kind)


def _table(fields: tuple[OptionField, ...]) -> Iterator[str]:
    yield "| key | value | default | |"
    yield "| --- | --- | --- | --- |"
    for field in fields:
        cells = (f"`{field.name}`", _value(field), _default(field), field.description)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _value(field: OptionField) -> str:
    if field.kind == "scorer":
        return "a [scorer](#scorers)'s name, or a mapping"
    if field.kind == "schema":
        return "a JSON Schema, or the path of one"
    inner = _inner(field.type)
    text = kind_of(field.type) + _bounds(field.type)
    if inner is None:
        return text
    name = next((title for title, cls in _sections() if cls is inner), "").strip("`")
    link = f"[{name}](#{name})"
    kind = bare(field.type)
    if isinstance(kind, types.ListType | types.VarTupleType):
        return f"a list of {link}"
    if isinstance(kind, types.DictType):
        return f"a mapping of names to {link}, each a text or a mapping"
    if isinstance(kind, types.UnionType):
        return f"text, or a {link} mapping"
    return f"a {link} mapping" if isinstance(kind, Record) else text


def _bounds(kind: types.Type) -> str:
    kind = bare(kind)
    if not isinstance(kind, types.IntType | types.FloatType):
        return ""
    signs = ((">", kind.gt), (">=", kind.ge), ("<", kind.lt), ("<=", kind.le))
    said = [f"{sign} {limit:g}" for sign, limit in signs if limit is not None]
    return f" ({', '.join(said)})" if said else ""


def _default(field: OptionField) -> str:
    if field.required:
        return "**needed**"
    value = plain_default(field)
    if value is None:
        return ""
    text = msgspec.json.encode(value).decode()
    return f"`{text.strip(chr(34)) if isinstance(value, str) else text}`"


def _scorers() -> Iterator[str]:
    from weighbridge.tasks.scorers import SCORERS

    yield "## Scorers"
    yield ""
    yield "`scorer: exact` alone, or with settings: `scorer: {name: numeric, relative: 0.01}`. A dotted path"
    yield "(`my_module:my_function`) names a function of your own. [scorers.md](scorers.md) shows each at work."
    yield ""
    for name, spec in SCORERS.items():
        yield f"### {name}"
        yield ""
        yield spec.doc
        yield ""
        fields = tuple(field for field in written_fields(spec.settings) if field.name not in HIDDEN)
        if fields:
            yield from _table(fields)
            yield ""
