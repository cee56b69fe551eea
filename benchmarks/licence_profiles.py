"""Verdicts on jobs beside those written from the licences' texts.

    python benchmarks/licence_profiles.py [--all]

The jobs are tests/audit/licence/profiles.yaml and, by a second reader, profiles_second.yaml; nothing else is needed.
`--all` prints every one of them.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import msgspec
import yaml

from weighbridge.audit.licence import audit_licence, licence_target
from weighbridge.evidence.requirements import Job

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "audit" / "licence"
VERDICTS = ("allowed", "allowed if", "unknown", "not allowed")


def main() -> int:
    """Prints the table; 1 where a verdict or its clause is another."""
    table: Counter[tuple[str, str]] = Counter()
    wrong = 0
    profiles = [
        one
        for name in ("profiles.yaml", "profiles_second.yaml")
        for one in yaml.safe_load((FOLDER / name).read_text())
    ]
    for profile in profiles:
        job = msgspec.convert(profile["job"], Job)
        audit = audit_licence(licence_target(profile["target"]), job, tuple(profile.get("with", ())))
        clauses = {f"{one.clause.licence} {one.clause.clause}" for one in audit.rulings if one.clause}
        right = audit.verdict == profile["verdict"] and profile.get("clause") in clauses | {None}
        wrong += not right
        table[profile["verdict"], audit.verdict] += 1
        if "--all" in sys.argv or not right:
            print(f"{'   ' if right else '!! '}{profile['n']}: {profile['verdict']} / {audit.statement}")
    print(f"\n{'from the text':14}" + "".join(f"{verdict:>13}" for verdict in VERDICTS) + "  (ours)")
    for verdict in VERDICTS:
        print(f"{verdict:14}" + "".join(f"{table[verdict, ours]:13}" for ours in VERDICTS))
    print(f"\n{len(profiles) - wrong} of {len(profiles)} agree in verdict and deciding clause (asked: 60 jobs)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
