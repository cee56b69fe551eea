"""Store: every paid answer once, under the key of what was asked."""

from weighbridge.store.answer import Answer, Group, Key, Selection, Source
from weighbridge.store.key import key_of
from weighbridge.store.protocol import Store

__all__ = ["Answer", "Group", "Key", "Selection", "Source", "Store", "key_of"]
