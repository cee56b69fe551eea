"""Writing and reading answers in one file, from many tasks and several processes."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish, Usage
from weighbridge.store import Answer, Key, Selection, Source, StoreError, open_store

Make = Callable[..., Answer]


def bare(answer: Answer) -> Answer:
    """`answer` without the time at which it was written."""
    return msgspec.structs.replace(answer, written=None)


async def test_what_was_put_is_there_in_this_store_and_the_next(path: Path, answer: Make) -> None:
    before = time.time()
    with open_store(path) as store:
        held = await store.put(answer(1))
        assert bare(held) == answer(1)
        assert before <= (held.written or 0) <= time.time()
        assert store.get_many([answer(1).key, answer(2).key]) == {held.key: held}
    with open_store(path) as store:
        assert store.get_many([held.key]) == {held.key: held}
        assert store.location == str(path)
    assert sorted(file.name for file in path.parent.iterdir()) == ["answers.db"], "the log is cleared away"


completions = st.builds(
    Completion,
    text=st.text(st.characters(), max_size=50),  # with halves of surrogate pairs, which UTF-8 cannot carry
    finish=st.sampled_from(Finish),
    usage=st.builds(
        Usage,
        input_tokens=st.none() | st.integers(0, 2**40),
        duration=st.none() | st.floats(0, 1e6),
    ),
    model=st.none() | st.text(max_size=5),
    logprobs=st.none() | st.lists(st.tuples(st.text(st.characters(), max_size=3), st.floats(-50, 0)), max_size=3),
    error=st.none() | st.text(st.characters(), max_size=5),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(
    completion=completions,
    key=st.binary(min_size=32, max_size=32),
    item=st.text(),
    repeat=st.integers(0, 99),
    cost=st.none() | st.floats(0, 1e9),
    written=st.floats(1, 4e9),
)
def test_every_completion_comes_back_as_it_went_in(
    tmp_path: Path, completion: Completion, key: bytes, item: str, repeat: int, cost: float | None, written: float
) -> None:
    answer = Answer(Key(key), completion, Source("c", "m"), item, repeat, cost, None, written)
    with open_store(tmp_path / f"{os.urandom(8).hex()}.db") as store:
        assert asyncio.run(store.put(answer)) == answer
        assert store.get_many([Key(key)]) == {key: answer}
        assert list(store.answers()) == [answer]


async def test_the_first_answer_under_a_key_stays(path: Path, answer: Make) -> None:
    with open_store(path) as mine, open_store(path) as other:
        first = await other.put(answer(1, text="first"))
        late = await mine.put_many([answer(0), answer(1, text="late"), answer(2)])
        assert [held.completion.text for held in late][1] == "first"
        assert late[1] == first
        twice = await mine.put_many([answer(5, text="one"), answer(5, text="two")])
        assert [held.completion.text for held in twice] == ["one", "one"]
        assert [held.completion.text for held in mine.answers()][:2] == ["first", answer(0).completion.text]


async def test_many_tasks_share_commits(path: Path, answer: Make) -> None:
    with open_store(path) as store:

        async def put(number: int) -> Answer:
            held = await store.put(answer(number))
            assert held.key in store.get_many([held.key]), "acknowledged before it was committed"
            return held

        held = await asyncio.gather(*(put(number) for number in range(2_000)))
        assert [bare(one) for one in held] == [answer(number) for number in range(2_000)]
        assert len({one.written for one in held}) < 1_000, "one commit for each answer"


async def test_a_cancelled_put_is_still_written(path: Path, answer: Make) -> None:
    with open_store(path) as store:
        task = asyncio.create_task(store.put(answer(1)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await store.put(answer(2))
        assert len(store.get_many([answer(1).key, answer(2).key])) == 2


async def test_closing_waits_for_what_is_queued(path: Path, answer: Make) -> None:
    store = open_store(path)
    tasks = [asyncio.create_task(store.put(answer(number))) for number in range(500)]
    await asyncio.sleep(0)
    store.close()
    store.close()
    await asyncio.gather(*tasks)
    with open_store(path) as again:
        assert sum(1 for _ in again.answers()) == 500
    for use in (lambda: store.get_many([]), store.groups, lambda: list(store.answers())):
        with pytest.raises(StoreError, match="closed"):
            use()
    with pytest.raises(StoreError, match="closed"):
        await store.put(answer(1))


async def test_an_answer_that_cannot_be_written_fails_alone(path: Path, answer: Make) -> None:
    bad = msgspec.structs.replace(answer(1), cost="much")  # a caller's bug, which types would show
    with open_store(path) as store:
        results = await asyncio.gather(
            store.put(answer(0)), store.put(bad), store.put(answer(2)), return_exceptions=True
        )
        assert isinstance(results[1], ValueError)
        assert [one.key for one in store.answers()] == [answer(0).key, answer(2).key]


def test_reading_from_several_threads(path: Path, answer: Make) -> None:
    keys = [answer(number).key for number in range(3_000)]
    with open_store(path) as store:
        asyncio.run(store.put_many([answer(number) for number in range(3_000)]))
        counts: list[int] = []
        threads = [threading.Thread(target=lambda: counts.append(len(store.get_many(keys)))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert counts == [3_000] * 4


async def test_groups_sum_what_is_known(path: Path, answer: Make) -> None:
    other = Source("big", "http://127.0.0.1:2/v1#big", task="routing", simulated=True)
    with open_store(path) as store:
        await store.put_many([answer(number) for number in range(10)])
        await store.put_many(
            [
                Answer(Key(bytes([n]) * 32), Completion("", Finish.ERROR, error="dead"), other, "item-1", repeat=n)
                for n in range(3)
            ]
        )
        small, big = store.groups()
        assert (small.answers, small.items, small.failed, small.output_tokens) == (10, 10, 0, 30)
        assert small.input_tokens == sum(10 + number % 7 for number in range(10))
        assert small.cost == pytest.approx(2 * 0.010)
        assert small.uncosted == 0
        assert big.source == other
        assert (big.answers, big.items, big.failed, big.input_tokens, big.cost, big.uncosted) == (
            3,
            1,
            3,
            None,
            None,
            3,
        )
        assert store.groups(Selection(candidate="nobody")) == []


async def test_selections(path: Path, answer: Make) -> None:
    stars = Source("sm*", "m[1]", task="other")
    with open_store(path) as store:
        await store.put_many(
            [msgspec.structs.replace(answer(number), written=1000.0 + number) for number in range(20)]
        )
        await store.put(answer(3, source=stars))

        def chosen(**parts: object) -> list[str]:
            return [one.item for one in store.answers(Selection(**parts))]

        assert len(chosen()) == 21
        assert len(chosen(candidate="small")) == 20
        assert len(chosen(candidate="s*")) == 21
        assert chosen(candidate="sm*") == ["item-3"], "a name that is there is meant literally"
        assert chosen(model="m[1]") == chosen(model="m[?]") == ["item-3"]
        assert len(chosen(model="http*")) == 20
        assert chosen(item="item-7") == ["item-7"]
        assert len(chosen(item="item-1?")) == 10
        assert chosen(before=1002.0) == ["item-0", "item-1"]
        assert len(chosen(since=1018.0)) == 3
        assert chosen(since=1018.0, before=1019.0, task="routing") == ["item-18"]
        for digits in (1, 7, 64):
            assert chosen(key_prefix=answer(5).key.hex()[:digits].upper()).count("item-5") == 1
        with pytest.raises(UsageError, match="not the beginning of a key"):
            chosen(key_prefix="xyz")


async def test_pruning_takes_only_what_is_chosen_and_leaves_no_trace(path: Path, answer: Make) -> None:
    with open_store(path) as store:
        await store.put_many([answer(number, text=f"needle {number} " + "x" * 5_000) for number in range(200)])
        size = path.stat().st_size + Path(f"{path}-wal").stat().st_size
        assert store.prune(Selection(item="item-1*")) == 111
        assert len(store.get_many([answer(number).key for number in range(200)])) == 89
        assert path.stat().st_size < size / 2, "the space is given back"
        raw = path.read_bytes() + Path(f"{path}-wal").read_bytes()
        assert b"needle 15 " not in raw
        assert b"needle 25 " in raw
        held = await store.put(answer(15, text="asked again"))
        assert held.completion.text == "asked again"
        assert store.prune(Selection()) == 90
        assert list(store.answers()) == []


WRITE = """
import asyncio, sys
from pathlib import Path
from weighbridge.evidence import Completion
from weighbridge.store import Answer, Key, Source, open_store
import hashlib
path, name = sys.argv[1:]
async def main():
    with open_store(Path(path)) as store:
        async def put(number):
            key = Key(hashlib.sha256(b"%d" % number).digest())
            held = await store.put(Answer(key, Completion(name), Source(name, "m"), str(number)))
            return held.completion.text
        told = await asyncio.gather(*(put(number) for number in range(400)))
        print(" ".join(told))
