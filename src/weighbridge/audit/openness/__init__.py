"""How open a model is: what is released, under which terms, and what that makes of it by three definitions."""

from weighbridge.audit.openness.audit import audit_openness
from weighbridge.audit.openness.openness import DIMENSION, Base, Openness

__all__ = ["DIMENSION", "Base", "Openness", "audit_openness"]
