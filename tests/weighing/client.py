"""One run in a process of its own, against a server elsewhere: ``client.py URL STORE ITEMS``; prints its verdict."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from weighbridge.evidence import Completion, Price, Question, Score
from weighbridge.models.protocol import Sampling
from weighbridge.models.specs import open_model
from weighbridge.store import open_store
from weighbridge.tasks.item import Item, Message
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.weigh import weigh_now


@dataclass(frozen=True)
class Plain:
    name: str = "plain"

    def render(self, item: Item) -> tuple[Message, ...]:
        return (Message("user", item.fields["text"]),)


def scorer(item: Item, completion: Completion) -> Score:
    return Score(float(completion.text == item.reference))


def main(url: str, path: str, items: str) -> None:
    rows = tuple(Item(str(n), {"text": f"item {n}"}, reference="yes") for n in range(int(items)))
    task = Task("killed", rows, scorer, "exact", {"default": Plain()})
    candidates = [
        Candidate(name, open_model(f"{url}#{name}"), Plain(), Sampling(max_tokens=8), Price(per_request=0.001))
        for name in ("good", "fair", "poor")
    ]
    with open_store(Path(path)) as store:
        run = weigh_now(
            task,
            candidates,
            Question(claim="pool", epsilon=0.0),
            store=store,
            seed=7,
            limits=Limits(concurrency=4),
            progress=lambda event: print("event", flush=True) if type(event).__name__ == "Started" else None,
        )
    score = hashlib.sha256(run.evidence.score.tobytes()).hexdigest()
    verdict = [run.outcome.kind, list(run.outcome.winners), run.calls_made, len(run.looks), run.stopped, score]
    print(json.dumps(verdict), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
