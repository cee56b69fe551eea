"""Typed cells (parquet, arrow) to the plain values prompts and scorers see."""

from __future__ import annotations

import datetime
import decimal
import math
import uuid
from collections.abc import Mapping
from typing import Any

from weighbridge.tasks.cell import Cell


def class_names(features: Cell) -> dict[str, list[str]]:
    """Names of the classes by column, from the features of a Hugging Face dataset."""
    if not isinstance(features, Mapping):
        return {}
    return {
        str(column): [str(name) for name in feature["names"]]
        for column, feature in features.items()
        if isinstance(feature, Mapping) and feature.get("_type") == "ClassLabel" and feature.get("names")
    }


def plain(fields: Mapping[str, Any], labels: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    """A row with plain values: text, numbers, true/false, None, lists and dicts of them."""
    row = {name: plain_value(value) for name, value in fields.items()}
    for column, names in (labels or {}).items():
        code = row.get(column)
        if isinstance(code, int) and 0 <= code < len(names):
            row[column] = names[code]
    return row


def plain_value(value: Cell) -> Cell:
    """Dates as ISO text, decimals as whole numbers or floats, NaN as None, bytes as text where they are text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {str(key): plain_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain_value(each) for each in value]
    if isinstance(value, uuid.UUID | datetime.timedelta):
        return str(value)
    return str(value)
