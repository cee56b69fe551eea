"""Keys and values of all sequences that are decoded together, in buffers that are written in place.

Every row ends at the same column: a row of n tokens fills the last n columns, what stands before is padding. Rows
that are done leave by having the last row moved to their place, new rows are put beneath, and the distance between
two tokens of a row, which sliding windows count, is the distance between their columns. Appending to the cache of
transformers copies all of it at every token; here a token costs what it needs.
"""

from __future__ import annotations

import functools
from typing import Any

_SPARE = 64
"""Columns allocated beyond what is asked, so that growing is rare."""


class KeyValues:
    """The rows, and ``cache``: what a model's ``past_key_values`` takes.

    `first` holds, for each row, the column of its first token; columns from `start` to `end` are in use.
    """

    def __init__(self, layers: int) -> None:
        from transformers.cache_utils import Cache

        self.start = 0
        self.end = 0
        self.first: list[int] = []
        self.columns = 0
        """Columns allocated."""
        self.height = 0
        """Rows allocated."""
        self.layers = [_layer_class()(self) for _ in range(layers)]
        self.cache = Cache(layers=self.layers)

    @property
    def rows(self) -> int:
        return len(self.first)

    @property
    def length(self) -> int:
        """Columns in use."""
        return self.end - self.start

    def lengths(self) -> list[int]:
        """Tokens of each row."""
        return [self.end - first for first in self.first]

    def mask(self, more: int, device: Any) -> Any:
        """[rows, length + more] of booleans, True where a row has a token; None where no row has padding."""
        import torch

        if all(first == self.start for first in self.first):
            return None
        columns = torch.arange(self.start, self.end + more, device=device)
        return columns >= torch.tensor(self.first, device=device)[:, None]

    def open(self, lengths: list[int]) -> None:
        """Begin with rows of these lengths, of which nothing is written yet."""
        self.start, self.end = 0, 0
        if self.height * self.columns > 2 * len(lengths) * (max(lengths) + _SPARE):
            self.height = self.columns = 0
        self.reserve(len(lengths), max(lengths))
        self.first = [max(lengths) - length for length in lengths]

    def reserve(self, rows: int, more: int) -> None:
        """Make room for `rows` rows and `more` columns after the last.

        What is allocated follows what is in use, not what once was: many short rows and then one long one must not
        add up to many long ones.
        """
        self.start = min(self.first, default=self.start)
        if rows <= self.height and self.end + more <= self.columns:
            return
        needed = self.length + more
        if rows <= self.height and 2 * needed <= self.columns:
            # Padding on the left makes up half of what there is: moving to the left is room enough.
            self._move(self.height, self.columns, 0)
            return
        spare = rows // 4 if self.rows else 0
        self._move(rows + spare, needed + max(_SPARE, needed // 8), 0)

    def _move(self, height: int, columns: int, to: int) -> None:
        """Put the columns in use at `to` in fresh buffers of that size."""
        for layer in self.layers:
            layer.move(height, columns, to)
        self.first = [first - self.start + to for first in self.first]
        self.start, self.end = to, to + self.length
        self.height, self.columns = height, columns

    def append(self, other: KeyValues) -> None:
        """Put the rows of `other` beneath; it is used up."""
        rows, length = self.rows + other.rows, max(self.length, other.length)
        if rows > self.height or self.end < other.length:
            self._move(rows + rows // 4, length + max(_SPARE, length // 8), length - self.length)
        shift = self.end - other.end
        for layer, fresh in zip(self.layers, other.layers, strict=True):
            layer.take(fresh, self.rows, shift)
        self.first += [first + shift for first in other.first]
        self.start = min(self.first)

    def drop(self, row: int) -> None:
        """Take a row out; the last row moves to its place."""
        last = self.rows - 1
        if row != last:
            for layer in self.layers:
                layer.copy_row(last, row, self.first[last], self.end)
        self.first[row] = self.first[last]
        self.first.pop()
        self.start = min(self.first, default=self.end)


@functools.lru_cache(1)
def _layer_class() -> Any:
    import torch
    from transformers.cache_utils import DynamicLayer

    class RowLayer(DynamicLayer):  # type: ignore[misc]  # the types of transformers are not read
        """One layer's buffers, [height, heads, columns, size of a head], cut to what is in use."""

        is_croppable = False

        def __init__(self, owner: KeyValues) -> None:
            super().__init__()
            self.keys: Any = None
            self.values: Any = None
            self.owner = owner

        def update(self, keys: Any, values: Any, *_: object, **__: object) -> tuple[Any, Any]:
            owner = self.owner
            self.make(keys, values)
            rows, start, end = owner.rows, owner.start, owner.end
            now = end + keys.shape[2]
            self.keys[:rows, :, end:now] = keys
            self.values[:rows, :, end:now] = values
            return self.keys[:rows, :, start:now], self.values[:rows, :, start:now]

        def make(self, keys: Any, values: Any) -> None:
            """Allocate the buffers, unless they are there, for such keys and values ([any, heads, ..., size])."""
            if self.keys is None:
                # Zeros: what is masked is still multiplied by 0, and 0 times a stray NaN is NaN.
                height, columns = self.owner.height, self.owner.columns
                self.keys = keys.new_zeros(height, keys.shape[1], columns, keys.shape[-1])
                self.values = values.new_zeros(height, values.shape[1], columns, values.shape[-1])
                self.is_initialized = True

        def get_seq_length(self) -> int:
            return self.owner.length

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            return self.owner.length + query_length, 0

        def move(self, height: int, columns: int, to: int) -> None:
            if self.keys is None:
                return
            rows, start, end = self.owner.rows, self.owner.start, self.owner.end
            for name in ("keys", "values"):
                old = getattr(self, name)
                new = torch.zeros(height, old.shape[1], columns, old.shape[3], dtype=old.dtype, device=old.device)
                new[:rows, :, to : to + end - start] = old[:rows, :, start:end]
                setattr(self, name, new)

        def take(self, other: RowLayer, row: int, shift: int) -> None:
            begin, end, count = other.owner.start, other.owner.end, other.owner.rows
            for name in ("keys", "values"):
                fresh = getattr(other, name)[:count, :, begin:end]
                getattr(self, name)[row : row + count, :, begin + shift : end + shift] = fresh

        def begin(self, other: RowLayer, count: int) -> None:
            """Begin every row with the first `count` tokens of `other`'s only row."""
            for row, first in enumerate(self.owner.first):
                for name in ("keys", "values"):
                    known = getattr(other, name)[0, :, other.owner.start : other.owner.start + count]
                    getattr(self, name)[row, :, first : first + count] = known

        def copy_row(self, source: int, target: int, begin: int, end: int) -> None:
            for name in ("keys", "values"):
                held = getattr(self, name)
                held[target, :, begin:end] = held[source, :, begin:end]

    return RowLayer
