"""How patient a run is with one answer, and how hard it may press an endpoint."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from weighbridge.weighing.versions import Versions


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The defaults suit hosted models."""

    deadline: Annotated[float, Meta(gt=0, description="Seconds one answer may take, all its attempts included.")] = (
        120.0
    )
    """From the moment the first attempt is sent; waiting in the queue before that does not count."""
    attempts: Annotated[int, Meta(ge=1, description="Attempts at one answer.")] = 6
    """A 429 that says when to come back is not counted: it ends with the deadline or the retry budget."""
    retries: Annotated[int, Meta(ge=0, description="Repeated attempts in the whole run.")] | None = None
    """None: 100, and one more for every four answers."""
    concurrency: Annotated[int, Meta(ge=1, description="The most calls under way at once on one endpoint.")] = 64
    backoff: Annotated[float, Meta(ge=0, description="Seconds; the wait before attempt n + 1 is drawn from")] = 0.5
    """[0, backoff x 2^(n-1)], at most `backoff_most` (exponential backoff with full jitter)."""
    backoff_most: Annotated[float, Meta(ge=0, description="Seconds; longest backoff.")] = 30.0
    grace: Annotated[float, Meta(ge=0, description="Seconds that calls under way still get after Ctrl-C.")] = 5.0
    give_up: Annotated[int, Meta(ge=1, description="Answers in a row that never came before a candidate is out.")] = 8
    latency_concurrency: Annotated[int, Meta(ge=1)] | None = None
    """The load under which latency is stated: no endpoint gets more calls than this at once, and answers in the store
    that were taken under more, or under a load not known, give scores and no times. Absent: times as they come."""
    versions: Versions = "stop"
    """What happens when a vendor changes the model behind a name, during a run or since the stored answers: `stop`
    the run; `strict`, at another fingerprint of the system behind it, too; `allow` takes all for one model."""
