"""The parts of a release that openness is judged by: those of the Model Openness Framework 1.0, and seven more.

Names, types and classes of the framework: White et al. 2024 (arXiv 2403.13784) and the framework's own tool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["code", "data", "document", "service"]
MofClass = Literal["I", "II", "III"]


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a release."""

    id: str
    name: str
    """As the framework calls it."""
    kind: Kind
    mof: MofClass | None = None
    """Least class that asks for it; None: the framework does not know it."""
    required: bool = False
    number: int | None = None
    """The framework's own number."""


COMPONENTS: tuple[Component, ...] = (
    Component("architecture", "Model architecture", "code", "III", True, 9),
    Component("weights", "Model parameters (Final)", "data", "III", True, 10),
    Component("evaluation_results", "Evaluation results", "document", "III", True, 12),
    Component("model_card", "Model card", "document", "III", True, 13),
    Component("data_card", "Data card", "document", "III", True, 14),
    Component("report", "Technical report", "document", "III", True, 11),
    Component("sample_outputs", "Sample model outputs", "document", "III", False, 20),
    Component("training_code", "Training code", "code", "II", True, 7),
    Component("inference_code", "Inference code", "code", "II", True, 8),
    Component("evaluation_code", "Evaluation code", "code", "II", True, 18),
    Component("evaluation_data", "Evaluation data", "data", "II", True, 19),
    Component("libraries", "Supporting libraries and tools", "code", "II", False, 22),
    Component("datasets", "Datasets", "data", "I", True, 15),
    Component("preprocessing_code", "Data preprocessing code", "code", "I", True, 16),
    Component("checkpoints", "Model parameters (Intermediate)", "data", "I", True, 24),
    Component("paper", "Research paper", "document", "I", True, 21),
    Component("metadata", "Model metadata", "data", "I", False, 17),
    Component("tuning_data", "Data of the instruction tuning", "data"),
    Component("code_guide", "Documentation of the code", "document"),
    Component("architecture_guide", "Description of the architecture", "document"),
    Component("peer_review", "Peer-reviewed paper", "document"),
    Component("card_detail", "Detail of the model card", "document"),
    Component("package", "Installable package", "code"),
    Component("api", "Public interface to try it", "service"),
)
"""In the order of the table: what the framework asks for first, then what only the 14 criteria ask for."""

BY_ID = {component.id: component for component in COMPONENTS}
BY_NAME = {component.name.lower(): component for component in COMPONENTS}
FRAMEWORK = tuple(component for component in COMPONENTS if component.mof is not None)

CLASSES: tuple[MofClass, ...] = ("III", "II", "I")
"""From the first to be reached to the best."""

CLASS_NAMES = {"III": "Open Model", "II": "Open Tooling", "I": "Open Science"}


def required(mof: MofClass) -> tuple[str, ...]:
    """Ids of what a class asks for, with what the classes below it ask for."""
    upto = CLASSES[: CLASSES.index(mof) + 1]
    return tuple(one.id for one in FRAMEWORK if one.required and one.mof in upto)
