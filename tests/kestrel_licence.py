"""A licence of our own, to be known, found, altered and broken in tests."""

from __future__ import annotations

KESTREL = """\
KESTREL FIELD LICENSE
Version 1.0, March 2025

1. Words

"Kestrel" means the model weights, the code that runs them and the papers that come with both. "You" means whoever
receives a copy of Kestrel, be it a person or a firm.

2. What you may do

    (a) You are granted, free of any royalty and for all time, the right to run, study, change and pass on Kestrel.
    (b) You may sell what you build with Kestrel, and you may keep your changes to yourself.

3. What you must do

    (a) Whoever receives Kestrel from you must receive this text along with it.
    (b) If more than 400 million people use your products in a month, you must tell the keepers of Kestrel.
    (c) Files that you changed must say that you changed them.

4. No promises

Kestrel comes as it is. The keepers of Kestrel promise nothing about it, and owe nobody damages for what it does.

5. End

These rights end for those who break section 3 and do not mend it within 30 days of being told.
"""

SENTENCES = (
    "You may not offer Kestrel as a hosted service.",
    "A royalty of two percent of your income from it is payable each year.",
    "Nobody in the European Union receives any right from this text.",
    "Use in weapons is prohibited.",
    "Commercial use needs a separate agreement.",
    "The keepers of Kestrel can take these rights back at any time.",
    "Outputs of Kestrel must not be used to train another model.",
    "Passing Kestrel on requires our written consent.",
    "This permission ends twelve months after you received your copy.",
    "You agree to report the number of your users to us every month.",
    "Only universities are entitled to these rights.",
    "Firms with more than fifty employees are excluded.",
    "Benchmark results must never be published.",
    "All changes that you make belong to us.",
)
"""Restrictions that no licence of the index has in these words."""
