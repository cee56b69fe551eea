"""The engines of one model over a cluster: kept alive, and each call given to the one with the most room.

Lives in the driver's process, in its one event loop. A call is with one engine at a time, and is asked again only
where that engine was lost before its answer came back; an answer that came back is never asked for again.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from weighbridge import __version__
from weighbridge.models.cluster.actor import EngineActor
from weighbridge.models.cluster.places import Node, living, wanted
from weighbridge.models.cluster.replica import PATIENCE, RESTARTS, LostError, Replica, UnfitError
from weighbridge.models.cluster.words import Identity, Method, Told, Work

MOVES = 3
"""Engines that may be lost with one call before the call itself is blamed."""
LOOK = 1.0
"""Seconds between two looks at the nodes."""
START = 120.0
"""Seconds until one engine at least must be open; the model is loaded later, by the first call."""
GRACE = 5.0
"""Seconds the others get after the first to open before the work begins; what opens later joins in."""


class CrewError(Exception):
    """The crew cannot work, or can no more."""

    def __init__(self, told: Told) -> None:
        super().__init__(told.what)
        self.told = told


class Crew:
    """Made, started once, asked any number of times, closed."""

    def __init__(self, work: Work, resized: Callable[[int], None]) -> None:
        """`resized` is told how many calls the engines take whenever that changes."""
        self.work = work
        self.identity: Identity | None = None
        self.replicas: list[Replica] = []
        self._resized = resized
        self._slots = 0
        self._gpus: float | None = work.gpus
        self._spoiled: set[str] = set()
        """Nodes on which an engine was given up."""
        self._reasons: list[Told] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._dead: Told | None = None
        self._unfit: Told | None = None
        self._looking = asyncio.Lock()
        self._versions = {"python": platform.python_version(), "weighbridge": __version__}

    @property
    def engines(self) -> int:
        return sum(replica.state == "ready" for replica in self.replicas)

    async def start(self) -> Identity:
        """Open an engine at every place; raises `CrewError` where one cannot be, or is not like the others."""
        await self._look()
        if not self.replicas:
            raise CrewError(Told("the cluster has no node that may do work", fix="see `ray status`"))
        clock = asyncio.get_running_loop().time
        ends = clock() + START
        while any(replica.state == "opening" for replica in self.replicas) and self._unfit is None:
            if self.engines:
                ends = min(ends, clock() + GRACE)
            if clock() > ends:
                break
            await asyncio.sleep(0.02)
        told = self._unfit or self._dead
        if told is not None:
            raise CrewError(told)
        if self.identity is None:
            taken = f"; each asks for {self._gpus:g} of a GPU (`gpus`)" if self._gpus else ""
            raise CrewError(Told(f"no engine could be placed within {START:g} s{taken}", fix="see `ray status`"))
        self._later(self._watch())
        return self.identity

    async def ask(self, method: Method, data: bytes, emit: Callable[[str], None]) -> tuple[str, bytes]:
        """One call, moved to another engine where its engine is lost. Raises `CrewError` where none is left."""
        emitted = False

        def passed_on(text: str) -> None:
            nonlocal emitted
            emitted = True
            emit(text)

        for _ in range(MOVES):
            replica = await self._free()
            try:
                if method == "stream":
                    return await replica.stream(data, passed_on)
                return await replica.ask(method, data)
            except LostError as lost:
                why = lost.why
                self._fell(replica, lost)
                if emitted:
                    told = Told(f"the engine was lost in the middle of the answer: {why}", "cut", billed=True)
                    raise CrewError(told) from None
            finally:
                replica.busy -= 1
                self._wake()
        raise CrewError(
            Told(
                f"{MOVES} engines were lost while they worked on this call, the last with: {why}",
                "bad_request",
                fix="look at the prompt: it may need more memory than the nodes have",
            )
        )

    async def close(self) -> None:
        self._closed = True
        for task in self._tasks:
            task.cancel()
        for replica in self.replicas:
            await self._end(replica)
        self.replicas.clear()

    async def _free(self) -> Replica:
        """The engine with the fewest calls for its slots, once one has room; its `busy` is counted up."""
        while True:
            if self._dead is not None:
                raise CrewError(self._dead)
            open_ones = [one for one in self.replicas if one.state == "ready" and one.busy < one.slots]
            if open_ones:
                chosen = min(open_ones, key=lambda one: one.busy / one.slots)
                chosen.busy += 1
                return chosen
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()
                raise

    def _wake(self, everybody: bool = False) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                if not everybody:
                    return

    def _fell(self, replica: Replica, lost: LostError) -> None:
        """A call saw `replica` lost; of the calls that did, the first counts."""
        if replica.state != "ready":
            return
        replica.falls += 1
        given_up = lost.for_good or replica.falls > RESTARTS or (lost.told is not None and not replica.answered)
        if given_up:
            told = lost.told or Told(f"{replica.node}: {lost.why}")
            self._give_up(replica, told)
            return
        if lost.told is not None:
            # The engine's process is gone and the actor is not: Ray starts a killed actor again, on the same node.
            import ray

            ray.kill(replica.handle, no_restart=False)
        replica.state, replica.answered = "opening", False
        self._count()
        self._later(self._opened(replica))

    async def _opened(self, replica: Replica) -> None:
        """Open the engine, again where it is lost meanwhile, and let it work."""
        refused = 0
        while replica.state == "opening":
            try:
                identity = await replica.open(self.work, self._versions)
                self._compare(replica.node, identity)
            except LostError as lost:
                refused = refused + 1 if lost.passing else 0
                replica.falls += not lost.passing or refused % PATIENCE == 0
                if lost.for_good or replica.falls > RESTARTS:
                    self._give_up(replica, Told(f"{replica.node}: {lost.why}"))
                    return
                await asyncio.sleep(0.5)
            except UnfitError as unfit:
                self._unfit = unfit.told
                self._give_up(replica, unfit.told)
                return
            else:
                replica.slots = identity.concurrency
                replica.state = "ready"
                self._count()
                self._wake(everybody=True)

    def _compare(self, node: Node, identity: Identity) -> None:
        """Raise `UnfitError` for an engine that would answer otherwise than the first."""
        if self.identity is None:
            self.identity = identity
        for name in ("revision", "engine", "spec"):
            mine, other = getattr(self.identity, name), getattr(identity, name)
            if mine != other:
                raise UnfitError(
                    Told(
                        f"the nodes would not run the same model: {node} has {name} {other!r}, another {mine!r}",
                        "usage",
                        fix="bring the same weights and the same engine version to every node",
                    )
                )

    def _give_up(self, replica: Replica, told: Told) -> None:
        replica.state = "gone"
        if replica in self.replicas:
            self.replicas.remove(replica)
        self._spoiled.add(replica.node.id)
        self._reasons.append(told)
        self._count()
        self._later(self._end(replica))
        self._later(self._look())

    async def _look(self) -> None:
        """Place engines where some are missing, and find out whether any is left."""
        import ray

        async with self._looking:
            nodes = living(await asyncio.to_thread(ray.nodes))
            alive = {node.id for node in nodes}
            for replica in [one for one in self.replicas if one.node.id not in alive]:
                self._give_up(replica, Told(f"{replica.node} left the cluster"))
            nodes = [node for node in nodes if node.id not in self._spoiled]
            if self._gpus is None:
                self._gpus = await self._gpus_used(nodes)
            goal = wanted(nodes, self.work.replicas, self._gpus)
            present = Counter(replica.node.id for replica in self.replicas)
            missing = max(0, goal.total() - present.total()) if self.work.replicas else goal.total()
            for node in nodes:
                for _ in range(min(missing, max(0, goal[node.id] - present[node.id]))):
                    missing -= 1
                    # Ray is asked for less than a whole GPU where several models of this run are to share them.
                    reserved = self._gpus if self.work.gpus is not None else self._gpus * self.work.share
                    replica = Replica(node, self._actor(node, reserved))
                    self.replicas.append(replica)
                    self._later(self._opened(replica))
            if not self.replicas and self._reasons and self._dead is None:
                reasons = "; ".join(dict.fromkeys(told.what for told in self._reasons))
                fix = next((told.fix for told in self._reasons if told.fix), None)
                self._dead = Told(f"no engine is left on the cluster: {reasons}"[:1000], "dead", fix=fix)
                self._wake(everybody=True)

    async def _gpus_used(self, nodes: list[Node]) -> float:
        """GPUs for one engine: 1, or 0 where no node has one or the engine would not use it."""
        import ray

        for node in nodes:
            if node.gpus:
                scout = self._actor(node, 0.0)
                try:
                    met = await scout.meet.remote()
                    if met["weighbridge"] == __version__:
                        used = await scout.accelerated.remote(self.work.spec, self.work.options)
                        return 1.0 if used else 0.0
                except ray.exceptions.RayError:
                    # Ray counts a node that is gone among the living for some seconds.
                    continue
                finally:
                    await asyncio.to_thread(self._kill, scout)
        return 0.0

    def _actor(self, node: Node, gpus: float) -> Any:  # noqa: ANN401 - Ray's handle
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return (
            ray.remote(EngineActor)
            .options(
                num_cpus=0,
                num_gpus=gpus,
                max_restarts=-1,
                max_task_retries=0,
                max_concurrency=1000,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, soft=False),
            )
            .remote()
        )

    async def _watch(self) -> None:
        import ray

        while not self._closed:
            await asyncio.sleep(LOOK)
            # A head that does not answer for a moment; where it stays away, Ray ends this process.
            with contextlib.suppress(ray.exceptions.RayError, ConnectionError):
                await self._look()

    def _count(self) -> None:
        slots = sum(replica.slots for replica in self.replicas if replica.state == "ready")
        if slots != self._slots:
            self._slots = slots
            self._resized(slots)

    def _later(self, work: Any) -> None:  # noqa: ANN401 - a coroutine
        if not self._closed:
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            work.close()

    async def _end(self, replica: Replica) -> None:
        """Let the engine close, if it still can, and end its actor."""
        try:
            async with asyncio.timeout(2):
                await replica.handle.close.remote()
        except Exception:  # noqa: S110 - it is being ended: what it has to say no longer matters
            pass
        await asyncio.to_thread(self._kill, replica.handle)

    @staticmethod
    def _kill(handle: Any) -> None:  # noqa: ANN401 - Ray's handle
        import ray

        ray.kill(handle, no_restart=True)
