"""Lists of words that comparisons look at."""

from __future__ import annotations

import zlib


def hashed(word: str) -> int:
    """A word as 32 bits."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


_LICENSORS = """
meta google alibaba deepseek tii nvidia openai stability moonshot mistral bigscience bigcode huggingface anthropic
cohere ai21 isc regents apple microsoft ibm databricks mosaicml eleutherai
"""
_PARTS_OF_NAMES = "inc llc ltd limited corporation corp cloud platforms ireland ai the of university"
_NO_NAMES = """
you your yours licensee licensees user users we us our no not never nobody none only third party parties anyone
contributor contributors recipient customer
"""
_TURNING = """
not no non never nor neither only solely exclusively except excluding without unless until prohibited
forbidden restricted banned royalty royalties free fee fees charge irrevocable revocable perpetual limited
exclusive nonexclusive commercial noncommercial may must shall can cannot required worldwide transferable
sublicensable sublicense redistribute distribute sell modify hosted research academic personal internal
permitted allowed granted terminate terminates all any
"""
_NUMBERS = """
one two three four five six seven eight nine ten twelve fifteen twenty thirty forty fifty sixty ninety hundred
thousand million billion percent
"""

LICENSORS = frozenset(hashed(word) for word in _LICENSORS.split())
"""Another name in their place says who grants, not what. Hashes."""
PARTS_OF_NAMES = frozenset(hashed(word) for word in _PARTS_OF_NAMES.split())
"""May stand beside them. Hashes."""
NO_NAMES = frozenset(_NO_NAMES.split())
"""Never a licensor's name."""
TURNING = frozenset(_TURNING.split())
"""Words that turn what a sentence says."""
TURNING_HASHES = frozenset(hashed(word) for word in TURNING)
NUMBERS = frozenset(_NUMBERS.split())
NUMBER_HASHES = frozenset({*map(hashed, NUMBERS), *(hashed(str(number)) for number in range(1001))})
YEARS = frozenset(hashed(str(year)) for year in range(1970, 2100))
"""Hashes."""
