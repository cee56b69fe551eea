"""What is named, what is found complete, and what is reported: on a licence of our own."""

from __future__ import annotations

import random
import re
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kestrel_licence import KESTREL, SENTENCES
from weighbridge.audit.licence.detect import Identified, identify
from weighbridge.audit.licence.detect.building import Text, built
from weighbridge.audit.licence.detect.index import shipped, unpacked

KNOWN = shipped().joined(unpacked(built([Text("kestrel-1.0", "kestrel", "Kestrel Field License", KESTREL)])))
APACHE = (Path(__file__).resolve().parents[4] / "LICENSE").read_text(encoding="utf-8")
PARAGRAPHS = [" ".join(one.split()) for one in re.split(r"\n\s*\n", KESTREL)]
ENDS = [0, *(found.end() for found in re.finditer(r"\.\n|\.$", KESTREL))]
README = """# Reed

![build](https://example.org/badge.svg)

Reed tells birds by their songs. Install it with `pip install reed`; you need Python 3.11 and 8 GB of memory.

```python
import reed
```

## License

{}

## Citation

Please cite the paper if it helped you.
"""


def found(text: str) -> Identified:
    return identify(text, KNOWN)


def test_the_text_itself_is_complete() -> None:
    said = found(KESTREL)
    assert (said.licence, said.key, said.status) == ("kestrel", "kestrel-1.0", "complete")
    assert said.intact
    assert said.passages == said.missing == said.also == said.twins == ()
    assert (said.line, said.last_line) == (1, len(KESTREL.splitlines()))
    assert said.share == 1.0
    assert said.statement == "Kestrel Field License, complete and unchanged"


def test_the_licence_of_this_project_is_what_it_says() -> None:
    said = found(APACHE)
    assert (said.licence, said.status) == ("Apache-2.0", "complete")


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(25, 300),
    indent=st.sampled_from(["", "    ", "> ", "// ", " * ", "# "]),
    ends=st.sampled_from(["\n", "\r\n"]),
    case=st.sampled_from([str, str.upper, str.lower]),
    quotes=st.sampled_from(['"', "“", "''", ""]),
    gap=st.sampled_from(["\n\n", "\n\n\n", "\n", " "]),
)
def test_how_it_is_set_never_changes_the_verdict(
    width: int, indent: str, ends: str, case, quotes: str, gap: str
) -> None:
    filled = gap.join(textwrap.fill(one, width) for one in PARAGRAPHS)
    text = textwrap.indent(case(filled).replace('"', quotes), indent, lambda _: True).replace("\n", ends)
    said = found(text)
    assert (said.key, said.status) == ("kestrel-1.0", "complete"), said.passages


@settings(max_examples=80, deadline=None)
@given(sentence=st.sampled_from(SENTENCES), at=st.sampled_from(ENDS), gap=st.sampled_from([" ", "\n", "\n\n"]))
def test_a_sentence_put_in_anywhere_is_reported(sentence: str, at: int, gap: str) -> None:
    said = found(KESTREL[:at] + gap + sentence + gap + KESTREL[at:])
    assert (said.key, said.status) == ("kestrel-1.0", "modified")
    reported = [one for one in said.passages if one.kind in ("inserted", "outside")]
    assert [one.text for one in reported if sentence.rstrip(".") in one.text], said.passages
    line = KESTREL[:at].count("\n") + gap.count("\n") + 1
    assert any(one.line <= line <= one.last_line for one in reported)
    assert not said.intact


def test_every_word_taken_out_is_reported_but_list_marks_and_a_whole_heading() -> None:
    silent = []
    for word in re.finditer(r"\S+", KESTREL):
        if found(KESTREL[: word.start()] + KESTREL[word.end() :]).status == "complete":
            silent.append(word.group())
    assert silent == ["1.", "Words", "2.", "(a)", "(b)", "3.", "(a)", "(b)", "(c)", "4.", "5."]


@pytest.mark.parametrize(
    ("old", "new", "weight"),
    [
        ("400 million", "4 million", "number"),
        ("within 30 days", "within 3 days", "number"),
        ("You may sell", "You may not sell", "restricts"),
        ("free of any royalty and ", "", "restricts"),
        ("for all time", "for a time", "restricts"),
        ("promise nothing", "promise everything", "wording"),
    ],
)
def test_one_word_that_is_another_is_reported_in_its_sentence(old: str, new: str, weight: str) -> None:
    said = found(KESTREL.replace(old, new))
    assert said.status == "modified"
    (passage,) = said.passages
    assert passage.kind == "changed"
    assert passage.weight == weight
    assert passage.line <= KESTREL[: KESTREL.index(old)].count("\n") + 1 <= passage.last_line
    assert "unknown duties" in said.statement


def test_a_clause_that_is_gone_is_named() -> None:
    gone = (
        "    (a) You are granted, free of any royalty and for all time, the right to run, study, change and pass on"
    )
    said = found(KESTREL.replace(gone + " Kestrel.\n", ""))
    assert said.status == "modified"
    (passage,) = said.passages
    assert (passage.kind, passage.clause, passage.weight) == ("deleted", "2.a: grants rights", "grants")
    assert "missing here" in str(passage)


def test_a_licence_without_its_first_grants_is_not_just_broken_off() -> None:
    said = found(KESTREL[KESTREL.index("    (b) You may sell") :])
    assert (said.key, said.status) == ("kestrel-1.0", "modified")
    assert "2.a: grants rights" in [one.clause for one in said.missing]


