"""Data are found in every place and form in which they may lie, and the command that fetches them is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.tasks.suites import suite_task, suites
from weighbridge.tasks.suites.find import fetch_command, find

ROWS = [
    {"question": f"is {n} even", "passage": f"A number: {n}.", "idx": n, "label": int(n % 2 == 0)} for n in range(12)
]
TRAIN = [{"question": f"is {n} large", "passage": f"Other: {n}.", "idx": n, "label": n % 2} for n in range(5)]


@pytest.fixture(autouse=True)
def _own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_DATASETS_CACHE", "WEIGHBRIDGE_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


def labels(name: str = "boolq", **arguments) -> list[str]:
    return [str(item.reference) for item in suite_task(name, **arguments).task.items]


def jsonl(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


WANTED = ["yes" if n % 2 == 0 else "no" for n in range(12)]


@pytest.mark.parametrize(
    "name", ["boolq.jsonl", "boolq_val.jsonl", "superglue/BoolQ/val.jsonl", "boolq.csv", "boolq.parquet"]
)
def test_files_in_a_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data" / name
    if path.suffix == ".jsonl":
        jsonl(path, ROWS)
    else:
        import pandas

        path.parent.mkdir(parents=True)
        frame = pandas.DataFrame(ROWS)
        frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
    assert labels(data=[tmp_path / "data"]) == WANTED
    monkeypatch.setenv("WEIGHBRIDGE_DATA", str(tmp_path / "data"))
    assert labels() == WANTED


def test_folders_that_datasets_saved(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {
            "question": datasets.Value("string"),
            "passage": datasets.Value("string"),
            "idx": datasets.Value("int32"),
            "label": datasets.ClassLabel(names=["False", "True"]),
        }
    )
    valid = datasets.Dataset.from_list(ROWS, features=features)
    both = datasets.DatasetDict({"validation": valid, "train": datasets.Dataset.from_list(TRAIN, features=features)})
    both.save_to_disk(tmp_path / "saved" / "boolq")
    assert labels(data=[tmp_path / "saved"]) == WANTED
    assert suite_task("boolq", data=[tmp_path / "saved"], shots=2).shots == 2
    valid.save_to_disk(tmp_path / "one" / "aps___super_glue" / "boolq")
    assert labels(data=[tmp_path / "one"]) == WANTED


def test_the_cache_of_datasets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    from datasets.arrow_writer import ArrowWriter

    folder = tmp_path / "hf" / "datasets" / "aps___super_glue" / "boolq" / "0.0.0" / "0123abcd"
    folder.mkdir(parents=True)
    for split, rows in (("validation", ROWS), ("train", TRAIN)):
        with ArrowWriter(
            path=str(folder / f"super_glue-{split}.arrow"), features=datasets.Dataset.from_list(rows).features
        ) as out:
            for row in rows:
                out.write(row)
            out.finalize()
    assert labels() == WANTED
    assert suite_task("boolq", shots=3).shots == 3


def test_the_cache_of_the_hub(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pandas

    base = tmp_path / "hf" / "hub" / "datasets--aps--super_glue"
    blobs = base / "blobs"
    blobs.mkdir(parents=True)
    for revision, rows in (("old", ROWS[:3]), ("new", ROWS)):
        for config, split, held in (
            ("boolq", "validation", rows),
            ("boolq", "train", TRAIN),
            ("cb", "validation", [{"x": 1}]),
        ):
            blob = blobs / f"{revision}-{config}-{split}"
            pandas.DataFrame(held).to_parquet(blob)
            link = base / "snapshots" / revision / config / f"{split}-00000-of-00001.parquet"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(blob)
    (base / "refs").mkdir()
    (base / "refs" / "main").write_text("new")
    made = suite_task("boolq")
    assert [item.reference for item in made.task.items] == WANTED
    assert made.found.revision == "new"
    shutil.rmtree(base / "snapshots" / "new")
    assert len(labels()) == 3


def test_files_by_language_in_one_folder(tmp_path: Path) -> None:
    """The MGSM repository: tab-separated, no header, one file a language."""
    snapshot = tmp_path / "hf" / "hub" / "datasets--juletxara--mgsm" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "mgsm_de.tsv").write_text(
        "Wie viele sind 2 und 3?\t5\nWie viele sind 10 und 4?\t14\n", encoding="utf-8"
    )
    (snapshot / "mgsm_en.tsv").write_text("How many are 2 and 3?\t5\n", encoding="utf-8")
    made = suite_task("mgsm_de")
    assert [item.reference for item in made.task.items] == ["5", "14"] or [
        str(item.reference) for item in made.task.items
    ] == ["5", "14"]
    assert "Wie viele sind 2 und 3" in made.task.prompts["default"].render(made.task.items[0])[-1].content


def test_what_is_absent_is_told_with_its_command(tmp_path: Path) -> None:
    for suite in suites().values():
        with pytest.raises(UsageError, match="are not on this machine") as absent:
            find(suite, [tmp_path])
        assert fetch_command(suite) in (absent.value.fix or "")
        assert "--data" in (absent.value.fix or "")
        if suite.data.dataset:
            assert fetch_command(suite) == f"hf download --repo-type dataset {suite.data.dataset}"
    with pytest.raises(UsageError, match="folder is not there"):
        find(suites()["boolq"], [tmp_path / "nowhere"])


def test_data_of_another_layout_are_told(tmp_path: Path) -> None:
    jsonl(tmp_path / "copa.jsonl", [{"text": "x", "label": 1}])
    with pytest.raises(UsageError, match="premise"):
        suite_task("copa", data=[tmp_path])
    jsonl(tmp_path / "boolq.jsonl", [{"question": "q", "passage": "p", "label": "perhaps"}])
    with pytest.raises(UsageError, match="perhaps"):
        suite_task("boolq", data=[tmp_path])
    jsonl(tmp_path / "rte.jsonl", [{"premise": "a", "hypothesis": "b", "label": -1}])
    with pytest.raises(UsageError, match="reference"):
        suite_task("rte", data=[tmp_path])
    (tmp_path / "wic.jsonl").write_text('{"word": ')
    with pytest.raises(UsageError):
        suite_task("wic", data=[tmp_path])


def test_names_are_told_by_the_nearest() -> None:
    with pytest.raises(UsageError, match="boolqq") as unknown:
        suite_task("boolqq")
    assert "boolq" in (unknown.value.fix or "")
    with pytest.raises(UsageError, match="group") as group:
        suite_task("superglue")
    assert "multirc" in (group.value.fix or "")
    with pytest.raises(UsageError, match="no parts"):
        suite_task("boolq/x")
