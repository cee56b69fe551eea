"""Damaged files: found, told, and read as far as they can be."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.store import Answer, Selection, StoreError, open_store
from weighbridge.store.recovery import LOST, Recovery, check, recover

Make = Callable[..., Answer]
COUNT = 600


@pytest.fixture
def filled(path: Path, answer: Make) -> list[Answer]:
    """A closed store of `COUNT` answers, every 50th longer than a page."""
    many = [answer(number, size=20_000 if number % 50 == 0 else 300) for number in range(COUNT)]
    with open_store(path) as store:
        return asyncio.run(store.put_many(many))


def readable(path: Path) -> dict[bytes, Answer]:
    with open_store(path, readonly=True) as store:
        return {answer.key: answer for answer in store.answers()}


def test_a_whole_store_is_sound_and_recovers_whole(path: Path, filled: list[Answer], tmp_path: Path) -> None:
    assert check(path) == check(path)
    assert check(path).sound
    assert check(path).answers == COUNT
    before = path.read_bytes()
    told = recover(path, tmp_path / "new.db")
    assert (told.answers, told.unreadable, told.lost_sources) == (COUNT, 0, 0)
    assert readable(tmp_path / "new.db") == {answer.key: answer for answer in filled}
    assert path.read_bytes() == before, "the damaged file is only read"


def test_bytes_overwritten_in_the_middle(path: Path, filled: list[Answer], tmp_path: Path) -> None:
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 10_000] = b"\xa5" * 10_000
    path.write_bytes(raw)
    assert not check(path).sound
    with open_store(path) as store, pytest.raises(StoreError, match="damaged") as caught:
        store.get_many([answer.key for answer in filled])
    assert caught.value.kind == "corrupt"
    assert str(path) in str(caught.value)
    assert "weighbridge store recover" in str(caught.value)
    told = recover(path, tmp_path / "new.db")
    assert COUNT - 60 < told.answers < COUNT
    held = readable(tmp_path / "new.db")
    whole = {answer.key: answer for answer in filled}
    assert all(whole[key] == answer for key, answer in held.items())


def test_one_changed_letter_is_noticed(path: Path, filled: list[Answer]) -> None:
    raw = path.read_bytes()
    at = raw.index(b"answer 77 ")
    path.write_bytes(raw[:at] + b"Answer" + raw[at + 6 :])
    found = check(path)
    assert (found.answers, found.damaged, found.problems) == (COUNT - 1, 1, ())
    with open_store(path) as store:
        with pytest.raises(StoreError, match="not what was written"):
            store.get_many([filled[77].key])
        assert len(store.get_many([answer.key for answer in filled[:77]])) == 77


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_a_file_cut_short(path: Path, filled: list[Answer], tmp_path: Path, share: float) -> None:
    size = int(path.stat().st_size * share)
    with path.open("r+b") as file:
        file.truncate(size)
    told = None
    try:
        with open_store(path, readonly=True) as store:
            list(store.answers())
    except StoreError as error:
        told = error
    assert told is not None
    assert told.kind == "corrupt"
    assert str(path) in str(told)
    assert "recover" in str(told)
    brought = recover(path, tmp_path / "new.db")
    assert brought.answers > COUNT * share * 0.4
    assert set(readable(tmp_path / "new.db")) <= {answer.key for answer in filled}


@pytest.mark.parametrize("begin", [0, 16, 100])
def test_a_lost_first_page(path: Path, filled: list[Answer], tmp_path: Path, begin: int) -> None:
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(b"\x5a" * (4096 - begin))
    with pytest.raises(StoreError) as caught, open_store(path) as store:
        list(store.answers())
    assert caught.value.kind in ("corrupt", "version")
    told = recover(path, tmp_path / "new.db")
    assert (told.answers, told.lost_sources) == (COUNT, 0)


def test_a_lost_source_loses_no_answer(path: Path, filled: list[Answer], tmp_path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"http://127.0.0.1:1/v1#small", b"http://127.0.0.1:1/v1#SMALL"))
    found = check(path)
    assert not found.sound
    assert found.damaged == COUNT
    told = recover(path, tmp_path / "new.db")
    assert (told.answers, told.lost_sources) == (COUNT, COUNT)
    held = readable(tmp_path / "new.db")
    assert {answer.source for answer in held.values()} == {LOST}
    assert {key: answer.completion for key, answer in held.items()} == {a.key: a.completion for a in filled}


def test_answers_still_in_the_log_are_recovered(path: Path, answer: Make, tmp_path: Path) -> None:
    with open_store(path) as store:
        asyncio.run(store.put_many([answer(number) for number in range(100)]))
        for file in path.parent.glob("answers.db*"):  # as a crash leaves them: nothing is in the main file yet
            shutil.copy(file, tmp_path / file.name.replace("answers", "crashed"))
    crashed = tmp_path / "crashed.db"
    assert Path(f"{crashed}-wal").stat().st_size > 10_000
    with crashed.open("r+b") as file:
        file.write(b"\0" * 4096)
    assert recover(crashed, tmp_path / "new.db").answers == 100


def test_pruned_answers_do_not_come_back(path: Path, filled: list[Answer], tmp_path: Path) -> None:
    with open_store(path) as store:
        assert store.prune(Selection(item="item-1*")) == 111
    told = recover(path, tmp_path / "new.db")
    assert (told.answers, told.unreadable) == (COUNT - 111, 0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**9), st.binary(min_size=1, max_size=200)), min_size=1, max_size=20))
def test_no_damage_breaks_recovery_or_brings_a_wrong_answer(
    path: Path, filled: list[Answer], tmp_path: Path, damage: list[tuple[int, bytes]]
) -> None:
    raw = bytearray(path.read_bytes())
    for at, change in damage:
        begin = at % len(raw)
        raw[begin : begin + len(change)] = change
    broken, out = tmp_path / "broken.db", tmp_path / "out.db"
    for file in (*tmp_path.glob("broken.db*"), *tmp_path.glob("out.db*")):
        file.unlink()
    broken.write_bytes(raw)
    told = recover(broken, out)
    # A hit takes at most the page it falls on and its neighbour, each of up to 13 rows here.
    assert told.answers >= COUNT - 26 * len(damage)
    whole = {answer.key: answer for answer in filled}
    for key, answer in readable(out).items():
        assert answer.source == LOST or answer == whole[key]
        assert answer.completion == whole[key].completion
    for look in (check, looked_through):
        with contextlib.suppress(StoreError, UsageError):
            assert look(broken)


def looked_through(path: Path) -> bool:
    """Everything a run or a command does with a store."""
    with open_store(path) as store:
        for answer in store.answers():
            assert store.get_many([answer.key]) in ({answer.key: answer}, {})
        store.groups()
        store.prune(Selection(item="item-1*"))
        asyncio.run(store.put(answer))
    return True


def test_what_cannot_be_recovered_is_said(path: Path, filled: list[Answer], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no store here"):
        recover(tmp_path / "nothing.db", tmp_path / "new.db")
    with pytest.raises(UsageError, match="there already"):
        recover(path, path)
    with pytest.raises(UsageError, match="folder of the store is not there"):
        recover(path, tmp_path / "no" / "new.db")


def test_another_programs_database_gives_nothing(path: Path, tmp_path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE things (a, b, c, d, e, f, g, h, i, j, k, l, m)")
    other.execute("INSERT INTO things VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)")
    other.commit()
    other.close()
    assert recover(path, tmp_path / "new.db") == Recovery(answers=0, unreadable=1, lost_sources=0)
