"""Reading counts out of a configuration: whatever is missing or damaged is named, with its file and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weighbridge.errors import UsageError

_MOST = 1 << 40
"""No count in a configuration is larger; one that is was damaged."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a configuration says, and where it stands."""

    values: Mapping[str, Any]
    where: str
    """The file, for messages."""
    name: str
    """The model's, for reports."""

    @property
    def family(self) -> str:
        """Its ``model_type``."""
        return self.text("model_type")

    def count(self, *names: str) -> int:
        """The first of these keys that is there. Raises `UsageError` where none is, or it is no positive integer."""
        found = self.maybe(*names)
        if found is None:
            raise UsageError(
                f"the configuration does not say {names[0]}",
                where=self.where,
                fix="get config.json of this model again; it must be the model's own and whole",
            )
        return found

    def maybe(self, *names: str) -> int | None:
        """As `count`; None where none of the keys is there (or it is null)."""
        for name in names:
            value = self.values.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _MOST:
                raise self.damaged(name, "a positive integer")
            return value
        return None

    def depth(self, *names: str) -> int:
        """A count of layers; more than ten thousand are a damaged figure."""
        found = self.count(*names)
        if found > 10_000:
            name = next(one for one in names if self.values.get(one) is not None)
            raise self.damaged(name, "a number of layers")
        return found

    def natural(self, name: str, otherwise: int = 0) -> int:
        """A count that may be nought."""
        value = self.values.get(name)
        if value is None:
            return otherwise
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MOST:
            raise self.damaged(name, "an integer of 0 or more")
        return value

    def flag(self, name: str, otherwise: bool) -> bool:
        """A truth value. Raises `UsageError` where it is something else."""
        value = self.values.get(name)
        if value is None:
            return otherwise
        if not isinstance(value, bool):
            raise self.damaged(name, "true or false")
        return value

    def list_of(self, name: str) -> list[Any]:
        """A list; empty where it is not there. Raises `UsageError` where it is something else."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.damaged(name, "a list")
        return value

    def places(self, name: str) -> set[int]:
        """Numbers of layers; none where the list is not there. Raises `UsageError` where they are something else."""
        found = self.list_of(name)
        if not all(isinstance(one, int) for one in found):
            raise self.damaged(name, "a list of layers' numbers")
        return set(found)

    def text(self, name: str) -> str:
        """A text; empty where it is not there."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def inside(self, name: str) -> Said | None:
        """A configuration within this one."""
        value = self.values.get(name)
        return Said(value, f"{self.where}: {name}", self.name) if isinstance(value, Mapping) else None

    def damaged(self, name: str, wanted: str) -> UsageError:
        """What is wrong with the value of `name`."""
        return UsageError(
            f"{name} is {self.values.get(name)!r} in the configuration; it must be {wanted}",
            where=f"{self.where}: {name}",
            fix="get config.json of this model again",
        )
