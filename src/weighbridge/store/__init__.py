"""Store: every paid answer once, under the key of what was asked."""

from weighbridge.store.answer import Answer, Group, Key, Selection, Shown, Source
from weighbridge.store.faults import StoreError
from weighbridge.store.journal import Entry
from weighbridge.store.key import key_of
from weighbridge.store.opening import DEFAULT, open_store, store_path
from weighbridge.store.protocol import Store

__all__ = [
    "DEFAULT",
    "Answer",
    "Entry",
    "Group",
    "Key",
    "Selection",
    "Shown",
    "Source",
    "Store",
    "StoreError",
    "key_of",
    "open_store",
    "store_path",
]
