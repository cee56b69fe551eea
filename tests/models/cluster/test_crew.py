"""Engines on a real cluster of several nodes: lost, killed, joining, unlike each other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from ray_cluster import Nodes, counted, item, request, until
from weighbridge.evidence import Completion, Price, Question, Score
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Model, ModelError
from weighbridge.models.specs import open_model
from weighbridge.store import key_of, open_store
from weighbridge.tasks.item import Item, Message
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.run import Run
from weighbridge.weighing.weigh import weigh

pytestmark = [pytest.mark.ray, pytest.mark.slow]


class Plain:
    name = key = "plain"

    def render(self, of: Item) -> tuple[Message, ...]:
        return (Message("user", of.id),)


def exact(of: Item, completion: Completion) -> Score:
    return Score(float(completion.text == of.reference), extracted=completion.text)


def under_way(log: Path, engine: int) -> set[str]:
    """Items that this engine has begun and not ended."""
    words = [line.split() for line in log.read_text().splitlines()]
    mine = [(word, name) for word, name, pid in words if int(pid) == engine]
    return {name for word, name in mine if word == "begun"} - {name for word, name in mine if word == "ended"}


async def weighed(model: Model, folder: Path, log: Path, name: str, wait: float = 0.0) -> Run:
    """`model` against a rule that is right on fewer items, on 160 items."""
    items = tuple(item(number, log=str(log), wait=wait, right=7) for number in range(160))
    task = Task("t", items, exact, "exact", {"default": Plain()})
    other = open_model("simulated:accuracy=0.5,seed=4")
    price = Price(per_request=0.01)
    both = [Candidate("model", model, Plain(), price=price), Candidate("other", other, Plain(), price=price)]
    with open_store(folder / f"{name}.db") as store:
        return await weigh(task, both, Question(epsilon=0.0, alpha=0.001, claim="pool"), store=store, seed=3)


async def test_a_node_lost_in_the_middle_changes_nothing(nodes: Nodes, rules: Path) -> None:
    nodes.have(2)
    direct = open_model("python:ray_rules.answer", base_dir=rules)
    spread = open_model("ray:python:ray_rules.answer", nodes.options(), rules)
    log = rules / "spread.log"

    async def killer() -> None:
        """Once some answers have come: hold the calls on one node, and kill it with them."""
        await until(lambda: log.is_file() and len(counted(log)[1]) >= 4)
        victim = nodes.nodes[0]
        (engine,) = nodes.engines(victim)
        (log.parent / f"{log.name}.hold-{engine}").touch()
        await until(lambda: len(under_way(log, engine)) > 0)
        await asyncio.to_thread(nodes.remove, victim)

    try:
        killed = asyncio.create_task(killer())
        run = await weighed(spread, rules, log, "spread", 0.1)
        assert killed.done(), "the run ended before the node was killed"
        assert spread.concurrency == 8
    finally:
        await spread.close()
    expected = await weighed(direct, rules, rules / "direct.log", "direct")

    assert not run.dead
    assert run.retries == 0
    assert (run.outcome.kind, run.outcome.winners, run.stopped) == ("best", (0,), "decided")
    assert str(run.outcome) == str(expected.outcome)
    assert [str(look) for look in run.looks] == [str(look) for look in expected.looks]
    for name in ("score", "status", "order"):
        assert np.array_equal(getattr(run.evidence, name), getattr(expected.evidence, name), equal_nan=True), name

    # Of the calls that were with the lost node some were begun twice; none whose answer had come was asked again.
    begun, ended = counted(log)
    asked = counted(rules / "direct.log")[1]
    assert set(ended) == set(asked)
    again = {name for name, count in begun.items() if count > 1}
    assert again, "nothing was under way on the node"
    assert len(again) <= 8
    assert sum(ended.values()) - len(ended) <= 8
    assert {name for name, count in ended.items() if count > 1} <= again


async def test_the_store_takes_both_for_one_model(nodes: Nodes, rules: Path) -> None:
    nodes.have(1)
    direct = open_model("python:ray_rules.answer", base_dir=rules)
    spread = open_model("ray:python:ray_rules.answer", nodes.options(), rules)
    try:
        assert not spread.prepared
        await spread.prepare()
        assert spread.prepared
        asked = request(item(1))
        assert key_of(spread, asked) == key_of(direct, asked)
        assert (spread.side, spread.simulated) == (direct.side, direct.simulated)
        assert spread.capabilities.needs_item
        assert spread.endpoint != direct.endpoint
        pieces = [piece async for piece in spread.stream(request(item(1, log=str(rules / "log"))))]
        assert pieces == ["yes"]
        assert await spread.rendered(asked) is None
        assert (await spread.reading()).template == "unknown"
        with pytest.raises(ModelError, match="no embeddings"):
            await spread.embed(["a"])
        with pytest.raises(ModelError, match=r"ray_rules\.answer raised KeyError: 'log' \(item '1'\)") as caught:
            await spread.complete(asked)
        assert caught.value.kind == "bad_request"
        assert caught.value.where is not None
        assert "ray_rules.py" in caught.value.where
    finally:
        await spread.close()


async def test_an_engine_killed_is_started_again_and_a_new_node_is_used(nodes: Nodes, rules: Path) -> None:
    nodes.have(1)
    model = open_model("ray:python:ray_rules.answer", nodes.options(), rules)
    log = rules / "log"
    try:
        # Two calls under way are lost with their engine's process; both are answered all the same.
        lost = [
            asyncio.create_task(model.complete(request(item(number, log=str(log), wait=1.0)))) for number in (1, 2)
        ]
        await until(lambda: log.is_file() and len(counted(log)[0]) == 2)
        # The engine of an earlier test may still be on its way out.
        engine = int(log.read_text().split()[2])
        assert engine in nodes.engines()
        os.kill(engine, signal.SIGKILL)
        assert [answer.text for answer in await asyncio.gather(*lost)] == ["yes", "yes"]
        assert counted(log) == ({"1": 2, "2": 2}, {"1": 1, "2": 1})
        assert model.concurrency == 8

        nodes.add()
        await until(lambda: model.concurrency == 16)
        log.unlink()
        await asyncio.gather(*(model.complete(request(item(number, log=str(log)))) for number in range(16)))
        assert len({line.split()[2] for line in log.read_text().splitlines()}) == 2

        # What a caller gives up is cancelled on the node.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await model.complete(request(item("77", log=str(log), wait=1.0)))
        await asyncio.sleep(1.2)
        assert "ended 77" not in log.read_text()
    finally:
        await model.close()


async def test_all_nodes_lost(nodes: Nodes, rules: Path) -> None:
    nodes.have(1)
    model = open_model("ray:python:ray_rules.answer", nodes.options(), rules)
    log = rules / "log"
    try:
        under_way = asyncio.create_task(model.complete(request(item(1, log=str(log), wait=60))))
        await until(log.is_file)
        await asyncio.to_thread(nodes.remove)
        begin = time.monotonic()
        with pytest.raises(ModelError) as caught:
            await under_way
        assert time.monotonic() - begin < 30
        assert caught.value.kind == "dead"
        assert caught.value.what.startswith("no engine is left on the cluster: ")
        assert "\n" not in caught.value.what
        with pytest.raises(ModelError, match="no engine is left"):
            await model.complete(request(item(2, log=str(log))))
    finally:
        await model.close()


async def test_a_call_that_kills_its_engine_fails_alone(nodes: Nodes, rules: Path) -> None:
    nodes.have(1)
    model = open_model("ray:python:ray_rules.fatal", nodes.options(), rules)
    try:
        assert (await model.complete(request(item("a")))).text == "fine"
        with pytest.raises(ModelError, match="3 engines were lost while they worked on this call") as caught:
            await model.complete(request(item("poison")))
        assert caught.value.kind == "bad_request"
        assert (await model.complete(request(item("b")))).text == "fine"
    finally:
        await model.close()


async def test_nodes_that_would_answer_differently_are_refused(nodes: Nodes, rules: Path) -> None:
    """Each process writes a rule of its own, so that the digests differ."""
    nodes.have(2)
    (rules / "ray_own.py").write_text(
        "import os, pathlib\n"
        "path = pathlib.Path(__file__).with_name(f'own-{os.getpid()}.py')\n"
        "path.write_text(f'def answer(item):\\n    return \"{os.getpid()}\"\\n')\n"
        "exec(compile(path.read_text(), str(path), 'exec'))\n"
    )
    model = open_model("ray:python:ray_own.answer", nodes.options(), rules)
    try:
        with pytest.raises(ModelError) as caught:
            await model.complete(request(item(1)))
        assert caught.value.kind == "dead"
        assert "the nodes would not run the same model" in str(caught.value)
        assert "(node " in str(caught.value)
        assert "revision 'sha256:" in str(caught.value)
    finally:
        await model.close()


async def test_one_engine_per_gpu(nodes: Nodes, rules: Path) -> None:
    nodes.have(1)
    nodes.add(num_gpus=2)
    model = open_model("ray:python:ray_rules.process", nodes.options(gpus=1.0, concurrency=2), rules)
    plain = open_model("ray:python:ray_rules.process", nodes.options(replicas=3), rules)
    try:
        answers = await asyncio.gather(*(model.complete(request(item(number))) for number in range(12)))
        assert {answer.text.split()[1] for answer in answers} == {"0", "1"}
        assert len({answer.text for answer in answers}) == 2
        assert model.concurrency == 2

        answers = await asyncio.gather(*(plain.complete(request(item(number))) for number in range(30)))
        assert len({answer.text.split()[0] for answer in answers}) == 3
        assert plain.concurrency == 3
    finally:
        await model.close()
        await plain.close()
        nodes.remove(nodes.nodes[-1])


async def test_what_a_node_lacks_is_told_with_its_name(nodes: Nodes, rules: Path) -> None:
    nodes.have(1)
    models = {
        "there is no file": open_model("ray:gguf:no-such.gguf", nodes.options(), rules),
        "ray_rules has no 'nobody'": open_model("ray:python:ray_rules.nobody", nodes.options(), rules),
        "/no-such-folder is not there": open_model("ray:python:a.b", nodes.options(), Path("/no-such-folder")),
    }
    try:
        for says, model in models.items():
            await model.prepare()
            with pytest.raises(ModelError) as caught:
                await model.complete(request(item(1)))
            assert caught.value.kind == "dead"
            assert says in caught.value.what
            assert "(node " in caught.value.what
            assert caught.value.fix
    finally:
        await asyncio.gather(*(model.close() for model in models.values()))


async def test_a_stream_is_cut_where_its_engine_is_lost(nodes: Nodes, rules: Path) -> None:
    """Pieces that were handed on cannot be taken back."""
    nodes.have(1)
    server = await asyncio.start_server(_slow_events, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    model = open_model(f"ray:http://127.0.0.1:{port}/v1#m", nodes.options(server="openai"), rules)
    try:
        pieces = model.stream(request(item(1)))
        assert await anext(pieces) == "word"
        for engine in nodes.engines():
            os.kill(engine, signal.SIGKILL)
        with pytest.raises(ModelError, match="lost in the middle of the answer") as caught:
            assert {piece async for piece in pieces} <= {"word"}
        assert caught.value.kind == "cut"
    finally:
        await model.close()
        server.close()


async def _slow_events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
    event = b'data: {"id": "1", "choices": [{"delta": {"content": "word"}}]}\n\n'
    with contextlib.suppress(OSError):
        for _ in range(100):
            writer.write(event)
            await writer.drain()
            await asyncio.sleep(0.2)
        writer.close()


async def test_the_driver_killed(nodes: Nodes, rules: Path) -> None:
    """As Ray does when the head or this machine's node is lost: the run goes on without the candidate."""
    nodes.have(1)
    model = open_model("ray:python:ray_rules.answer", nodes.options(), rules)
    log = rules / "log"
    try:
        under_way = asyncio.create_task(model.complete(request(item(1, log=str(log), wait=60))))
        await until(log.is_file)
        assert model._link is not None
        assert model._link.process is not None
        model._link.process.kill()
        for call in (under_way, model.complete(request(item(2, log=str(log))))):
            with pytest.raises(ModelError, match=r"connection to the Ray cluster was lost.*signal 9") as caught:
                await call
            assert caught.value.kind == "dead"
    finally:
        await model.close()


async def test_there_is_no_cluster_there(rules: Path) -> None:
    model = open_model("ray:python:ray_rules.answer", ModelOptions(ray_address="127.0.0.1:9"), rules)
    try:
        with pytest.raises(ModelError, match=r"no Ray cluster at 127\.0\.0\.1:9") as caught:
            await model.complete(request(item(1)))
        assert caught.value.kind == "dead"
        assert "ray status" in (caught.value.fix or "")
    finally:
        await model.close()
