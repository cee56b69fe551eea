"""What candidates were told, kept beside the answers; and answers with given continuations."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.cli.main import cli
from weighbridge.evidence import Completion, Scored
from weighbridge.store import Answer, Key, Selection, Shown, Source, open_store
from weighbridge.store.rows import completion_bytes, completion_of

SOURCE = Source("small", "path:./small", "desk", "sha256:1", "engine 1")


def key(number: int) -> Key:
    return Key(bytes([number]) * 32)


def shown(number: int, text: str = "<|user|>hello", *, exact: bool = True, item: str = "q1") -> Shown:
    return Shown(key(number), SOURCE, item, text, exact, "chat" if exact else "unknown", ("odd",) if exact else ())


def test_what_was_told_comes_back_as_it_was(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.db") as store:
        store.keep_prompts([shown(1), shown(2, "weiß\x00\ud800 <b>", item="q2")])
        found = store.prompts([key(1), key(2), key(3)])
        assert set(found) == {key(1), key(2)}
        one = found[key(1)]
        assert (one.text, one.exact, one.template, one.notes) == ("<|user|>hello", True, "chat", ("odd",))
        assert one.source == SOURCE
        assert one.written is not None
        assert "weiß" in found[key(2)].text
    with open_store(tmp_path / "a.db", readonly=True) as store:
        assert [one.item for one in store.shown()] == ["q1", "q2"]
        assert [one.item for one in store.shown(Selection(item="q2"))] == ["q2"]


def test_the_engine_s_own_text_takes_the_place_of_what_was_sent_and_not_the_other_way(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.db") as store:
        store.keep_prompts([shown(1, "[user]\nhello", exact=False)])
        store.keep_prompts([shown(1)])
        store.keep_prompts([shown(1, "[user]\nhello", exact=False)])
        assert store.prompts([key(1)])[key(1)].exact
        assert len(store.shown()) == 1


def before_prompts(path: Path) -> None:
    """A store as it was made before prompts were kept."""
    with open_store(path) as store:
        asyncio.run(store.put(Answer(key(9), Completion("yes"), SOURCE, "q1")))
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TABLE prompts")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()


def test_a_store_from_before_is_read_and_grows_the_table_when_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    before_prompts(path)
    with open_store(path, readonly=True) as store:
        assert store.shown() == []
        assert store.prompts([key(1)]) == {}
        assert store.get_many([key(9)])[key(9)].completion.text == "yes"
    with open_store(path) as store:
        assert store.get_many([key(9)])[key(9)].completion.text == "yes"
        store.keep_prompts([shown(1)])
        assert len(store.shown()) == 1


def test_pruning_takes_what_was_told_along(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.db") as store:
        store.keep_prompts([shown(1), shown(2, item="q2")])
        store.prune(Selection(item="q1"))
        assert [one.item for one in store.shown()] == ["q2"]


def test_secrets_reach_neither_prompts_nor_scored_texts(tmp_path: Path) -> None:
    hidden = "sk-abcdefghijklmnop-0123456789"
    completion = Completion(
        f"it is {hidden}", prompt=f"<user>{hidden}", scored=[Scored(f" {hidden}", -1.0, 3), Scored(" no", -2.0, 1)]
    )
    with open_store(tmp_path / "a.db", secrets=[hidden]) as store:
        kept = asyncio.run(store.put(Answer(key(1), completion, SOURCE, "q1")))
        store.keep_prompts([shown(2, f"tell {hidden}")])
        assert hidden not in store.shown()[0].text
    assert hidden not in str(kept)
    assert [one.logprob for one in kept.completion.scored] == [-1.0, -2.0]
    for file in tmp_path.iterdir():
        assert hidden.encode() not in file.read_bytes()


def test_a_row_that_changed_on_the_disk_is_left_out(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.db") as store:
        store.keep_prompts([shown(1), shown(2, item="q2")])
    with sqlite3.connect(tmp_path / "a.db") as raw:
        raw.execute("UPDATE prompts SET text = 'another' WHERE item = 'q1'")
    raw.close()
    with open_store(tmp_path / "a.db", readonly=True) as store:
        assert [one.item for one in store.shown()] == ["q2"]


texts = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=40)


@given(
    st.lists(st.tuples(texts, st.floats(-1e4, 0), st.integers(0, 99), st.sampled_from([True, False, None]))),
    st.none() | texts,
)
def test_given_continuations_and_the_prompt_survive_the_store(parts: list, prompt: str | None) -> None:
    completion = Completion("x", scored=[Scored(*one) for one in parts], prompt=prompt)
    assert completion_of(completion_bytes(completion)) == completion


def test_an_export_holds_continuations_and_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    completion = Completion(" yes", scored=[Scored(" yes", -1.5, 1, True), Scored(" no", -2.5, 1, False)], prompt="p")
    with open_store("a.db") as store:
        asyncio.run(store.put(Answer(key(1), completion, SOURCE, "q1")))
        store.keep_prompts([shown(1, "a\x1b[31mb" + "c" * 3000)])
    done = CliRunner().invoke(cli, ["store", "export", "--store", "a.db", "--out", "a.jsonl"])
    assert done.exit_code == 0, done.output
    row = json.loads(Path("a.jsonl").read_text())
    assert json.loads(row["scored"])[1] == {"text": " no", "logprob": -2.5, "tokens": 1, "greedy": False}
    assert row["prompt"] == "p"
    done = CliRunner().invoke(cli, ["store", "export", "--store", "a.db", "--out", "a.parquet"])
    assert done.exit_code == 0, done.output
    told = CliRunner().invoke(cli, ["store", "prompts", "--store", "a.db"])
    assert "as the engine read it" in told.output
    assert "note: odd" in told.output
    assert "\x1b" not in told.output
    assert "more characters: --full" in told.output
    full = CliRunner().invoke(cli, ["store", "prompts", "--store", "a.db", "--full"])
    assert "c" * 3000 in full.output
