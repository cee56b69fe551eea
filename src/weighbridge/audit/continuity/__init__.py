"""How long a model is likely to be there, who keeps it up, and what holds one to it."""

from weighbridge.audit.continuity.report import Backing, Continuity, audit_continuity, continuity_of, named_target

__all__ = ["Backing", "Continuity", "audit_continuity", "continuity_of", "named_target"]
