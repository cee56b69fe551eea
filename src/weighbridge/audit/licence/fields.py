"""Fields of use: what a user calls one, and what licences call it."""

from __future__ import annotations

import re

LIMITED: dict[str, tuple[str, ...]] = {
    "medical advice": ("medical advice", "diagnosis", "diagnostics", "triage", "medical results", "treatment advice"),
    "medicine": (
        *("medicine", "medical", "health", "healthcare", "hospital", "clinic", "clinical", "pharma", "pharmacy"),
        *("nursing", "radiology", "patient", "patients", "doctor", "telemedicine", "diagnosis", "triage"),
    ),
    "justice": (
        *(
            "justice",
            "court",
            "courts",
            "judiciary",
            "law enforcement",
            "police",
            "policing",
            "immigration",
            "asylum",
        ),
        *("border", "prison", "sentencing", "migration"),
    ),
    "law": ("law", "legal", "lawyer", "attorney", "litigation", "compliance"),
    "military": (
        *("military", "army", "navy", "defence", "defense", "warfare", "war", "combat", "intelligence service"),
        *("espionage", "armed forces", "itar"),
    ),
    "weapons": ("weapon", "weapons", "guns", "firearms", "arms", "munitions", "explosives"),
    "nuclear": ("nuclear",),
    "surveillance": ("surveillance", "spying", "tracking of people", "monitoring of people"),
    "biometrics": ("biometric", "biometrics", "face recognition", "facial recognition", "fingerprint"),
    "infrastructure": (
        *("infrastructure", "power grid", "energy grid", "transport", "transportation", "aviation", "railway"),
        *("heavy machinery", "water supply", "autonomous driving", "self driving"),
    ),
    "finance": ("finance", "financial", "bank", "banking", "credit", "lending", "trading", "investment", "fintech"),
    "insurance": ("insurance", "insurer"),
    "employment": ("employment", "hiring", "recruiting", "recruitment", "hr", "human resources"),
    "housing": ("housing", "rental", "tenancy"),
}
"""Fields that a licence here limits, and words for them."""

_FREE = """
research science academic education school university retail shop ecommerce commerce marketing advertising software
programming coding code developer media news publishing journalism games gaming entertainment travel tourism
hospitality restaurant food agriculture farming manufacturing logistics telecom telecommunications translation
localisation support customer service productivity office writing art music design sports fashion nonprofit charity
library archive general chat assistant search consumer personal hobby linguistics prototype startup chemistry
physics mathematics analytics accounting sales procurement museum product e
"""
FREE = frozenset(_FREE.split())
"""Words for fields that no licence here limits."""

RESEARCH = frozenset({"research", "science", "academic", "university", "scientific"})


def fields_of(text: str | None) -> frozenset[str] | None:
    """The fields that a user's words name: limited ones, ``research``, or ``other``; None where they say none known.

    A word that is not known may mean a limited field, and is never taken for a free one.
    """
    if text is None:
        return None
    plain = " " + re.sub(r"[^a-z0-9]+", " ", text.lower()).strip() + " "
    found = {field for field, words in LIMITED.items() if any(f" {word} " in plain for word in words)}
    words = plain.split()
    if any(word in RESEARCH for word in words):
        found.add("research")
    if not found and words and all(word in FREE for word in words):
        found.add("other")
    return frozenset(found) or None
