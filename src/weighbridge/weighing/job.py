"""One answer to get: who is asked, what, and what came of it."""

from __future__ import annotations

import msgspec

from weighbridge.evidence import Completion, Usage
from weighbridge.models.protocol import ErrorKind, Request
from weighbridge.store import Answer, Key, Source
from weighbridge.tasks.item import Item, Message
from weighbridge.weighing.answering import request_for
from weighbridge.weighing.bill import Bill
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.endpoint import Endpoint
from weighbridge.weighing.progress import Tally
from weighbridge.weighing.versions import Versions, VersionWatch

HEARD = 64
"""Prompts that an engine tells with its answers and that are held until the run's end; the first drawn are shown."""

STOPPED_ANSWERING: frozenset[ErrorKind] = frozenset({"connection", "server", "timeout", "cut", "rate_limit"})
"""Failures in which nothing was answered at all; after a row of them a candidate that did answer is taken down.
The others (malformed, empty, refused requests) are outcomes of a model that is there."""

NEVER_ANSWERED_ATTEMPTS = 20
"""Failed attempts after which a candidate without a single answer is taken down."""


class Contender:
    """A candidate in a run: its endpoint, its bill, and whether it still answers."""

    __slots__ = (
        "answers",
        "as_batched",
        "attempts_failed",
        "bill",
        "candidate",
        "capabilities",
        "cost",
        "costed",
        "down",
        "endpoint",
        "failed",
        "failed_in_row",
        "from_store",
        "heard",
        "index",
        "machine_calls",
        "machine_seconds",
        "retries",
        "seconds",
        "slowest",
        "source",
        "timed",
        "timed_at",
        "versions",
    )

    def __init__(
        self,
        index: int,
        candidate: Candidate,
        endpoint: Endpoint,
        bill: Bill,
        task: str,
        versions: Versions = "stop",
        timed_at: int | None = None,
    ) -> None:
        model = candidate.model
        self.index = index
        self.candidate = candidate
        self.capabilities = model.capabilities
        self.endpoint = endpoint
        self.bill = bill
        self.source = Source(candidate.name, model.spec, task, model.revision, model.engine, model.simulated)
        self.down: str | None = None
        """Why it was taken down."""
        self.answers = 0
        self.from_store = 0
        self.failed = 0
        self.failed_in_row = 0
        self.attempts_failed = 0
        self.retries = 0
        self.cost = 0.0
        self.costed = 0
        self.seconds = 0.0
        self.timed = 0
        self.machine_seconds = 0.0
        self.machine_calls = 0
        self.heard: dict[int, str] = {}
        """What its engine says it read, for some of the first items, by the item's index."""
        self.slowest = 0.0
        """Seconds of the longest call of this run."""
        self.versions = VersionWatch(candidate.name, versions)
        self.as_batched = False
        """Reckon every answer at the price of the batch interface, however it came: for a plan of a run in lots."""
        self.timed_at = None if self.capabilities.needs_item else timed_at
        """The most calls at once under which a time counts; None: any."""

    def request(self, messages: tuple[Message, ...], item: Item, repeat: int) -> Request:
        """What to ask about one item; constraints only where the model declares that it can be held to them."""
        candidate = self.candidate
        capabilities = self.capabilities
        if candidate.protocol in ("choice", "loglikelihood"):
            return request_for(candidate, capabilities, messages, item, repeat)
        return Request(
            messages,
            candidate.sampling,
            candidate.choices if capabilities.choices else None,
            candidate.json_schema if capabilities.json_schema else None,
            repeat=repeat,
            item=item if capabilities.needs_item else None,
        )

    def count(self, answer: Answer, *, from_store: bool) -> None:
        """One more answer; its cost is reckoned at today's price. See `versions` whether the run may go on."""
        usage = answer.completion.usage
        self.versions.hear(answer, from_store=from_store)
        self.answers += 1
        self.from_store += from_store
        cost = self.cost_of(answer)
        if cost is not None:
            self.cost += cost
            self.costed += 1
        if usage.duration is not None:
            self.seconds += usage.duration
            self.timed += 1
        if answer.machine_seconds is not None:
            self.machine_seconds += answer.machine_seconds
            self.machine_calls += 1

    def cost_of(self, answer: Answer) -> float | None:
        """What an answer costs at today's price."""
        usage = answer.completion.usage
        if self.as_batched and not usage.batched:
            usage = msgspec.structs.replace(usage, batched=True)
        return self.bill.cost(usage, answer.machine_seconds)

    def usage(self, said: Usage) -> Usage:
        """`said` without its times, where they were taken under another load than the one that is asked for."""
        if self.timed_at is None or (said.concurrency is not None and said.concurrency <= self.timed_at):
            return said
        return msgspec.structs.replace(said, duration=None, first_token=None, concurrency=None)

    def tally(self) -> Tally:
        """Its answers so far."""
        return Tally(
            answers=self.answers,
            from_store=self.from_store,
            failed=self.failed,
            retries=self.retries,
            cost_mean=self.cost / self.costed if self.costed else None,
            seconds_mean=self.seconds / self.timed if self.timed else None,
        )

    def verdict_on_failures(self, kind: ErrorKind, what: str, give_up: int) -> str | None:
        """Why the candidate must be taken down after one more failed answer, if it must."""
        if self.answers == 0 and (self.failed >= give_up or self.attempts_failed >= NEVER_ANSWERED_ATTEMPTS):
            return f"never answered ({self.attempts_failed} attempts); the last error: {what}"
        if self.failed_in_row >= give_up and kind in STOPPED_ANSWERING:
            return f"stopped answering after {self.answers} answers; the last error: {what}"
        return None


class Job:
    """One answer; `answer` or `error` is there when it is over, neither where the run stopped before."""

    __slots__ = ("ahead", "answer", "contender", "error", "from_store", "item", "item_id", "key", "request", "twin")

    def __init__(self, contender: Contender, item: int, item_id: str, request: Request, key: Key) -> None:
        self.contender = contender
        self.item = item
        self.item_id = item_id
        self.request = request
        self.key = key
        self.answer: Answer | None = None
        self.error: str | None = None
        """Why no answer came."""
        self.from_store = False
        self.ahead = False
        """Asked before the race wants it (a lot is worth more than a few draws): counted when it does."""
        self.twin: Job | None = None
        """The same question in the same batch (items alike), which is asked once."""

    @property
    def over(self) -> bool:
        return self.answer is not None or self.error is not None

    def completed(self, completion: Completion, cost: float | None, machine_seconds: float) -> Answer:
        """The answer to hand to the store."""
        return Answer(
            self.key,
            completion,
            self.contender.source,
            self.item_id,
            self.request.repeat,
            cost,
            machine_seconds,
        )
