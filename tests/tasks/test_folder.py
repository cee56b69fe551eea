"""Dataset folders: as `datasets` 5.2.0 saved them (tests/tasks/data), and as plain split files."""

from __future__ import annotations

import json
import resource
import shutil
import sys
from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.tasks import DataSource, load_items

DATA = Path(__file__).parent / "data"
LINE = '{"question": "q", "answer": "a"}\n'


def ids(path: Path, **options) -> list[str]:
    return [item.id for item in load_items(DataSource(str(path), **options)).items]


@pytest.mark.parametrize("folder", ["hf_saved", "hf_parquet"])
def test_splits_and_class_names(folder: str) -> None:
    loaded = load_items(DataSource(str(DATA / folder)))
    assert loaded.split == "test"
    assert "split: test" in loaded.notes
    assert [item.id for item in loaded.items] == ["r100", "r101", "r102", "r103"]
    assert [item.reference for item in loaded.items] == ["billing", "shipping"] * 2
    assert loaded.items[0].fields["tags"] == ["a", "b"]
    assert len(ids(DATA / folder, split="train")) == 6
    with pytest.raises(UsageError, match="did you mean 'train'"):
        ids(DATA / folder, split="trian")


def test_a_saved_split_alone(tmp_path: Path) -> None:
    assert len(ids(DATA / "hf_saved" / "train")) == 6
    with pytest.raises(UsageError, match="without splits"):
        ids(DATA / "hf_saved" / "train", split="test")
    copy = tmp_path / "copy"
    shutil.copytree(DATA / "hf_saved" / "train", copy)
    shard = copy / "data-00000-of-00001.arrow"
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="arrow file"):
        ids(copy)
    shard.unlink()
    with pytest.raises(UsageError, match="data file of the dataset is missing"):
        ids(copy)
    (copy / "state.json").write_text("{")
    with pytest.raises(UsageError, match="not JSON"):
        ids(copy)


def test_a_shard_cannot_point_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "secret.arrow").write_bytes((DATA / "hf_saved/test/data-00000-of-00001.arrow").read_bytes())
    (tmp_path / "set" / "state.json").write_text(json.dumps({"_data_files": [{"filename": "../secret.arrow"}]}))
    with pytest.raises(UsageError, match="missing"):
        ids(tmp_path / "set")


def test_without_pyarrow_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError) as caught:
        ids(DATA / "hf_saved")
    assert "pip install 'weighbridge[frames]'" in (caught.value.fix or "")


def test_split_files(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(LINE * 3)
    (tmp_path / "validation.jsonl").write_text(LINE * 2)
    (tmp_path / "README.md").write_text("no data")
    assert len(ids(tmp_path)) == 2
    assert len(ids(tmp_path, split="train")) == 3


def test_shards_of_one_split_are_read_in_order(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"test-0000{number}-of-00003.jsonl").write_text(f'{{"id": "{number}", "q": 1, "answer": 2}}\n')
    assert ids(tmp_path) == ["0", "1", "2"]
    (tmp_path / "test-00001-of-00003.jsonl").write_text('{"id": "0", "q": 1, "answer": 2}\n')
    with pytest.raises(UsageError) as caught:
        ids(tmp_path)
    assert "test-00001-of-00003.jsonl:1, first at" in (caught.value.where or "")


def test_many_shards_with_long_cells(tmp_path: Path) -> None:
    for number in range(600):
        (tmp_path / f"test-{number:05d}-of-00600.csv").write_text(f"id,q,answer\n{number},{'a' * 200},b\n")
    (tmp_path / "test-00599-of-00600.csv").write_text(f"id,q,answer\n599,{'a' * 300_000},b\n")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    try:
        assert ids(tmp_path) == [str(number) for number in range(600)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_one_split_in_two_kinds_is_not_read_twice(tmp_path: Path) -> None:
    (tmp_path / "messages.jsonl").write_text(LINE)
    (tmp_path / "messages.csv").write_text("question,answer\nq,a\n")
    with pytest.raises(UsageError, match=r"several kinds of file \(messages.csv, messages.jsonl\)"):
        ids(tmp_path)


def test_configurations_are_folders(tmp_path: Path) -> None:
    for config in ("main", "socratic"):
        (tmp_path / config).mkdir()
        (tmp_path / config / "train-00000-of-00001.jsonl").write_text(LINE)
    (tmp_path / "main" / "test-00000-of-00001.jsonl").write_text(LINE * 2)
    assert len(ids(tmp_path)) == 2
    assert len(ids(tmp_path, split="test")) == 2
    assert len(ids(tmp_path, split="socratic/train")) == 1
    with pytest.raises(UsageError, match=r"several splits(.|\n)*main/train, socratic/train"):
        ids(tmp_path, split="train")


def test_folders_named_by_split(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("test", 1)):
        (tmp_path / split).mkdir()
        (tmp_path / split / "0000.jsonl").write_text(LINE * count)
    assert (len(ids(tmp_path)), len(ids(tmp_path, split="train"))) == (1, 3)


def test_a_folder_without_data(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data file"):
        ids(tmp_path)
    (tmp_path / "one.jsonl").write_text(LINE)
    (tmp_path / "two.jsonl").write_text(LINE)
    with pytest.raises(UsageError, match=r"several splits(.|\n)*one, two"):
        ids(tmp_path)
