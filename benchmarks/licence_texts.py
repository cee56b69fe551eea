"""Which licence a text is, on damaged, altered, halved and re-set texts of the licences that models come under.

    python benchmarks/licence_texts.py [--seeds N] [--verbose]

Needs the recorded texts beside the checkout (../shared/data/licences). Prints ours beside what the ScanCode toolkit
32 did on the same kinds of text, as those who recorded them measured it: 23 licences of models and 14 common ones.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import random
import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from licence_attacks import FORMS, attacks
from weighbridge.audit.licence.detect import Identified, identify

TEXTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "licences" / "licence_texts.jsonl.gz"
README = """# Kestrel-7B

![build](https://img.shields.io/badge/build-passing-green)

Kestrel is a small language model for summaries of field notes. It reads 8,192 tokens at a time.

## Quick start

Install it with `pip install kestrel` and run the example:

```python
from kestrel import Model
model = Model.load("kestrel-7b")
```

It was trained for eleven days on 64 accelerators. Scores are in the table below.

| task | score |
| --- | --- |
| notes | 61.2 |

## License

{}

## Citation

If Kestrel helped you, a citation makes us happy:

    @misc{{kestrel, title={{Kestrel}}, year={{2025}}}}

## Thanks

To the birds, and to the people who count them.
"""
INSERTIONS = (
    "You may not use the Software or its outputs to provide a hosted service to third parties.",
    "A royalty of 3% of gross revenue is payable to the licensor each quarter.",
    "This license does not extend to any person or entity located in the European Union.",
    "Use of the model to improve any other large language model is prohibited.",
    "Redistribution in any form requires the prior written consent of the licensor.",
    "Licensees must report the number of their end users to the licensor every month.",
    "Military and law enforcement uses are excluded from this license.",
    "The rights granted here expire twelve months after the date of download.",
    "Commercial use needs a separate paid agreement.",
    "If you have more than 50 employees, this license is void.",
    "The licensor can revoke these rights at any time for any reason.",
    "Every product built on the work has to show the licensor's logo on its start page.",
    "Benchmark results must never be published.",
    "All improvements that you make belong to the licensor.",
    "Only academic institutions are entitled to the rights above.",
    "You agree to let the licensor audit your premises once a year.",
    "Companies that compete with the licensor are not licensees.",
    "Outputs of the model are for research purposes only.",
    "Companies with annual revenue above ten million dollars owe us two percent of it.",
    "Anyone who sues the licensor loses every right under this document.",
)
WORD_EDITS: tuple[tuple[str, str, str], ...] = (
    ("llama-2-license-2023", "700 million", "70 million"),
    ("llama-3.1-license-2024", "700 million", "7 million"),
    ("llama-4-cla-2025", "royalty-free", "royalty-bearing"),
    ("apache-2.0", "perpetual, worldwide", "worldwide"),
    ("apache-2.0", "irrevocable copyright", "revocable\n      copyright"),
    ("apache-2.0", "no-charge, ", ""),
    ("mit", "free of charge", "for a charge"),
    ("mit", "sublicense, and/or sell", "and/or sublicense"),
    ("mit", "without restriction", "with restriction"),
    ("bsd-new", "are permitted", "are not permitted"),
    ("qwen-2024", "100 million", "10 million"),
    ("tongyi-qianwen-2023", "100 million", "1 million"),
    ("isc", "for any purpose with or without fee", "for any non-commercial purpose"),
    ("isc", "with or without fee", "without fee"),
    ("unlicense", "commercial or non-commercial", "non-commercial"),
    ("gemma-tou-2025-03-24", "Google claims no rights", "Google claims rights"),
    ("openmdw-1.0", "without restriction", "with restrictions"),
    ("cc-by-4.0", "irrevocable", "revocable"),
    ("stability-ai-community-2024", "$1,000,000", "$100,000"),
    ("gpl-3.0", "may convey", "may not convey"),
    ("deepseek-la-1.0", "irrevocable", "revocable"),
    ("nvidia-open-model-2025-04-28", "perpetual", "temporary"),
)
GRANT = re.compile(
    r"\b(?:hereby grants?|granted|grants? (?:you|to you)|permission is|you may|are permitted|is free)\b", re.I
)
ABBREVIATED = re.compile(r"(?<=[.;])\s+(?=[A-Z(\"“])")


def texts() -> dict[str, str]:
    """The recorded texts by key."""
    with gzip.open(TEXTS, "rt", encoding="utf-8") as lines:
        return {row["key"]: row["text"] for row in map(json.loads, lines)}


def dropped(text: str, rng: random.Random, share: float = 0.1) -> str:
    return re.sub(r"\S+", lambda word: "" if rng.random() < share else word.group(), text)


def half(text: str) -> str:
    return text[: len(text) // 2]


def paragraphs(text: str) -> list[str]:
    return [one for one in re.split(r"\n\s*\n", text) if one.strip()]


def rewrapped(text: str, width: int) -> str:
    return "\n\n".join(textwrap.fill(" ".join(one.split()), width) for one in paragraphs(text))


def one_line(text: str) -> str:
    return " ".join(text.split())


def marked_down(text: str) -> str:
    """Headings by #, list items by -, defined words bold."""
    out = []
    for row in text.splitlines():
        bare = row.strip()
        if re.match(r"^(?:section )?\d+\.? +[A-Z][\w ,-]{2,50}\.?$", bare, re.I) or (
            bare.isupper() and len(bare) < 60
        ):
            row = f"## {bare}"
        elif re.match(r"^\(?[a-z]\)|^\(?[ivx]+\)|^[•*-] ", bare):
            row = f"- {bare}"
        out.append(re.sub(r"[\"“](\w[\w ]{0,25})[\"”]", r'"**\1**"', row))
    return "\n".join(out)


def as_html(text: str) -> str:
    body = "\n".join(f"<p class='t'>{html.escape(one)}</p>" for one in paragraphs(text))
    return f"<!DOCTYPE html>\n<html><head><style>p {{ margin: 0 }}</style></head><body>\n{body}\n</body></html>"


def recased(text: str) -> str:
    """Short lines (headings) in capitals."""
    return "\n".join(row.upper() if len(row.split()) < 7 else row for row in text.splitlines())


def held(text: str) -> str:
    """Another holder and year, put first or in the notice that is there."""
    text = text.replace("[yyyy]", "2031").replace("[name of copyright owner]", "Ana Lopez and the Kestrel Authors")
    text = text.replace("name of the ORGANIZATION", "name of Kestrel Labs, Inc.")
    return f"Copyright (c) 2019-2031 Kestrel Labs, Inc. All rights reserved.\n\n{text}"


TRUE_FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "wrapped at 60": lambda text: rewrapped(text, 60),
    "wrapped at 100": lambda text: rewrapped(text, 100),
    "one paragraph": one_line,
    "windows line ends": lambda text: text.replace("\n", "\r\n"),
    "plain quotes": lambda text: text.translate(str.maketrans("“”‘’–—", "\"\"''--")),
    "curly quotes": lambda text: re.sub(r'"([^"]*)"', r"“\1”", text),
    "headings in capitals": recased,
    "all capitals": str.upper,
    "markdown": marked_down,
    "html": as_html,
    "holder and year": held,
    "every year another": lambda text: re.sub(r"\b20[012]\d\b", "2031", text),
    "quoted": lambda text: "\n".join(f"> {row}" for row in text.splitlines()),
    "in a comment": lambda text: "/*\n" + "\n".join(f" * {row}" for row in text.splitlines()) + "\n */",
    "indented": lambda text: textwrap.indent(text, "        "),
}


