"""How well openness is graded: beside the framework's own tool, the definition's validators, and people's grades.

    python benchmarks/openness.py [--systems]

Needs the recorded results and facts beside the checkout (../shared/data, ../shared/facts); what is absent is named
and left out. The graded systems are folders as a model hub has them, made by code (tests/known_releases.py): the
outline of each release's page, without what the page only links.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from hub_folders import Folder  # noqa: E402 - made by the tests' code
from known_releases import RELEASES, UNSEEN  # noqa: E402 - made by the tests' code
from weighbridge.audit.openness import Openness, audit_openness  # noqa: E402
from weighbridge.audit.openness.components import CLASSES  # noqa: E402
from weighbridge.audit.openness.criteria import GRADES, RULES  # noqa: E402
from weighbridge.audit.openness.mof_file import declared, read_model_file  # noqa: E402
from weighbridge.audit.target import find_target  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "model_openness_framework"
FACTS = ROOT.parent / "shared" / "facts" / "openness_grades.json"
NUMBERS = {None: 0, "III": 3, "II": 2, "I": 1}
VALIDATED = {
    "complies": ("pythia-12b", "olmo-7b", "amber-7b", "crystalcoder-7b", "t5-11b"),
    "near": ("bloom-176b", "starcoder2-15b", "falcon-180b"),
    "does not comply": ("llama-2-70b", "grok-1", "phi-2", "mixtral-8x7b"),
}
"""The verdicts of the definition's validation phase (2024); "near": would probably pass with other terms."""


def unpacked(name: str) -> str:
    return gzip.decompress((DATA / name).read_bytes()).decode()


def expected_results() -> None:
    fixtures = json.loads(unpacked("expected_results.json.gz"))
    right = 0
    for fixture in fixtures:
        found, expected = declared(read_model_file(fixture)), fixture["classification"]
        same = all(abs(found.percent[mof] - expected["progress"][str(NUMBERS[mof])]) < 1e-6 for mof in CLASSES)
        right += NUMBERS[found.mof] == expected["class"] and same
    print(f"framework's expected results: {right} of {len(fixtures)} recorded (its tool has 27), class and progress")


def model_files() -> None:
    grades = {row["mot_entry"]: row for row in json.loads(FACTS.read_text())["mot_grades"]}
    right, counts, lenient = 0, dict.fromkeys(NUMBERS, 0), 0
    parts = unpacked("models.yaml.gz").split("# file: ")[1:]
    for part in parts:
        entry, _, text = part.partition("\n")
        file = read_model_file(yaml.safe_load(text.removesuffix("---\n")))
        found, expected = declared(file), grades[entry.strip().removesuffix(".yml")]
        same = all(round(found.percent[mof]) == expected[mof] for mof in CLASSES)
        right += (NUMBERS[found.mof] or None) == expected["class"] and same
        counts[found.mof] += 1
        lenient += declared(file, "lenient").mof != found.mof
    shown = ", ".join(f"{number} {mof or 'none'}" for mof, number in counts.items())
    print(
        f"grades of the framework's model files: {right} of {len(parts)} ({shown}); other spellings change {lenient}"
    )


def validation() -> None:
    right, total = 0, 0
    for verdict, names in VALIDATED.items():
        for name in names:
            osi = audit_openness(find_target(name)).osi
            right += (osi.low, osi.high) == (verdict, verdict)
            total += 1
    print(f"verdicts of the definition's validation: {right} of {total}, from facts on each part")


def kappa(ours: list[int], theirs: list[int], power: int) -> float:
    """Cohen's kappa, weighted by the distance of the grades to the `power`."""
    size = len(GRADES)
    weights = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) ** power
    seen = np.zeros((size, size))
    np.add.at(seen, (np.array(ours), np.array(theirs)), 1 / len(ours))
    chance = (weights * np.outer(seen.sum(axis=1), seen.sum(axis=0))).sum()
    return float(1 - (weights * seen).sum() / chance) if chance else float("nan")


def keywords(text: str) -> dict[str, int]:
    """A baseline: a criterion is open where its word stands on the page."""
    words = {
        "opencode": "training code", "llmdata": "pretrain", "llmweights": "base model", "rldata": "datasets:",
        "rlweights": "", "license": "license:", "code": "github.com", "architecture": "architecture",
        "preprint": "arxiv", "paper": "paper", "modelcard": "model", "datasheet": "data", "package": "pip",
        "api": "pipeline_tag",
    }  # fmt: skip
    return {name: 2 * (word in text.lower()) for name, word in words.items()}


def people(title: str, releases: dict[str, tuple[str, Folder]], each: bool) -> None:
    theirs = {row["project"]: row for row in json.loads(FACTS.read_text())["opening_up"]}
    audits: dict[str, Openness] = {}
    base: dict[str, dict[str, int]] = {}
    started = time.process_time()
    with tempfile.TemporaryDirectory() as root:
        for name, (hub, folder) in releases.items():
            path = folder.write(Path(root) / hub.replace("/", "--"))
            audits[name] = audit_openness(find_target(str(path)))
            base[name] = keywords((path / "README.md").read_text(encoding="utf-8"))
    spent = (time.process_time() - started) / len(audits)
    print(f"\n{title}: {len(audits)} systems that people graded, {1000 * spent:.0f} ms of CPU each")
    print("kappa: weighted by the squared distance, then by the distance; keywords: a baseline; in: in our interval")
    print(f"{'criterion':<14} {'kappa':>6} {'linear':>7} {'same':>6} {'keywords':>9} {'in':>12}")
    for identity, *_ in RULES:
        rated = [next(one for one in found.criteria if one.id == identity) for found in audits.values()]
        ours = [GRADES.index(one.grade) for one in rated]
        given = [GRADES.index(theirs[name][identity]) for name in audits]
        ends = [(GRADES.index(one.low), GRADES.index(one.high)) for one in rated]
        inside = np.mean([low <= grade <= high for (low, high), grade in zip(ends, given, strict=True)])
        plain = kappa([base[name][identity] for name in audits], given, 2)
        same = np.mean(np.array(ours) == np.array(given))
        weighted = f"{kappa(ours, given, 2):6.2f} {kappa(ours, given, 1):7.2f}"
        print(f"{identity:<14} {weighted} {same:6.0%} {plain:9.2f} {inside:12.0%}")
    if each:
        marks = {"closed": ".", "partial": "o", "open": "O"}
        print("\nours, theirs (O open, o partial, . closed), in the order above")
        for name, found in audits.items():
            mine = "".join(marks[one.grade] for one in found.criteria)
            print(f"{name:<24} {mine} {''.join(marks[theirs[name][one.id]] for one in found.criteria)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", action="store_true", help="print every system's grades")
    given = parser.parse_args()
    if DATA.is_dir():
        expected_results()
    if DATA.is_dir() and FACTS.is_file():
        model_files()
    validation()
    if FACTS.is_file():
        people("Fitted", RELEASES, given.systems)
        people("Not fitted", UNSEEN, given.systems)
        people("All", RELEASES | UNSEEN, False)
    for path in (DATA, FACTS):
        if not path.exists():
            print(f"not on this machine: {path.relative_to(ROOT.parent)}; what needs it is left out")


if __name__ == "__main__":
    main()
