"""Files that are no licence, in other encodings, or no text: one clear answer each."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from kestrel_licence import KESTREL
from weighbridge.audit.licence.detect import identify, index, read_text
from weighbridge.audit.licence.detect.index import Index, index_of, shipped
from weighbridge.audit.licence.detect.reading import LIMIT
from weighbridge.errors import UsageError


@pytest.fixture
def kestrel(tmp_path: Path) -> Index:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "kestrel.txt").write_text(KESTREL)
    return index(tmp_path / "texts")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_common_encodings_are_read(tmp_path: Path, kestrel: Index, encoding: str) -> None:
    file = tmp_path / "LICENSE"
    file.write_bytes(KESTREL.replace('"Kestrel"', "“Kestrel”").encode(encoding))
    assert identify(read_text(file), kestrel).status == "complete"


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "empty"),
        (b"  \n \n", "empty"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04 ...", "zip"),
        (gzip.compress(KESTREL.encode()), "compressed"),
        (b"GGUF\x03\x00\x00\x00", "weights"),
        (bytes(range(256)) * 8, "binary"),
        (b"\x01\x02\x03\xff" * 500, "binary"),
        (b"x" * (LIMIT + 1), "too large"),
    ],
)
def test_what_is_no_text_is_said_with_its_place(tmp_path: Path, raw: bytes, what: str) -> None:
    file = tmp_path / "LICENSE"
    file.write_bytes(raw)
    with pytest.raises(UsageError, match=what) as raised:
        read_text(file)
    assert raised.value.where == str(file)
    assert raised.value.fix


def test_a_folder_and_a_missing_file_are_said(tmp_path: Path) -> None:
    (tmp_path / "LICENSE.md").write_text(KESTREL)
    with pytest.raises(UsageError, match="folder") as raised:
        read_text(tmp_path)
    assert "LICENSE.md" in str(raised.value.fix)
    with pytest.raises(UsageError, match="No such file"):
        read_text(tmp_path / "LICENCE")


def test_own_texts_come_from_a_folder_json_lines_or_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = tmp_path / "texts.jsonl"
    lines.write_text(json.dumps({"key": "k", "text": KESTREL, "name": "Kestrel", "licence": "kestrel"}) + "\n")
    packed = tmp_path / "texts.jsonl.gz"
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    for path in (lines, packed):
        said = identify(KESTREL, index(path))
        assert (said.key, said.licence, said.name, said.status) == ("k", "kestrel", "Kestrel", "complete")
    monkeypatch.setenv("WEIGHBRIDGE_LICENCE_TEXTS", str(lines))
    assert len(index()) == len(shipped()) + 1
    assert identify(KESTREL).key == "k"


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("t.jsonl", '{"key": "a"}\n', "needs the fields"),
        ("t.jsonl", '{"key": "a", "text": "b"}\n{nonsense\n', "no JSON"),
        ("t.json", "[]", "not an index"),
        ("t.json", '{"built": "", "source": "", "vocabulary": "eA==", "entries": []}', "damaged"),
        ("t.jsonl", "", "no licence text"),
    ],
)
def test_damaged_own_texts_are_said_with_their_place(tmp_path: Path, name: str, content: str, what: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=what):
        index_of(tmp_path / name)
    with pytest.raises(UsageError, match="no such folder"):
        index_of(tmp_path / "nowhere")


def test_the_shipped_index_is_small_holds_no_text_and_names_licences_of_the_catalogue() -> None:
    from importlib import resources

    from weighbridge.catalog.licences import licences

    raw = resources.files("weighbridge.catalog").joinpath("data", "licence_texts.json").read_bytes()
    assert len(raw) < 1_000_000
    for phrase in (b"hereby granted", b"free of charge", b"without restriction"):
        assert phrase not in raw.lower()
    known = licences()
    named = {one.entry.licence for one in shipped().known if not one.entry.policy}
    assert {name for name in named if name not in known} <= {"openai-tou-20230314", "openai-tou-20241211"}
    assert {"MIT", "Apache-2.0", "llama-3.1", "gemma-tou", "moonshot-modified-mit"} <= named
