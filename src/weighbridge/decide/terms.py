"""Under which terms a decision is taken: requirements, currency, and the day on which facts are held against them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from weighbridge.decide.audited import Audits
from weighbridge.decide.subject import Subject, subject_of
from weighbridge.evidence import Column, Requirements


@dataclass(frozen=True, slots=True)
class Terms:
    """What is demanded, and when."""

    requirements: Requirements = field(default_factory=Requirements)
    currency: str = "USD"
    today: date = field(default_factory=date.today)
    audits: Audits = field(default_factory=Audits)
    subjects: dict[tuple[str, str, str | None, str | None], Subject] = field(default_factory=dict)
    """Who was looked up already."""

    @property
    def accepted(self) -> tuple[str, ...]:
        """Dimensions of which the unknown counts as met, because the user says so."""
        return self.requirements.accept_unknown

    @property
    def nothing(self) -> bool:
        """Whether nothing is demanded or preferred."""
        return self.requirements == Requirements()

    def subject(self, column: Column) -> Subject:
        """Who a candidate is."""
        key = (column.name, column.spec, column.facts, column.policy)
        if key not in self.subjects:
            self.subjects[key] = subject_of(column)
        return self.subjects[key]
