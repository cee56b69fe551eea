"""Has the model behind a name changed? From Python."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighbridge.store import open_store
from weighbridge.weighing.blocking import completed
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.progress import Progress

if TYPE_CHECKING:
    from weighbridge.drifting import Drift
    from weighbridge.drifting.coming import Coming


def drift(
    project: str | Path | Mapping[str, Any] | None = None,
    *,
    candidates: Sequence[str] = (),
    anchors: int | None = None,
    renew: bool = False,
    ask: bool = True,
    progress: Progress | None = None,
    told: Callable[[Coming, str], None] | None = None,
    speaker: str = "keyword {name}",
    **options: Any,  # noqa: ANN401 - checked by name and type against the project file's declaration
) -> Drift:
    """Ask a few items again, and say whether a vendor has changed the model since the stored answers.

    project
        A project file (``weighbridge.yaml`` where nothing is said), or a mapping of the same shape; one candidate is
        enough.
    candidates
        Names of those to look at; all that are served by somebody else where none is given.
    anchors
        Items that are asked again, 50 where nothing is said; fixed with the first call.
    renew
        Keep new answers as those that later ones are held against, and count looks anew.
    ask
        False makes no call: what is known is told.
    progress, told
        Called with every event; with what is about to be asked (and the currency) before anything is spent.
    speaker
        How an error names an option: ``keyword {name}`` or ``option {flag}``.
    options
        Single options by the names that the command line has: ``alpha=0.01``, ``budget_money=0.5``.

    Works where an event loop runs already. Raises `UsageError` for input that cannot be used.
    """
    from weighbridge.drifting import watch
    from weighbridge.project.load import DEFAULT_FILE, load_project

    loaded = load_project(project if project is not None else DEFAULT_FILE, options, speaker=speaker, least=1)
    currency = loaded.options.currency
    halt = Halt()
    with loaded.placing(), open_store(loaded.store) as store:

        async def whole() -> Drift:
            try:
                return await watch(
                    loaded.task,
                    loaded.candidates,
                    loaded.question,
                    store=store,
                    names=candidates,
                    anchors=anchors,
                    renew=renew,
                    ask=ask,
                    budget=loaded.budget,
                    seed=loaded.seed,
                    limits=loaded.limits,
                    currency=currency,
                    progress=progress,
                    halt=halt,
                    told=None if told is None else lambda coming: told(coming, currency),
                )
            finally:
                models = {id(one.model): one.model for one in loaded.candidates}
                await asyncio.gather(*(model.close() for model in models.values()))

        return completed(whole, halt)
