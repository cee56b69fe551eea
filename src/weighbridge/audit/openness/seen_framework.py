"""Evidence from the framework's own file in a release (MOF.yml): what the releaser lists, each with its licence.

Listing a part is not releasing it, so that what such a file says is pointed at, and not seen.
"""

from __future__ import annotations

import msgspec

from weighbridge.audit.openness.components import BY_NAME
from weighbridge.audit.openness.evidence import Hit
from weighbridge.audit.openness.listing import Listing
from weighbridge.audit.openness.mof_file import licence_for, read_model_file
from weighbridge.audit.openness.yaml_table import yaml_table

FILES = r"^(mof|model[-_ ]?openness([-_ ]framework)?)\.(ya?ml|json)$"


def framework_hits(listing: Listing) -> list[Hit]:
    """The parts that the file lists; nothing where there is none."""
    path = next(iter(listing.named(FILES)), None)
    text = listing.text(path) if path else None
    if path is None or text is None:
        return []
    tree = yaml_table(listing, path, text, "file of the Model Openness Framework")
    if not tree:
        return []
    try:
        file = read_model_file(tree)
    except msgspec.ValidationError as error:
        listing.note(f"{path}: unreadable file of the Model Openness Framework ({str(error)[:120]})")
        return []
    hits: list[Hit] = []
    for listed in file.release.components[:100]:
        component = BY_NAME.get(listed.name.strip().lower())
        if component is not None:
            licence = licence_for(file.release, listed, component.kind) or "unlicensed"
            note = "listed in the framework's own file"
            hits.append(Hit(component.id, "released", "framework.listed", path, "card", licence, note))
    return hits
