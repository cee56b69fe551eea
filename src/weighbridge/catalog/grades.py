"""Published grades of openness: the Model Openness Framework's classes and Opening up ChatGPT's fourteen criteria."""

from __future__ import annotations

from weighbridge.catalog.entries import Entry, known_tables

FILE = "grades.json"


def grades() -> dict[str, Entry]:
    """Grades by id: ``mof/NAME`` (facts `mof_class`, `mof_progress`) and ``opening-up/NAME`` (`opening_up`,
    `opening_up_grades`), as their publishers grade them. Raises `UsageError`."""
    return known_tables(FILE).of("grades", Entry)
