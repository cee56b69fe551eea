"""Evidence from what lies in the release beside weights and code: documents, data, checkpoints of the training."""

from __future__ import annotations

import re

from weighbridge.audit.openness.evidence import Hit
from weighbridge.audit.openness.listing import Listing

STEPS = re.compile(r"(step|tokens|ckpt|checkpoint|iter|global[_-]?step)[-_]?\d|\d[kmb]?[-_]?(steps|tokens)\b", re.I)
DATA_FILE = r"\.(parquet|jsonl|json|csv|tsv|arrow|txt|zst|gz|bz2|xz|zip|tar|tgz|npy|tfrecord|mds|warc)$"
CORPUS = r"^(data|datasets?|corpus|training[-_]data|train[-_]data|pre-?training[-_]data)/"
HELD_OUT = r"(^|/)(eval|evaluation|test|validation|benchmark)s?([-_]?data(set)?s?)?/"
DATA_CARD = (
    r"(^|/)(data[-_]?card|data[-_]?sheet|dataset[-_]?card)[^/]*\.(md|rst|txt|pdf)$|"
    r"^(data|datasets?|corpus)/readme\.md$"
)
DOCUMENTS = (
    (
        "report",
        r"(^|/)[^/]*(technical|tech)[-_]?report[^/]*\.(pdf|md|rst|tex)$|(^|/)(report|whitepaper)\.(pdf|md|tex)$",
    ),
    ("paper", r"(^|/)[^/]*paper[^/]*\.(pdf|tex|md)$"),
    ("data_card", DATA_CARD),
    (
        "sample_outputs",
        r"(^|/)[^/]*(sample|example)s?[-_](outputs?|generations?|completions?)[^/]*\.(md|json|jsonl|txt)$",
    ),
)
SMALLEST = 500
"""Bytes of a document that says anything."""


def document_files(listing: Listing) -> list[Hit]:
    """Papers, reports, data cards and samples that lie in the release itself."""
    hits: list[Hit] = []
    for component, pattern in DOCUMENTS:
        found = [path for path in listing.named(pattern) if not 0 <= listing.files[path] < SMALLEST]
        if found:
            hits.append(Hit(component, "released", f"{component}.file", found[0], "file"))
    return hits


def data_files(listing: Listing, component: str) -> list[Hit]:
    """Data that lie in the release itself, in folders named after what they are for."""
    hits: list[Hit] = []
    files = [path for path in listing.named(DATA_FILE) if listing.files[path] != 0]
    held_out = [path for path in files if re.search(HELD_OUT, path, re.I)]
    corpus = [path for path in files if re.search(CORPUS, path, re.I) and path not in held_out]
    for part, found in ((component, corpus), ("evaluation_data", held_out)):
        if found:
            note = f"{len(found)} files" if len(found) > 1 else ""
            hits.append(Hit(part, "released", "data.files", found[0], "file", note=note))
    return hits


def checkpoint_hits(listing: Listing) -> list[Hit]:
    """Intermediate parameters: three or more branches, tags or folders named after a step."""
    named = [one for one in listing.refs if STEPS.search(one)]
    folders = {path.split("/")[0] for path in listing.files if "/" in path and STEPS.search(path.split("/")[0])}
    steps = named if len(named) >= len(folders) else sorted(folders)
    if len(steps) < 3:
        return []
    note = f"{len(steps)} of them, {steps[0]} to {steps[-1]}"
    return [Hit("checkpoints", "released", "checkpoints.steps", steps[0], "file", note=note)]
