"""What is known of the vendors as pages: one table of all, and a page for each that is a row of data alone."""

from __future__ import annotations

from collections.abc import Iterator

from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities
from weighbridge.models.remote.batch.open import BATCHED
from weighbridge.models.remote.wires.vendor import Vendor
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.models.remote.wires.vendors_compatible import COMPATIBLE

_DERIVED = "<!-- Derived from the rows of vendors by `make docs`; edit those instead. -->"
SHOWN: dict[str, str] = {
    "tools": "tools",
    "images": "pictures",
    "json_schema": "schemas",
    "logprobs": "log-probabilities",
    "seed": "seed",
    "stop": "stop texts",
    "temperature": "temperature",
    "top_p": "top_p",
    "reasoning_effort": "reasoning effort",
    "embeddings": "embeddings",
}
"""Abilities that the table shows, and their names there."""


def pages() -> dict[str, str]:
    """Every page by its path under docs/."""
    own = {f"vendors/{vendor.name}.md": vendor_page(vendor) for vendor in COMPATIBLE}
    return {"vendors/README.md": vendor_table(), **own}


def declared(vendor: Vendor) -> Capabilities:
    """What its models can do in general, as its wire says."""
    model = vendor.example or "any"
    return vendor.make(ModelOptions(region="region", project="project", resource="resource")).capabilities(model)


def vendor_table() -> str:
    """docs/vendors/README.md."""
    return "\n".join(_table()) + "\n"


def _table() -> Iterator[str]:
    yield "# Vendors"
    yield ""
    yield _DERIVED
    yield ""
    yield "A model is named `VENDOR:MODEL`, for example `openai:gpt-4o-mini`. The key is taken from the environment,"
    yield "else from the system's keyring (`weighbridge keys set VENDOR`). The marks stand for what is declared of"
    yield "the example. Some models of a vendor can less; what a model cannot do is refused before the call."
    yield "`can` and `cannot` in the model's options correct the declaration. Batches are half-price runs"
    yield "([`mode: batch`](../batch.md)); [`weighbridge drift`](../drift.md) tells whether a vendor changed a model."
    yield ""
    yield "| vendor | example | key | " + " | ".join((*SHOWN.values(), "batches")) + " |"
    yield "| --- | --- | --- |" + " :-: |" * (len(SHOWN) + 1)
    for vendor in VENDORS.values():
        can = declared(vendor)
        has = (*(getattr(can, name) for name in SHOWN), vendor.name in BATCHED)
        marks = " | ".join("yes" if one else "" for one in has)
        keys = " or ".join(f"`{name}`" for name in vendor.key_envs) or "none"
        yield f"| [{vendor.title}]({vendor.name}.md) | `{vendor.name}:{vendor.example}` | {keys} | {marks} |"


def vendor_page(vendor: Vendor) -> str:
    """The page of one vendor that is a row of data."""
    can = declared(vendor)
    has = [word for name, word in SHOWN.items() if getattr(can, name)]
    lacks = [word for name, word in SHOWN.items() if not getattr(can, name)]
    checked = f"compared on {vendor.checked} with another client's" if vendor.checked else "as its documents give it"
    lines = [
        f"# {vendor.title}",
        "",
        _DERIVED,
        "",
        f"- Spec string: `{vendor.name}:MODEL`, for example `{vendor.name}:{vendor.example}`",
        f"- Key: {' or '.join(f'`{name}`' for name in vendor.key_envs)}, or `weighbridge keys set {vendor.name}`",
        f"- Address: <{vendor.base_url}> ({checked})",
        f"- Company: {vendor.company}",
        f"- Reference: <{vendor.docs}>",
        "",
        "```yaml",
        "candidates:",
        f"  - name: {vendor.name}",
        f"    model: {vendor.name}:{vendor.example}",
        "```",
        "",
        f"Declared for this model: {', '.join(has)}.",
        "",
        f"It cannot do: {', '.join(lacks)}. Requests that need one of these are refused before the call; where",
        "a model has it all the same, say `can: [NAME]` in its options.",
    ]
    if vendor.notes:
        lines += ["", vendor.notes]
    return "\n".join(lines) + "\n"
