"""Alterations and harmless changes by one who did not write the detector."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from kestrel_licence import KESTREL
from licence_attacks import CLAUSES, EDITS, FORMS, GONE, attacks
from weighbridge.audit.licence.detect import identify
from weighbridge.audit.licence.detect.building import Text, built
from weighbridge.audit.licence.detect.index import shipped, unpacked


@pytest.fixture(scope="module")
def texts(shared_data: Path) -> dict[str, str]:
    path = shared_data / "licences" / "licence_texts.jsonl.gz"
    if not path.is_file():
        pytest.skip("recorded licence texts are not on this machine")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return {row["key"]: row["text"] for row in map(json.loads, lines)}


def test_the_sets_are_as_large_as_they_are_said_to_be() -> None:
    assert len(EDITS) + len(CLAUSES) + len(GONE) >= 60
    assert len({key for key, *_ in (*EDITS, *CLAUSES, *GONE)}) >= 25
    assert len(FORMS) >= 40


@pytest.mark.slow
def test_what_changes_the_terms_is_reported(texts: dict[str, str]) -> None:
    for key, what, text in attacks(texts):
        said = identify(text)
        assert said.status == "modified", (key, what)
        assert key in {said.key, *(one.key for one in said.candidates)}, (key, what)


SOME = ("mit", "bsd-new", "apache-2.0", "openmdw-1.0", "cdla-permissive-2.0", "qwen-2024")


@pytest.mark.parametrize("form", FORMS)
def test_what_changes_nothing_is_no_alarm(texts: dict[str, str], form: str) -> None:
    for key in SOME:
        said = identify(FORMS[form](texts[key]))
        assert (said.key, said.status) == (key, "complete"), said.passages


KNOWN = shipped().joined(unpacked(built([Text("kestrel-1.0", "kestrel", "Kestrel Field License", KESTREL)])))


# Its title and its version are one block of lines, of which one alone is not left out.
@pytest.mark.parametrize("form", [form for form in FORMS if form != "title left out"])
def test_what_changes_nothing_is_no_alarm_on_a_text_of_our_own(form: str) -> None:
    said = identify(FORMS[form](KESTREL), KNOWN)
    assert (said.key, said.status) == ("kestrel-1.0", "complete"), said.passages


@pytest.mark.parametrize(
    "line", ["Not in Switzerland.", "For advertising of any kind", "Banks pick another model.", "In call centres."]
)
@pytest.mark.parametrize("at_begin", [True, False])
def test_a_short_line_around_a_licence_is_no_title(line: str, at_begin: bool) -> None:
    said = identify(f"{line}\n\n{KESTREL}" if at_begin else f"{KESTREL}\n\n{line}\n", KNOWN)
    assert said.status == "modified"
    assert [one.text for one in said.passages] == [line.rstrip(".")]


def test_a_title_may_be_left_out_and_not_be_altered() -> None:
    assert identify(KESTREL.partition("\n\n")[2], KNOWN).status == "complete"
    assert identify(KESTREL.replace("FIELD LICENSE", "PRIVATE FIELD LICENSE", 1), KNOWN).status == "modified"