asyncio.run(main())
"""


def test_processes_share_a_store(path: Path) -> None:
    # All begin on a file that is not there yet, and all want to write the same keys.
    started = [
        subprocess.Popen([sys.executable, "-c", WRITE, str(path), name], stdout=subprocess.PIPE, text=True)
        for name in ("a", "b", "c")
    ]
    told = [process.communicate(timeout=60)[0].split() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    with open_store(path, readonly=True) as store:
        held = {int(answer.item): answer.completion.text for answer in store.answers()}
    assert told == [[held[number] for number in range(400)]] * 3, "each was told what the store holds"


async def test_reading_stays_within_bounds(path: Path, answer: Make) -> None:
    with open_store(path) as store:
        for start in range(0, 20_000, 2_000):
            await store.put_many([answer(number, size=1_000) for number in range(start, start + 2_000)])
        assert path.stat().st_size + Path(f"{path}-wal").stat().st_size > 20e6
        tracemalloc.start()
        count = sum(1 for _ in store.answers())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 4e6


async def test_writers_are_not_held_up_by_a_slow_reader(path: Path, answer: Make) -> None:
    with open_store(path) as store:
        await store.put_many([answer(number) for number in range(2_000)])
        reading = iter(store.answers())
        next(reading)
        await store.put(answer(5_000))
        assert sum(1 for _ in reading) == 2_000
        with open_store(path) as other:
            assert other.prune(Selection(item="item-5000")) == 1


async def test_reading_only(path: Path, answer: Make) -> None:
    with pytest.raises(UsageError, match="no store here"):
        open_store(path, readonly=True)
    assert not path.exists()
    with open_store(path) as store:
        held = await store.put(answer(1))
        with open_store(path, readonly=True) as second:
            assert second.get_many([held.key]) == {held.key: held}
            with pytest.raises(StoreError, match="reading only"):
                await second.put(answer(2))
            with pytest.raises(StoreError, match="reading only"):
                second.prune(Selection())


FORGET = """
import asyncio, sys
from weighbridge.evidence import Completion
from weighbridge.store import Answer, Key, Source, open_store
store = open_store(sys.argv[1])
async def main():
    for number in range(300):
        task = asyncio.ensure_future(store.put(Answer(Key(b"%032d" % number), Completion(""), Source("c", "m"), "i")))
    await asyncio.sleep(0)
    raise SystemExit(7)
