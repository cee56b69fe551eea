"""What the user demands beside quality. Absent: no such demand. What cannot be known never counts as met."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Use = Literal["internal", "service", "ship_weights", "ship_product", "train_model"]
"""``internal``: people of one's own organisation use it. ``service``: others use it over a network.
``ship_weights``: the weights, changed or not, go to others. ``ship_product``: a product that holds the weights goes
to others. ``train_model``: its outputs train another model."""

Modality = Literal["text", "image", "audio", "video"]

Edit = Literal["fine_tune", "adapter", "head", "prune", "quantise", "export"]
"""What is to be done to the model itself. Fine-tuning may also be a vendor's service."""

Dimension = Literal[
    "quality", "cost", "latency", "licence", "openness", "data", "continuity", "hardware", "customisation"
]
"""What a requirement is about."""

Preference = Literal["quality", "cost", "latency", "openness", "continuity", "privacy"]
"""What can be weighed among candidates that meet every demand."""


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who does what with a model: what licences and terms of service ask about. None: not said."""

    use: tuple[Use, ...] = ("internal",)
    """Every way in which it is used."""
    commercial: bool = True
    """Whether it serves a business, at one's own or at a customer's."""
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] | None = None
    """Where the organisation has its seat: ISO 3166 code of two letters."""
    users_in: tuple[Annotated[str, Meta(pattern="^[A-Z]{2}$")], ...] = ()
    """Countries of the people who use it."""
    monthly_users: Annotated[int, Meta(ge=0)] | None = None
    """Monthly active users of the organisation and its affiliates, over all its products."""
    yearly_revenue: Annotated[float, Meta(ge=0)] | None = None
    """USD a year, of the organisation and its affiliates."""
    field: str | None = None
    """Field of use, such as ``medicine``, ``justice``, ``military``, ``finance``."""
    modality: tuple[Modality, ...] = ("text",)
    """What goes in and comes out."""
    modified: bool = False
    """Whether the weights are changed (fine-tuned, merged, quantised)."""


class DataHandling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may happen to what is sent."""

    leaves: Literal["never", "allowed"] = "allowed"
    """``never``: nothing leaves one's own machines, so that only models of one's own hosting remain."""
    training: bool = False
    """Whether the vendor may train on it."""
    retention_days: Annotated[int, Meta(ge=0)] | None = None
    """Days the vendor may keep it, at most."""
    zero_retention: bool = False
    """Whether the vendor must keep nothing; by agreement counts as "meets if"."""
    region: tuple[str, ...] = ()
    """Where it may be processed: ``EU``, ``US``, or ISO 3166 codes; empty: anywhere."""


class OpennessAtLeast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How open the model must be."""

    mof: Literal["I", "II", "III"] | None = None
    """Class of the Model Openness Framework, or a better one; I is the most open."""
    osi: bool = False
    """Whether it must satisfy the Open Source AI Definition 1.0."""
    weights: bool = False
    """Whether the weights must be there to download, under whatever licence."""


class ContinuityFor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the model must go on being there."""

    months: Annotated[int, Meta(ge=1, le=240)]
    """From today on."""
    probability: Annotated[float, Meta(gt=0, lt=1)] = 0.8
    """Least probability of that."""


class Owned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hardware at hand."""

    accelerator: str
    """As `weighbridge models hardware` lists it; ``CPU`` for none."""
    count: Annotated[int, Meta(ge=1)] = 1
    """How many of them in one machine."""
    memory_gb: Annotated[float, Meta(gt=0)] | None = None
    """Memory of each, where it is not the catalogue's."""


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has to be served."""

    requests_per_day: Annotated[float, Meta(gt=0)]
    """Mean over the days of a month."""
    peak_to_mean: Annotated[float, Meta(ge=1)] = 3.0
    """Busiest hour over the mean hour."""
    input_tokens: Annotated[float, Meta(gt=0)] | None = None
    """Of a request, on average; as measured in the run where absent."""
    output_tokens: Annotated[float, Meta(gt=0)] | None = None
    """Of an answer, on average; as measured in the run where absent."""


class Requirements(msgspec.Struct, frozen=True):
    """Limits a candidate must keep to be chosen. None or empty: no such demand."""

    score: Annotated[float, Meta(gt=0, le=1)] | None = None
    """Mean score, at least."""
    cost_per_1000: Annotated[float, Meta(ge=0)] | None = None
    """Money per 1,000 requests, at most."""
    latency_p95: Annotated[float, Meta(gt=0)] | None = None
    """Seconds to the last token at the 95th percentile, at most."""
    cost_per_month: Annotated[float, Meta(ge=0)] | None = None
    """Money per month under `load`, at most."""
    load: Load | None = None
    """What has to be served; costs per month and break-even points rest on it."""
    licence: Job | None = None
    """The job that licences and terms of service must allow."""
    data: DataHandling | None = None
    """What may happen to what is sent."""
    openness: OpennessAtLeast | None = None
    """How open the model must be."""
    continuity: ContinuityFor | None = None
    """How long the model must go on being there."""
    hardware: tuple[Owned, ...] = ()
    """Machines at hand, that a self-hosted model must fit on."""
    customisation: tuple[Edit, ...] = ()
    """What must be possible to do to the model."""
    prefer: dict[Preference, Annotated[float, Meta(ge=0)]] = {}
    """Weights of what is left to choose by, among those who meet every demand: `quality`, `cost`, `latency`,
    `openness`, `continuity`, `privacy`."""
    accept_unknown: tuple[Dimension, ...] = ()
    """Demands of which the user takes the risk where it is not known whether a candidate meets them; the verdict says
    so. A demand that is known not to be met still excludes."""

    @property
    def audited(self) -> bool:
        """Whether something is demanded that is checked before a candidate is asked anything."""
        asked = (self.licence, self.openness, self.data, self.continuity)
        return any(one is not None for one in asked) or bool(self.hardware or self.customisation)
