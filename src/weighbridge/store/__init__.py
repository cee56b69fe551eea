"""Store: every paid answer once, under the key of what was asked."""
