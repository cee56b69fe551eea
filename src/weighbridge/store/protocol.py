"""What a store offers. SQLite is behind it today; another database joins by URL in `open_store`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from weighbridge.store.answer import Answer, Group, Key, Selection, Shown
from weighbridge.store.journal import Entry


class Store(Protocol):
    """Every answer once, under the key of what was asked. Made by `weighbridge.store.open_store(location)`.

    Order of work for a caller: `key_of(model, request)` for all requests of a look; `get_many` of those keys; ask the
    models for what is missing; `await put(...)` each answer as it arrives; score what `put` returns.

    Every method may raise `StoreError` (full disk, locked, corrupt or read-only file), with what, where and fix.
    """

    @property
    def location(self) -> str:
        """The path or URL as a user would write it, without secrets."""
        ...

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Answer]:
        """The answers that are there; keys that were never answered are absent. Any number of keys, any thread.

        It blocks: about 10 microseconds a key that is there. Ask for a whole look at once.
        """
        ...

    async def put(self, answer: Answer) -> Answer:
        """Write one answer; returns once it is committed, never before.

        Returns the answer that the store now holds under the key. It is the one given, unless another process was
        first (the first stays) or a secret had to be taken out of it: **score the returned answer**, so that a rerun
        scores the same text. An awaiting task that is cancelled does not take the answer back: it is still written.
        """
        ...

    async def put_many(self, answers: Sequence[Answer]) -> list[Answer]:
        """`put` for several at once, in one transaction; cheaper where answers come in bulk."""
        ...

    def answers(self, selection: Selection | None = None) -> Iterator[Answer]:
        """Every chosen answer, oldest first, in constant memory."""
        ...

    def groups(self, selection: Selection | None = None) -> list[Group]:
        """Totals per source, newest source last."""
        ...

    def prompts(self, keys: Iterable[Key]) -> dict[Key, Shown]:
        """What was told under these keys, where it was kept."""
        ...

    def shown(self, selection: Selection | None = None) -> list[Shown]:
        """What candidates were told, of the few items of each for which it is kept, oldest first."""
        ...

    def keep_prompts(self, shown: Sequence[Shown]) -> None:
        """Keep what candidates were told. It blocks for one commit."""
        ...

    def journal(self, subject: str | None = None) -> list[Entry]:
        """Entries about `subject` (about everything, where it is None), oldest first."""
        ...

    def enter(self, entries: Sequence[Entry]) -> None:
        """Add entries to the journal. It blocks for one commit."""
        ...

    def prune(self, selection: Selection) -> int:
        """Delete the chosen answers; returns how many. An empty selection deletes all."""
        ...

    def close(self) -> None:
        """Commit what is queued and let go of the file. Twice is allowed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
