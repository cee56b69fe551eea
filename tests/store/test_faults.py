"""Full disks, locks, read-only files, foreign files: each is told in one screen and loses nothing written before."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.store import Answer, StoreError, open_store
from weighbridge.store.faults import holders
from weighbridge.store.recovery import check
from weighbridge.store.sqlite import SqliteStore

Make = Callable[..., Answer]


def told(error: WeighbridgeError, path: Path) -> str:
    """The message, after checking that it has its parts and fits a screen."""
    text = str(error)
    assert str(path) in (error.where or "")
    assert error.fix
    assert len(text.splitlines()) <= 5
    assert "Traceback" not in text
    return text


# Fills a store until it is refused; says what it was told and how many answers were acknowledged, then goes on when
# a line comes in (the disk has space again).
FILL = """
import asyncio, hashlib, resource, sys
from pathlib import Path
from weighbridge.evidence import Completion
from weighbridge.store import Answer, Key, Source, StoreError, open_store
path, limit = Path(sys.argv[1]), int(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
def answer(number):
    return Answer(Key(hashlib.sha256(b"%d" % number).digest()), Completion("x" * 2000), Source("c", "m"), str(number))
async def main():
    with open_store(path) as store:
        done = 0
        try:
            while True:
                await asyncio.gather(*(store.put(answer(done + lane)) for lane in range(4)))
                done += 4
        except StoreError as error:
            print(error.kind, done, str(error).replace(chr(10), " | "), flush=True)
        assert sum(1 for _ in store.answers()) >= done, "what was written must stay readable meanwhile"
        sys.stdin.readline()
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await store.put(answer(10**6))
        print("resumed", flush=True)
asyncio.run(main())
"""


def filled_up(path: Path, limit: int, free: Callable[[], None]) -> tuple[str, int, str]:
    """Kind of the error met, answers acknowledged before it, and its text; `free` makes space again."""
    with subprocess.Popen(
        [sys.executable, "-c", FILL, str(path), str(limit)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        kind, done, text = process.stdout.readline().split(" ", 2)
        free()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "resumed\n"
        assert process.wait(timeout=120) == 0
    found = check(path)
    assert found.sound
    assert found.answers >= int(done) + 1
    return kind, int(done), text


def test_a_limit_on_file_sizes(path: Path) -> None:
    kind, done, text = filled_up(path, 500_000, lambda: None)
    assert kind == "full"
    assert done > 50
    assert "ulimit" in text
    assert str(path) in text


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 600 KB."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"this user may not mount: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 150_000)
        kind, done, text = filled_up(disk / "answers.db", 0, ballast.unlink)
        assert kind == "full"
        assert done > 20
        assert "the disk is full" in text
        assert "free some space" in text


def test_a_disk_that_is_full_from_the_start_is_found_before_a_call_is_paid(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        with contextlib.suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        with pytest.raises(StoreError) as caught:
            open_store(disk / "answers.db")
        told(caught.value, disk / "answers.db")
        assert caught.value.kind in ("full", "unopened")


def test_a_database_that_may_not_grow(path: Path, answer: Make) -> None:
    store = SqliteStore(path)
    assert store._writer is not None
    store._writer._connection.execute("PRAGMA max_page_count = 60")
    done = 0

    async def fill() -> None:
        nonlocal done
        while True:
            await store.put(answer(done, size=2_000))
            done += 1

    with pytest.raises(StoreError) as caught:
        asyncio.run(fill())
    assert caught.value.kind == "full"
    assert "the disk is full" in told(caught.value, path)
    assert len(store.get_many([answer(number).key for number in range(done + 1)])) == done > 30
    store._writer._connection.execute("PRAGMA max_page_count = 1000000")
    asyncio.run(store.put(answer(done)))
    store.close()
    assert check(path).answers == done + 1


@contextlib.contextmanager
def locked(path: Path) -> Iterator[int]:
    """Another process holds the write lock; its number."""
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process.pid
        finally:
            process.communicate("\n", timeout=120)


async def test_a_lock_held_by_another_process(path: Path, answer: Make) -> None:
    with SqliteStore(path, busy=0.3) as store:
        first = await store.put(answer(1))
        with locked(path) as holder:
            with pytest.raises(StoreError) as caught:
                await store.put(answer(2))
            text = told(caught.value, path)
            assert caught.value.kind == "locked"
            named = f"process {holder})" if holders(path) else "another process"  # not every system tells
            assert named in text
            assert store.get_many([first.key]) == {first.key: first}, "reading goes on"
            with pytest.raises(StoreError, match="the store is locked by"):
                SqliteStore(path, busy=0.1)
        await store.put(answer(2))
        assert sum(1 for _ in store.answers()) == 2
    assert holders(path) == []


async def test_a_short_lock_is_waited_for(path: Path, answer: Make) -> None:
    with SqliteStore(path, busy=10) as store:
        with locked(path):
            waiting = asyncio.create_task(store.put(answer(1)))
            began = time.monotonic()
            await asyncio.sleep(0.3)
            assert not waiting.done()
        await waiting
        assert time.monotonic() - began < 9


@contextlib.contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Root may write everything; become nobody for a while, with the folders above made passable."""
    if os.geteuid() != 0:
        yield
        return
    for parent in folder.parents:
        if parent.stat().st_uid == 0 and parent.is_relative_to("/tmp") and parent != Path("/tmp"):  # noqa: S108
            parent.chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_only_be_read(tmp_path: Path, answer: Make) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    path = folder / "answers.db"
    with open_store(path) as store:
        held = asyncio.run(store.put(answer(1)))
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        with unprivileged(folder):
            with pytest.raises(StoreError) as caught:
                open_store(path)
            assert caught.value.kind == "readonly"
            assert "chmod u+w" in told(caught.value, path)
            with open_store(path, readonly=True) as store:
                assert store.get_many([held.key]) == {held.key: held}
            with pytest.raises(StoreError) as caught:
                open_store(folder / "new.db")
            told(caught.value, folder / "new.db")
    finally:
        folder.chmod(0o755)
    path.chmod(0o000)
    with unprivileged(folder), pytest.raises(StoreError, match="cannot be read") as caught:
        open_store(path)
    told(caught.value, path)


def test_names_that_cannot_be(tmp_path: Path) -> None:
    for name in ("x" * 300, "nul\0byte.db"):
        for readonly in (False, True):
            with pytest.raises(WeighbridgeError):
                open_store(tmp_path / name, readonly=readonly)
    (tmp_path / "file").touch()
    with pytest.raises(WeighbridgeError) as caught:
        open_store(tmp_path / "file" / "answers.db")
    told(caught.value, tmp_path / "file")


def test_a_folder_that_may_not_be_made(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    folder.chmod(0o555)
    with unprivileged(folder), pytest.raises(StoreError, match="cannot be made") as caught:
        open_store(folder / ".weighbridge" / "answers.db")
    told(caught.value, folder)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="folder of the store is not there") as caught:
        open_store(tmp_path / "runs" / "answers.db")
    assert "mkdir -p" in told(caught.value, tmp_path / "runs")
    with pytest.raises(UsageError, match="this is a folder") as caught:
        open_store(tmp_path)
    told(caught.value, tmp_path)


@pytest.mark.parametrize("content", [b"item_id,model,score\n1,a,0.5\n" * 50, b"x", b"SQLite format 3\0 and no more"])
def test_a_file_that_is_no_database(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for readonly in (False, True):
        with pytest.raises(StoreError) as caught:
            open_store(path, readonly=readonly)
        assert caught.value.kind == "corrupt"
        told(caught.value, path)
    assert path.read_bytes() == content, "it is left alone"


def test_an_empty_file_becomes_a_store(path: Path, answer: Make) -> None:
    path.touch()
    with pytest.raises(UsageError, match="empty"):
        open_store(path, readonly=True)
    with open_store(path) as store:
        asyncio.run(store.put(answer(1)))


def test_another_programs_database(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE customers (name)")
    other.commit()
    other.close()
    content = path.read_bytes()
    for readonly in (False, True):
        with pytest.raises(UsageError, match="database of another program") as caught:
            open_store(path, readonly=readonly)
        told(caught.value, path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(("version", "advice"), [(2, "pip install --upgrade"), (0, "older Weighbridge")])
def test_another_schema_version(path: Path, answer: Make, version: int, advice: str) -> None:
    with open_store(path) as store:
        asyncio.run(store.put(answer(1)))
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA user_version = {version}")
    raw.close()
    for readonly in (False, True):
        with pytest.raises(StoreError, match=f"schema version {version}; this Weighbridge .* version 1") as caught:
            open_store(path, readonly=readonly)
        assert caught.value.kind == "version"
        assert advice in told(caught.value, path)


async def test_a_file_deleted_under_way(path: Path, answer: Make) -> None:
    with open_store(path) as store:
        await store.put(answer(1))
        path.rename(path.with_name("aside.db"))
        with pytest.raises(StoreError, match="removed or replaced") as caught:
            await store.put(answer(2))
        told(caught.value, path)
        path.with_name("aside.db").rename(path)
        await store.put(answer(2))
        assert sum(1 for _ in store.answers()) == 2


def test_damage_met_while_reading_is_told_with_the_way_out(path: Path, answer: Make) -> None:
    with open_store(path) as store:
        asyncio.run(store.put_many([answer(number) for number in range(500)]))
    raw = bytearray(path.read_bytes())
    raw[4096 * 4 :] = b"\xff" * (len(raw) - 4096 * 4)
    path.write_bytes(raw)
    with open_store(path, readonly=True) as store:
        for read in (lambda: store.get_many([answer(5).key]), lambda: list(store.answers()), store.groups):
            with pytest.raises(StoreError) as caught:
                read()
            assert caught.value.kind == "corrupt"
            assert "weighbridge store recover --store" in told(caught.value, path)
