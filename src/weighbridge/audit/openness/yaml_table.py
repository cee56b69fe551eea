"""YAML from strangers as plain fields: no tags, no anchors, bounded in size and depth."""

from __future__ import annotations

from typing import Any

from weighbridge.audit.openness.listing import Listing

LARGEST = 1_000_000
"""Characters."""
DEEPEST = 40
"""Levels. The C loader builds its tree by recursion and would end the process on a deep one, so that the depth is
counted on its events first."""


def yaml_table(listing: Listing, path: str, text: str, what: str, first_line: int = 1) -> dict[str, Any]:
    """The fields of a YAML mapping; empty, with a problem noted, for what is none or means harm."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    where = f"{path}: unreadable {what}"
    if len(text) > LARGEST:
        listing.note(f"{where} (longer than {LARGEST:,} characters)")
        return {}
    depth = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            tag = str(getattr(event, "tag", None) or "tag:yaml.org,2002:str")
            foreign = not tag.startswith("tag:yaml.org,2002:") or "python" in tag
            if isinstance(event, yaml.AliasEvent) or foreign:
                listing.note(f"{where} (it uses YAML anchors or tags)")
                return {}
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                listing.note(f"{where} (nested too deep)")
                return {}
        tree = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + first_line}" if mark is not None else ""
        why = getattr(error, "problem", None) or type(error).__name__
        listing.note(f"{path}{line}: unreadable {what} ({why})")
        return {}
    if not isinstance(tree, dict):
        listing.note(f"{where} (no table of fields)")
        return {}
    return {str(name): value for name, value in tree.items()}