@pytest.mark.parametrize("share", [0.25, 0.5, 0.6])
def test_a_text_that_breaks_off_is_incomplete_with_what_is_missing(share: float) -> None:
    said = found(KESTREL[: int(len(KESTREL) * share)])
    assert said.status == "incomplete"
    assert said.candidates[0].key == "kestrel-1.0"
    assert any(one.clause.startswith("4") for one in said.missing)
    assert said.share == pytest.approx(share, abs=0.08)


def test_words_dropped_at_random_name_it_without_calling_it_complete() -> None:
    for seed in range(10):
        rng = random.Random(seed)
        said = found(" ".join(word for word in KESTREL.split() if rng.random() >= 0.1))
        assert (said.key, said.status) == ("kestrel-1.0", "modified")


def test_inside_a_readme_it_is_complete_and_its_lines_are_told() -> None:
    text = README.format(KESTREL)
    said = found(text)
    assert (said.key, said.status) == ("kestrel-1.0", "complete"), said.passages
    assert text.splitlines()[said.line - 1] == "KESTREL FIELD LICENSE"


def test_a_restriction_elsewhere_in_the_readme_is_reported() -> None:
    said = found(README.format(KESTREL) + "\nThe weights may not be used in products that are sold.\n")
    assert said.status == "modified"
    assert [one.kind for one in said.passages] == ["outside"]


@pytest.mark.parametrize(
    "sentence",
    ["Copies may be made for backup alone.", "Adult content is off the table.", "Persons there ask first."],
)
def test_a_restriction_in_no_usual_words_is_reported_in_the_section_of_the_licence(sentence: str) -> None:
    for body in (f"{KESTREL}\n{sentence}", f"{sentence}\n\n{KESTREL}"):
        assert found(README.format(body)).status == "modified"


@pytest.mark.parametrize(
    "head",
    [
        "Copyright (c) 2024 Reed & Sons, Inc. All rights reserved.",
        "Copyright © 2019-2026 The Reed Authors <reed@example.org>",
        "SPDX-License-Identifier: LicenseRef-Kestrel",
        "This project is released under the Kestrel Field License:",
        "Reed 7B",
        "LICENSE",
    ],
)
def test_notices_and_titles_before_it_are_no_terms(head: str) -> None:
    assert found(f"{head}\n\n{KESTREL}").status == "complete"


@pytest.mark.parametrize(
    "head",
    [
        "Modified Kestrel Field License",
        "Copyright 2024 Reed, for research use only",
        "For academics only.",
        "Pay us.",
        "Reed is released under the Kestrel Field License for non-commercial use:",
    ],
)
def test_a_title_that_says_more_is_reported(head: str) -> None:
    assert found(f"{head}\n\n{KESTREL}").status == "modified"


def test_years_and_holders_are_noted_and_do_not_count() -> None:
    said = found(KESTREL.replace("March 2025", "March 2031"))
    assert said.status == "complete"
    assert said.notes == ("line 2: another year, 2031",)
    held = found(APACHE.replace("[yyyy]", "2026").replace("[name of copyright owner]", "Ana Lopez and Reed Ltd"))
    assert held.status == "complete"


def test_instructions_may_be_left_out_but_not_changed() -> None:
    assert found(APACHE[: APACHE.index("APPENDIX")]).status == "complete"
    changed = APACHE.replace("We also recommend", "You must pay us for advice. We also recommend")
    assert found(changed).status == "modified"


def test_two_licences_in_one_file_are_both_told() -> None:
    said = found(f"{APACHE}\n\n---\n\n{KESTREL}")
    assert {said.licence, *(one.licence for one in said.also)} == {"Apache-2.0", "kestrel"}
    assert said.intact
    broken = found(f"{APACHE}\n\n---\n\n{KESTREL.replace('400', '4')}")
    assert not broken.intact


def test_versions_that_differ_by_a_word_are_told_apart_or_both_named() -> None:
    later = KESTREL.replace("Version 1.0, March 2025", "Version 1.1, May 2026").replace("400 million", "100 million")
    known = KNOWN.joined(unpacked(built([Text("kestrel-1.1", "kestrel", "Kestrel Field License 1.1", later)])))
    assert identify(KESTREL, known).key == "kestrel-1.0"
    said = identify(later, known)
    assert (said.key, said.status, said.twins) == ("kestrel-1.1", "complete", ())
    body = KESTREL[KESTREL.index("1. Words") : KESTREL.index("3. What")]
    both = identify(body, known)
    assert {both.key, *both.twins} == {"kestrel-1.0", "kestrel-1.1"}


@pytest.mark.parametrize(
    "text",
    ["", "MIT", "Install it with pip.\n" * 40, "的" * 500, "0 1 2 3 " * 400, "a b c " * 50_000, "\x00\x01"],
)
def test_what_is_no_licence_is_unknown(text: str) -> None:
    said = found(text)
    assert (said.status, said.licence, said.intact) == ("unknown", None, False)
    assert said.statement.startswith("no licence that is known")


def test_another_licence_is_never_mapped_to_the_nearest() -> None:
    own = (
        "You may listen to the recordings of this collection at home. Lending them to a school is welcome. Whoever"
        " sells them, or plays them in public, has to ask the collectors first, and has to name the birds. The"
        " collectors give no warranty of any kind, express or implied, including the warranty of merchantability."
    )
    said = found(own)
    assert said.status == "unknown"
    assert said.licence is None


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=400))
def test_any_text_gets_an_answer(text: str) -> None:
    assert found(text).status == "unknown"
    assert found(KESTREL + "\n\n" + text).key == "kestrel-1.0"
