"""One thread that writes: whatever waits is committed together.

While one commit is on its way to the disk, further answers queue up; the next commit takes them all. There is no
timer: an answer waits for the commit under way and its own, and for nothing else. That is the whole window in which
an answer that has arrived can be lost by a kill.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from weighbridge.store.answer import Answer, Source
from weighbridge.store.faults import FAULTS, StoreError, damaged, fault
from weighbridge.store.reader import Reader
from weighbridge.store.rows import INSERT, SOURCE_ID, SOURCE_INSERT, completion_bytes, row_of, source_row
from weighbridge.store.schema import rolled_back
from weighbridge.store.secrets import Secrets

MOST = 2_000
"""Answers in one commit, about; it bounds memory and how long another process waits for its turn."""


class _Submission(NamedTuple):
    answers: Sequence[Answer]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[list[Answer]]


_Result = tuple[asyncio.Future[list[Answer]], list[Answer] | BaseException]


class Writer:
    """Commits submitted answers in the order of submission. One per open store."""

    def __init__(self, connection: sqlite3.Connection, path: Path, secrets: Secrets) -> None:
        self._connection = connection
        self._path = path
        self._secrets = secrets
        self._inode = path.stat().st_ino
        self._reader = Reader(connection, path)
        self._queue: queue.SimpleQueue[_Submission | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._ids: dict[Source, int] = {}
        self._clean: dict[Source, Source] = {}

    def submit(self, answers: Sequence[Answer]) -> asyncio.Future[list[Answer]]:
        """A future of the running event loop that ends when `answers` are committed."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[list[Answer]] = loop.create_future()
        with self._lock:
            if self._closed:
                raise StoreError("the store has been closed", kind="closed", where=str(self._path))
            if self._thread is None:
                # A daemon, so that a caller's crash cannot hang the exit; `close` waits for what is queued.
                self._thread = threading.Thread(target=self._run, name="weighbridge-store", daemon=True)
                self._thread.start()
            self._queue.put(_Submission(answers, loop, done))
        return done

    def close(self) -> None:
        """Commit what is queued, then end the thread and close the connection."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        if self._thread is not None:
            self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        more = True
        while more:
            batch: list[_Submission] = []
            size = 0
            while size < MOST:
                try:
                    taken = self._queue.get(block=not batch)
                except queue.Empty:
                    break
                if taken is None:
                    more = False
                    break
                batch.append(taken)
                size += len(taken.answers)
            if batch:
                self._settle(batch)

    def _settle(self, batch: list[_Submission]) -> None:
        """Write a batch and tell every waiting task how it went."""
        results: dict[asyncio.AbstractEventLoop, list[_Result]] = {}
        try:
            outcomes: list[list[Answer] | BaseException] = list(self.write([one.answers for one in batch]))
        except FAULTS as error:
            outcomes = [fault(error, self._path, "writing an answer") for _ in batch]
        except Exception:  # an answer that cannot be written, or a bug: no task may be left to wait for ever
            outcomes = [self._alone(one) for one in batch]
        for one, outcome in zip(batch, outcomes, strict=True):
            results.setdefault(one.loop, []).append((one.done, outcome))
        for loop, settled in results.items():
            with contextlib.suppress(RuntimeError):  # the loop has been closed, and nobody waits any more
                loop.call_soon_threadsafe(_tell, settled)

    def _alone(self, one: _Submission) -> list[Answer] | BaseException:
        """Write one submission by itself, so that a faulty one takes down no other."""
        try:
            return self.write([one.answers])[0]
        except FAULTS as error:
            return fault(error, self._path, "writing an answer")
        except Exception as error:  # told to the task that submitted it
            return error

    def write(self, submissions: Sequence[Sequence[Answer]]) -> list[list[Answer]]:
        """Commit all submissions in one transaction; what the store holds for each answer afterwards.

        Raises `sqlite3.Error`; then none of them is written. Not for two threads at once.
        """
        self._still_there()
        now = time.time()
        held = [[self._ready(answer, now) for answer in answers] for answers in submissions]
        ids = dict(self._ids)
        self._connection.execute("BEGIN IMMEDIATE")
        with rolled_back(self._connection):
            rows = [row_of(one, self._source(one.source, ids), one.written or now) for part in held for one in part]
            before = self._connection.total_changes
            self._connection.executemany(INSERT, rows)
            added = self._connection.total_changes - before
            self._connection.execute("COMMIT")
        self._ids = ids
        if added < len(rows):
            # Someone was first with some of the keys; what they wrote stays.
            first = self._reader.get_many(one.key for part in held for one in part)
            if any(one.key not in first for part in held for one in part):
                raise damaged(self._path, "the store is damaged: its index and its answers disagree")
            held = [[first[one.key] for one in part] for part in held]
        return held

    def _source(self, source: Source, ids: dict[Source, int]) -> int:
        """The row number of `source`, which is written if it is new. Rows of sources are never deleted."""
        found = ids.get(source)
        if found is None:
            row = source_row(source)
            self._connection.execute(SOURCE_INSERT, row)
            found = int(self._connection.execute(SOURCE_ID, row[:-1]).fetchone()[0])
            ids[source] = found
        return found

    def _ready(self, answer: Answer, now: float) -> Answer:
        """`answer` with its time, and without secrets."""
        source = self._clean.get(answer.source)
        if source is None:
            source = self._secrets.source(answer.source)
            self._clean[answer.source] = source
        completion = answer.completion
        if self._secrets.within(completion_bytes(completion)):
            completion = self._secrets.completion(completion)
        return Answer(
            answer.key,
            completion,
            source,
            self._secrets.without(answer.item),
            answer.repeat,
            answer.cost,
            answer.machine_seconds,
            now if answer.written is None else answer.written,
        )

    def _still_there(self) -> None:
        """Refuse to write into a file that has been deleted or put aside: it would be lost with this process."""
        try:
            now = self._path.stat().st_ino
        except OSError:
            now = None
        if now != self._inode:
            raise StoreError(
                "the store's file was removed or replaced while it was in use",
                kind="unopened",
                where=str(self._path),
                fix="put the file back, or start again with a new one",
            )


def _tell(settled: list[_Result]) -> None:
    """Runs in the event loop: end the futures whose tasks still wait."""
    for done, outcome in settled:
        if done.done():
            continue
        if isinstance(outcome, BaseException):
            done.set_exception(outcome)
        else:
            done.set_result(outcome)
