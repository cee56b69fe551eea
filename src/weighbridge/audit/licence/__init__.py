"""What the licences of a model allow, clause by clause, and which licence a text is."""

from weighbridge.audit.licence.audit import audit_components, audit_licence
from weighbridge.audit.licence.gather import licence_target
from weighbridge.audit.licence.known import Gathered
from weighbridge.audit.licence.result import LicenceAudit, Part
from weighbridge.audit.licence.ruling import Clause, Component, Ruling, Statement, Verdict

__all__ = [
    "Clause",
    "Component",
    "Gathered",
    "LicenceAudit",
    "Part",
    "Ruling",
    "Statement",
    "Verdict",
    "audit_components",
    "audit_licence",
    "licence_target",
]
