"""One candidate in batches, in a process of its own: ``lots_client.py URL STORE VENDOR ITEMS [WHAT N]``.

WHAT is ``enter`` (entries of the journal) or ``put`` (commits of answers): the process kills itself right after the
N-th one.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from weighbridge.models.options import ModelOptions
from weighbridge.models.remote.batch.lots import Patience
from weighbridge.models.specs import open_model
from weighbridge.store import open_store
from weighbridge.weighing import lot_results
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.measure import measure
from weighing.lots import PRICE, SPECS
from weighing.parts import Plain, task_of


def dying(call, number: int):
    """`call`, and SIGKILL right after its `number`-th time."""
    left = [number]

    def counted() -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    if asyncio.iscoroutinefunction(call):

        async def waited(*given):
            found = await call(*given)
            counted()
            return found

        return waited

    def plain(*given):
        found = call(*given)
        counted()
        return found

    return plain


def main(url: str, path: str, vendor: str, items: str, what: str = "", number: str = "0") -> None:
    lot_results.PART = 4
    base = f"{url}/{'v1beta' if vendor == 'google' else 'v1'}"
    model = open_model(SPECS[vendor], ModelOptions(mode="batch", base_url=base, batch_first=int(items)))
    model.lots.patience = Patience(first=0.01, most=0.05, settle=0.3)
    one = Candidate(vendor, model, Plain(), price=PRICE)
    with open_store(Path(path)) as store:
        if what == "enter":
            store.enter = dying(store.enter, int(number))
        elif what == "put":
            store.put_many = dying(store.put_many, int(number))
        run = asyncio.run(measure(task_of(int(items)), [one], store=store))
    print(json.dumps([run.complete, run.evidence.score[0].sum(), run.from_store]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
