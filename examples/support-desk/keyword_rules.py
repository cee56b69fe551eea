"""The baseline a model has to beat: keywords in a fixed order of precedence, and one pattern for order numbers.

It is the kind of rule a desk has in its ticket system today. It needs no model, costs next to nothing and answers
in microseconds, so a model earns its keep only by what it gets right beyond this.
"""

from __future__ import annotations

import re

from weighbridge.tasks.item import Item

KEYWORDS: dict[str, tuple[str, ...]] = {
    "account": (
        *("password", "passwort", "log in", "login", "logged in", "sign in", "signed in", "einloggen", "locked out"),
        *("2fa", "verification", "two-factor", "my account", "konto", "compte", "cuenta", "profile", "username"),
        *("personal data", "my data", "daten", "données", "gdpr", "phishing", "admin"),
    ),
    "payment": (
        *("refund", "invoice", "rechnung", "factura", "fattura", "faktur", "charge", "price", "vat", "payment"),
        *("paid", "card", "discount", "voucher", "gift card", "rebate", "fee", "subscription", "plan", "money"),
        *("promo", "rimborso", "renewal", "abbuch", "cobr"),
    ),
    "delivery": (
        *("order", "bestellung", "commande", "pedido", "parcel", "package", "paket", "colis", "delivery", "deliver"),
        *(
            "courier",
            "carrier",
            "tracking",
            "shipped",
            "shipping",
            "arrived",
            "stock",
            "return",
            "address",
            "customs",
        ),
    ),
}
"""The first team with a keyword in the message gets it; with none it goes to the device team."""

ORDER = re.compile(r"(?:\bFL[- ]?|\border (?:no\.? |number )?|#)(\d{6})\b", re.IGNORECASE)


def route(item: Item) -> str:
    """The team for a message."""
    text = str(item.fields["message"]).lower()
    for team, words in KEYWORDS.items():
        if any(re.search(rf"\b{re.escape(word)}", text) for word in words):
            return team
    return "device"


def order_number(item: Item) -> str:
    """The first thing in the message that looks like an order number, as ``FL-123456``, or ``none``."""
    found = ORDER.search(str(item.fields["message"]))
    return f"FL-{found.group(1)}" if found else "none"