def sentences(text: str) -> list[tuple[int, int]]:
    """Where sentences of at least six words begin and end."""
    found, begin = [], 0
    for mark in [*ABBREVIATED.finditer(text), None]:
        end = mark.start() if mark else len(text)
        for part in re.finditer(r"(?:(?!\n\s*\n)[\s\S])+", text[begin:end]):
            if len(part.group().split()) >= 6:
                found.append((begin + part.start(), begin + part.end()))
        begin = mark.end() if mark else end
    return found


def mutations(all_texts: dict[str, str], rng: random.Random, most: int = 20) -> Iterator[tuple[str, str, str]]:
    """(key, what was done, the text): a sentence in, a grant out, a word changed."""
    keys = sorted(all_texts)
    for key in keys:
        text = all_texts[key]
        places = sentences(text)
        for insertion in rng.sample(INSERTIONS, min(most, len(INSERTIONS))):
            at = rng.choice([0, *(end for _, end in places)])
            yield key, f"in at {at}: {insertion}", f"{text[:at]} {insertion} {text[at:]}"
        grants = [(begin, end) for begin, end in places if GRANT.search(text[begin:end])]
        for begin, end in grants[:most]:
            yield key, f"out: {' '.join(text[begin:end].split())[:80]}", text[:begin] + text[end:]
    for key, old, new in WORD_EDITS:
        spaced = re.compile(r"\s+".join(map(re.escape, old.split())))
        assert spaced.search(all_texts[key]), (key, old)
        yield key, f"{old!r} -> {new!r}", spaced.sub(new, all_texts[key], count=1)