asyncio.run(main())
"""


def test_a_program_that_ends_without_closing_keeps_its_answers(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", FORGET, str(path)], capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stderr) == (7, "")
    with open_store(path) as store:
        assert sum(1 for _ in store.answers()) == 300


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_store().close()
    assert (tmp_path / ".weighbridge" / "answers.db").is_file()
    assert (tmp_path / ".weighbridge" / ".gitignore").read_text() == "*\n"
    for location in ("plain.db", "sqlite:named.db", "odd name%20?#ü.db", "c:odd.db"):
        open_store(location).close()
    names = {file.name for file in tmp_path.iterdir() if file.is_file()}
    assert names == {"plain.db", "named.db", "odd name%20?#ü.db", "c:odd.db"}
    for location in ("postgresql://me:hunter2@host/db", "sqlite:///x.db", "mysql://h/d"):
        with pytest.raises(UsageError, match="cannot be opened by a") as caught:
            open_store(location)
        assert "hunter2" not in str(caught.value)
        assert ".weighbridge/answers.db" in str(caught.value)
    with pytest.raises(UsageError, match="no name"):
        open_store(" ")


def test_the_file_keeps_its_promises(path: Path) -> None:
    with open_store(path):
        raw = sqlite3.connect(path)
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert raw.execute("PRAGMA application_id").fetchone() == (0x57424447,)
        raw.close()
