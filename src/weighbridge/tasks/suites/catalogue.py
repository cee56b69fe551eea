"""The suites there are: read from the data files beside this module, one entry each, variants by language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.tasks.suites.definition import Suite


@cache
def suites() -> Mapping[str, Suite]:
    """All suites by name, in the order of the files."""
    import yaml

    found: dict[str, Suite] = {}
    folder = resources.files("weighbridge.tasks.suites") / "data"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".yaml"):
            continue
        for written in yaml.safe_load(file.read_text(encoding="utf-8")):
            for entry in _variants(written):
                suite = msgspec.convert(entry, Suite)
                if suite.name in found:
                    raise ValueError(f"two suites are called {suite.name!r}")
                found[suite.name] = suite
    return found


def _variants(written: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The entry itself, or one for each of its ``each``: ``<name>`` in any text stands for the variant's value."""
    each = written.get("each")
    if each is None:
        return [written]
    plain = {key: value for key, value in written.items() if key != "each"}
    return [_filled(plain, {name: str(value) for name, value in values.items()}) for values in each]


def _filled(value: Any, words: Mapping[str, str]) -> Any:  # noqa: ANN401 - whatever YAML holds
    if isinstance(value, str):
        for name, word in words.items():
            value = value.replace(f"<{name}>", word)
        return value
    if isinstance(value, dict):
        return {key: _filled(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, words) for inner in value]
    return value


def suite_named(name: str) -> tuple[Suite, str | None]:
    """The suite of that name, and the part asked for (``mmlu/anatomy``). Raises `UsageError` with the nearest."""
    known = suites()
    whole, _, part = name.partition("/")
    if whole not in known:
        groups = sorted({group for suite in known.values() for group in suite.groups})
        if whole in groups:
            members = " ".join(names_in(whole))
            raise UsageError(f"{whole!r} is a group of suites", where=name, fix=f"name its suites: {members}")
        raise UsageError(
            f"there is no suite {whole!r}",
            where=name,
            fix=f"{nearest(whole, [*known, *groups])} `weighbridge suites` lists them all",
        )
    suite = known[whole]
    if part and suite.subset is None:
        raise UsageError(f"the suite {whole!r} has no parts", where=name, fix=f"write {whole}")
    return suite, part or None


def names_in(group: str) -> list[str]:
    """Names of the suites of a group, or of the one suite of that name."""
    return [suite.name for suite in suites().values() if group in suite.groups or group == suite.name]