def named(found: Identified, key: str) -> bool:
    return found.key == key


def as_candidate(found: Identified, key: str) -> bool:
    return any(one.key == key for one in found.candidates)


def shown(key: str, found: Identified) -> str:
    return f"{key} -> {found.key} {found.status} {[str(one)[:150] for one in found.passages[:3]]} {found.missing[:3]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    if not TEXTS.is_file():
        sys.exit("the recorded licence texts are not here: they belong beside the checkout, ../shared/data/licences")
    known = texts()
    began = time.process_time()
    calls = 0

    def told(what: str) -> None:
        if given.verbose:
            print("   ", what)

    print(f"{len(known)} texts, seeds 0 to {given.seeds - 1}\n")
    rows: list[tuple[str, str, str]] = []
    for name, form in TRUE_FORMS.items():
        good = 0
        for key, text in known.items():
            found = identify(form(text))
            calls += 1
            if named(found, key) and found.status == "complete":
                good += 1
            else:
                told(f"{name}: {shown(key, found)}")
        rows.append((f"true text, {name}: named and complete", f"{good}/{len(known)}", ""))
    for seed in range(given.seeds):
        rng = random.Random(seed)
        good = claimed = first = 0
        for key, text in known.items():
            found = identify(dropped(text, rng))
            calls += 1
            first += named(found, key)
            good += named(found, key) or (as_candidate(found, key) and key in _twins(found))
            claimed += found.status == "complete"
            if not named(found, key):
                told(f"dropped: {key} -> {found.key}, twins {found.twins}")
        rows.append((f"10 % of words dropped (seed {seed}): named", f"{first}/{len(known)}", "23/23 and 14/14"))
        rows.append(("  or named beside a twin that explains it as well", f"{good}/{len(known)}", ""))
        rows.append(("  claimed to be complete", str(claimed), ""))
    good = whole = 0
    for key, text in known.items():
        found = identify(README.format(text))
        calls += 1
        good += named(found, key)
        whole += named(found, key) and found.status == "complete"
        if not (named(found, key) and found.status == "complete"):
            told(f"readme: {shown(key, found)}")
    rows.append(("inside a README: named", f"{good}/{len(known)}", "23/23 and 14/14"))
    rows.append(("  and found complete", f"{whole}/{len(known)}", ""))
    good = 0
    for key, text in known.items():
        found = identify(half(text))
        calls += 1
        ok = as_candidate(found, key) and found.status == "incomplete"
        good += ok
        if not ok:
            told(f"half: {shown(key, found)}")
    rows.append(("first half: candidate, and incomplete", f"{good}/{len(known)}", "4/23 and 3/14"))
    good = total = silent = 0
    for seed in range(given.seeds):
        for key, what, text in mutations(known, random.Random(seed)):
            found = identify(text)
            calls += 1
            total += 1
            reported = found.status == "modified" and as_candidate(found, key)
            good += reported
            silent += found.status == "complete"
            if not reported:
                told(f"mutated {key} {what[:160]}: {found.key} {found.status}")
    rows.append(("altered texts: reported as modified", f"{good}/{total}", "about 1 in 8"))
    rows.append(("  accepted as complete", str(silent), ""))
    found_all = [(key, what, identify(text)) for key, what, text in attacks(known)]
    good = sum(found.status == "modified" and as_candidate(found, key) for key, _, found in found_all)
    rows.append(("a second writer's alterations: reported", f"{good}/{len(found_all)}", ""))
    for key, what, found in found_all:
        if found.status != "modified":
            told(f"second {key} {what[:160]}: {found.key} {found.status}")
    alarms = 0
    for name, form in FORMS.items():
        for key, text in known.items():
            found = identify(form(text))
            if not (named(found, key) and found.status == "complete"):
                alarms += 1
                told(f"second {name}: {shown(key, found)}")
    rows.append(("a second writer's harmless changes: false alarms", f"{alarms}/{len(FORMS) * len(known)}", ""))
    calls += len(found_all) + len(FORMS) * len(known)
    took = (time.process_time() - began) / calls
    print(f"{'':52}{'ours':>14}   ScanCode 32")
    for label, ours, theirs in rows:
        print(f"{label:52}{ours:>14}   {theirs}")
    print(f"\n{calls} texts, {took * 1000:.0f} ms of CPU each (mean)")


def _twins(found: Identified) -> set[str]:
    ids = set(found.twins)
    return {one.key for one in found.candidates if one.licence in ids or one.key in ids}


if __name__ == "__main__":
    main()
