"""Engines in child processes: batches, streams, cancelling, sharing, and every way in which a child can end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from weighbridge.models.local.hosting import host as hosts
from weighbridge.models.local.hosting.deaths import how_it_ended, killed_for_memory
from weighbridge.models.local.hosting.host import Settings
from weighbridge.models.local.hosting.model import HostedModel
from weighbridge.models.protocol import Capabilities, Embedder, Model, ModelError, Rendering, Starting, Templated
from weighbridge.tasks.item import Item

FACTORY = "hosted_engines:make"


@pytest.fixture(autouse=True)
def _found_by_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


def hosted(**settings) -> HostedModel:
    abilities = Capabilities(streaming=True)
    return HostedModel("test:speller", "spelling 1", Settings.of(FACTORY, settings), abilities, 8, lambda: "r1")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path(f"/proc/{pid}").is_dir() else False


def pid_of(model: HostedModel) -> int:
    assert model._host is not None
    assert model._host.process is not None
    return model._host.process.pid


async def test_calls_that_come_together_make_a_batch_and_late_ones_join_it(ask) -> None:
    model = hosted(step=0.01)
    assert isinstance(model, Model)
    assert isinstance(model, Embedder)
    assert isinstance(model, Rendering)
    assert isinstance(model, Templated)
    assert isinstance(model, Starting)
    try:
        assert model.revision == "r1"
        assert (await model.start()).engine == "spelling 1"  # type: ignore[attr-defined]
        texts = [f"call number {number}" for number in range(20)]
        first = asyncio.gather(*(model.complete(ask(text)) for text in texts))
        await asyncio.sleep(0.05)
        late = await model.complete(ask("late"))
        answers = await first
        assert [answer.text for answer in answers] == texts
        assert max(answer.usage.output_tokens or 0 for answer in answers) >= 20
        assert late.text == "late"
        # It was answered among the others, not after them.
        assert late.usage.output_tokens is not None
        assert late.usage.output_tokens > 10
        for answer in answers:
            assert answer.usage.duration is not None
            assert answer.usage.first_token is not None
            assert 0 < answer.usage.first_token < answer.usage.duration
        assert (await model.reading()).notes == ("it only spells",)
        odd = Item("1", {"x": object()})
        assert (await model.complete(ask("an item that no pipe can carry", item=odd))).text
    finally:
        await model.close()
        await model.close()
    assert not hosts._hosts


async def test_streams_vectors_and_prompts(ask) -> None:
    model = hosted()
    try:
        assert [piece async for piece in model.stream(ask("größe 🦜"))] == list("größe 🦜")
        assert await model.embed(["a", "bcd"]) == [[1.0, 1.0], [3.0, 1.0]]
        assert await model.embed([]) == []
        assert await model.rendered(ask("hello")) == "hello"
        for wrong, said in ((model.embed(["bad"]), "a bad text"), (model.rendered(ask("refuse")), "refused")):
            with pytest.raises(ModelError, match=said) as caught:
                await wrong
            assert caught.value.kind == "bad_request"
        with pytest.raises(ModelError, match="this call is wrong"):
            [piece async for piece in model.stream(ask("wrong"))]
    finally:
        await model.close()


async def test_what_is_wrong_with_one_call_leaves_the_others_alone(ask) -> None:
    model = hosted(step=0.005)
    try:
        texts = ("good", "wrong", "forget", "half a letter", "print", "good too")
        found = await asyncio.gather(*(model.complete(ask(text)) for text in texts), return_exceptions=True)
        kinds = [one.kind if isinstance(one, ModelError) else one.text for one in found]  # type: ignore[union-attr]
        assert kinds == ["good", "bad_request", "server", "malformed", "print", "good too"]
        with pytest.raises(ModelError, match="surrogate"):
            await model.complete(ask("half \ud83d here"))
        with pytest.raises(ModelError, match="ArithmeticError: a bug of the engine"):
            await model.complete(ask("raise"))
        with pytest.raises(ModelError, match="ran out of memory") as caught:
            await model.complete(ask("memory"))
        assert "batch_tokens" in str(caught.value.fix)
        assert (await model.complete(ask("still there"))).text == "still there"
    finally:
        await model.close()


async def test_a_call_that_is_given_up_frees_its_place(ask) -> None:
    model = hosted(step=0.01)
    try:
        await model.start()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await model.complete(ask("x" * 10_000))
        stream = model.stream(ask("y" * 10_000))
        assert await anext(stream) == "y"
        await stream.aclose()  # type: ignore[attr-defined]
        # The hundred seconds that they would have taken are not spent.
        answer = await asyncio.wait_for(model.complete(ask("z")), 5)
        assert answer.text == "z"
        await asyncio.sleep(0.1)
        assert (await model.complete(ask("alone"))).usage.output_tokens == 1
    finally:
        await model.close()


async def test_equal_settings_share_one_process_and_others_do_not(ask) -> None:
    one, twin, other = hosted(step=0), hosted(step=0), hosted(step=0.001)
    try:
        assert one.endpoint == twin.endpoint != other.endpoint
        await asyncio.gather(*(model.complete(ask("x")) for model in (one, twin, other)))
        assert pid_of(one) == pid_of(twin) != pid_of(other)
        pid = pid_of(one)
        await one.close()
        assert (await twin.complete(ask("y"))).text == "y"
        await twin.close()
        assert not alive(pid)
    finally:
        for model in (one, twin, other):
            await model.close()
    assert not hosts._hosts


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("signal SIGKILL", "killed"),
        ("signal SIGSEGV", "crashed in native code (SIGSEGV)"),
        ("signal SIGABRT", "crashed in native code (SIGABRT)"),
        ("exit 3", "exit code 3"),
        ("exit 0", "exit code 0"),
    ],
)
async def test_a_child_that_ends_fails_all_who_wait_and_all_who_come(order: str, said: str, ask) -> None:
    model = hosted(step=0.02)
    try:
        await model.start()
        waiting = asyncio.create_task(model.complete(ask("w" * 500)))
        await asyncio.sleep(0.05)
        found = await asyncio.gather(waiting, model.complete(ask(order)), return_exceptions=True)
        for one in (*found, *await asyncio.gather(model.complete(ask("later")), return_exceptions=True)):
            assert isinstance(one, ModelError)
            assert one.kind == "dead"
            assert said in str(one)
            assert one.fix
            assert len(str(one).splitlines()) <= 5
    finally:
        await model.close()
    again = hosted(step=0.02)
    assert (await again.complete(ask("a new one"))).text == "a new one"
    await again.close()


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        ("usage", "the files are damaged"),
        ("bug", "ValueError: a bug"),
        ("memory", "not enough memory"),
        ("kill", "ended while it loaded"),
    ],
)
async def test_an_engine_that_does_not_load(fail: str, said: str, ask) -> None:
    model = hosted(fail=fail)
    for _ in range(2):
        with pytest.raises(ModelError, match=said) as caught:
            await model.complete(ask("x"))
        assert caught.value.kind == "dead"
    await model.close()


async def test_a_factory_that_is_not_there(ask) -> None:
    model = hosted()
    model.settings = Settings.of("no_such_module:make", {})
    with pytest.raises(ModelError, match="No module named 'no_such_module'"):
        await model.complete(ask("x"))
    await model.close()


async def test_closing_does_not_wait_for_loading(ask) -> None:
    model = hosted(fail="slow")
    loading = asyncio.create_task(model.complete(ask("x")))
    await asyncio.sleep(0.5)
    pid = pid_of(model)
    began = time.monotonic()
    await model.close()
    assert time.monotonic() - began < 20
    assert not alive(pid)
    with pytest.raises(ModelError, match="stopped"):
        await loading


def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    """Even where the parent is killed and another process still holds the child's pipe open."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio, subprocess, sys, time\n"
        "from weighbridge.models.local.hosting.host import Settings\n"
        "from weighbridge.models.local.hosting.model import HostedModel\n"
        "from weighbridge.models.protocol import Capabilities\n"
        f"model = HostedModel('t:t', 'e', Settings.of({FACTORY!r}, {{}}), Capabilities(), 1, lambda: '')\n"
        "asyncio.run(model.start())\n"
        "print(model._host.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    ends = time.monotonic() + 60
    while alive(child) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not alive(child)


def test_several_event_loops_one_after_the_other(ask) -> None:
    model = hosted()
    for text in ("first", "second"):
        assert asyncio.run(model.complete(ask(text))).text == text
    asyncio.run(model.close())


def test_how_an_end_is_told() -> None:
    assert "want of memory" in how_it_ended(-9, True, "")[0]
    assert "by somebody" in how_it_ended(-9, False, "")[0]
    assert "SIGBUS" in how_it_ended(-7, False, "")[0]
    assert "files changed" in how_it_ended(-7, False, "")[1]
    what, _ = how_it_ended(1, False, "Traceback\nsomething\nRuntimeError: no kernel\nbye\n")
    assert what.endswith("RuntimeError: no kernel")
    assert "exit code None" in how_it_ended(None, False, "")[0]
    assert killed_for_memory() >= 0
