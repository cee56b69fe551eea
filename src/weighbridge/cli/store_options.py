"""What the `weighbridge store` commands have in common: which store is meant, and which answers in it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from weighbridge.errors import UsageError, nearest
from weighbridge.store import DEFAULT, Selection, Store, store_path

PROJECT = "weighbridge.yaml"
F = TypeVar("F", bound=Callable[..., Any])

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])")
_SECONDS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def location_option(command: F) -> F:
    """``--store``."""
    return click.option(
        "--store",
        "location",
        metavar="FILE",
        envvar="WEIGHBRIDGE_STORE",
        help=f"The store's file. Without it: the one {PROJECT} here names, else {DEFAULT}.",
    )(command)


def selection_options(command: F) -> F:
    """``--candidate``, ``--model``, ``--task``, ``--item``, ``--older-than`` and ``--newer-than``."""
    options = [
        click.option("--candidate", metavar="NAME", help="Answers of this candidate; * and ? stand for letters."),
        click.option("--model", metavar="SPEC", help="Answers of this model; * and ? stand for letters."),
        click.option("--task", metavar="NAME", help="Answers given for this task."),
        click.option("--item", metavar="ID", help="Answers to this item; * and ? stand for letters."),
        click.option("--older-than", metavar="AGE", help="Written before: 30d, 12h, 2w, 45m or 2026-01-31 (UTC)."),
        click.option("--newer-than", metavar="AGE", help="Written since: as --older-than."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def located(given: str | None) -> Path:
    """The file of the store that is meant. Raises `UsageError` where the project file cannot tell."""
    if given is not None:
        return store_path(given)
    if Path(PROJECT).is_file():
        from weighbridge.project.yaml_source import read_yaml

        named = read_yaml(Path(PROJECT)).tree.get("store")
        if isinstance(named, str) and named.strip():
            return store_path(named)
    return store_path(DEFAULT)


def moment(age: str | None, option: str) -> float | None:
    """The Unix time that `age` ("30d", "2026-01-31") means. Raises `UsageError`."""
    if age is None:
        return None
    found = _AGE.fullmatch(age.strip().lower())
    if found is not None:
        return time.time() - float(found.group(1)) * _SECONDS[found.group(2)]
    try:
        day = datetime.fromisoformat(age.strip())
    except ValueError:
        raise UsageError(
            f"{age!r} is neither an age nor a date",
            where=option,
            fix="write an age such as 30d, 12h, 2w or 45m, or a date such as 2026-01-31",
        ) from None
    return (day if day.tzinfo else day.replace(tzinfo=UTC)).timestamp()


def selection(
    candidate: str | None,
    model: str | None,
    task: str | None,
    item: str | None,
    older_than: str | None,
    newer_than: str | None,
) -> Selection:
    """The selection that the options of `selection_options` make."""
    return Selection(
        candidate,
        model,
        task,
        item,
        before=moment(older_than, "--older-than"),
        since=moment(newer_than, "--newer-than"),
    )


def refuse_unknown_names(store: Store, chosen: Selection) -> None:
    """Raise `UsageError` with the nearest match where a name fits nothing in the store."""
    for part in ("candidate", "model", "task"):
        wanted = getattr(chosen, part)
        if wanted is not None and not store.groups(Selection(**{part: wanted})):
            names = {getattr(group.source, part) for group in store.groups()}
            raise UsageError(
                f"no answer in the store is of {part} {wanted!r}",
                where=store.location,
                fix=f"{nearest(wanted, names)} (weighbridge store list shows all)",
            )
