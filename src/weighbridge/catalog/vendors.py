"""What vendors do with what is sent to them, whether they tune models, how they retire them, how open they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from weighbridge.catalog.entries import Entry, Tables, find, known_tables
from weighbridge.catalog.naming import vendor_and_model, vendor_named

FILE = "vendors.json"

Zero = Literal["always", "agreement", "none"]


@dataclass(frozen=True, slots=True)
class Policy(Entry):
    """What becomes of what is sent to one service. Every property is None where its fact is not known."""

    @property
    def vendor(self) -> str | None:
        """Our name of the vendor, as in specs: ``openai``; None for what one hosts oneself."""
        return self.says("vendor") or None

    @property
    def channel(self) -> str:
        """``api``, ``consumer`` (chats on a website), ``free`` (an unpaid API) or ``own`` (one's own machines)."""
        return self.says("channel") or "api"

    @property
    def trains(self) -> bool | None:
        """Whether the vendor trains on it unless it is told not to."""
        return self.yes("trains_on_inputs")

    @property
    def opt_out(self) -> bool | None:
        """Whether training on it can be refused."""
        return self.yes("opt_out")

    @property
    def retention_days(self) -> float | None:
        """Days it is kept at most, as a rule; the fact's note names the exceptions."""
        return self.number("retention_days")

    @property
    def zero_retention(self) -> Zero | None:
        """``always``: nothing is kept. ``agreement``: nothing is kept where that was agreed on. ``none``."""
        said = self.says("zero_retention")
        return said if said in ("always", "agreement", "none") else None  # type: ignore[return-value] # narrowed by hand

    @property
    def regions(self) -> tuple[str, ...] | None:
        """Where it is processed if nothing is asked for: ``EU`` or codes of ISO 3166; ``own`` for one's own site."""
        return self.words("region")

    @property
    def region_choices(self) -> tuple[str, ...] | None:
        """Regions that the customer can have it processed in; ``any`` where there is one for most."""
        return self.words("region_choice")


@dataclass(frozen=True, slots=True)
class Tuning(Entry):
    """A vendor's service that fine-tunes its models."""

    @property
    def vendor(self) -> str:
        """Our name of the vendor."""
        return self.says("vendor") or self.id

    @property
    def status(self) -> str | None:
        """``available``, ``winding down``, ``ended`` or ``none``; None where it is not known."""
        return self.says("status") or None

    @property
    def last_day(self) -> str | None:
        """The last day on which a job can be started, ISO 8601; None where none is set or known."""
        return self.says("last_day") or None

    @property
    def portable(self) -> bool | None:
        """Whether the tuned weights can be taken away."""
        return self.yes("portable")


@dataclass(frozen=True, slots=True)
class Rule(Entry):
    """What a vendor promises about retiring models."""

    @property
    def vendor(self) -> str:
        """Our name of the vendor."""
        return self.says("vendor") or self.id

    def notice_days(self, kind: str = "general") -> float | None:
        """Days between announcement and end at least; `kind`: ``general``, ``special`` or ``preview``."""
        return self.number("notice_days" if kind == "general" else f"notice_days_{kind}")


@dataclass(frozen=True, slots=True)
class Company(Entry):
    """A maker of models, with its scores of the Foundation Model Transparency Index, by edition."""

    def score(self, edition: str) -> float | None:
        """Points of 100 in an edition (``2025-12``); editions ask different things and are no series."""
        return self.number(f"fmti_{edition}")


def tables() -> Tables:
    """Everything known of vendors: the user's own facts over the shipped ones. Raises `UsageError`."""
    return known_tables(FILE)


def policies() -> dict[str, Policy]:
    """Data policies by id, such as ``openai_api``; a model's fact ``data_policy`` names one of them."""
    return tables().of("policies", Policy)


def policy(name: str) -> Policy:
    """A policy by id or name. Raises `UsageError` with the nearest match."""
    return find(policies(), name, "data policy", "weighbridge models vendors")


def policy_of(spec: str, base_url: str | None = None) -> Policy | None:
    """The policy under which the calls of a model spec go, for a paid API; None where none is known.

    ``hf:``, ``path:``, ``onnx:``, ``gguf:`` and servers on one's own machine go nowhere: the policy ``self_hosted``.
    """
    kind, _, _ = spec.partition(":")
    known = policies()
    if kind in OWN or (kind in ("http", "https") and _local(spec)):
        return known.get("self_hosted")
    named = vendor_and_model(spec, base_url)
    if named is None:
        return None
    return next((one for one in known.values() if one.vendor == named[0] and one.channel == "api"), None)


OWN = ("hf", "path", "onnx", "gguf", "rule", "recorded", "simulated")
"""Kinds of specs whose models run where the user runs."""


def _local(spec: str) -> bool:
    import ipaddress
    from urllib.parse import urlsplit

    host = urlsplit(spec.partition("#")[0]).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or "." not in host
    return address.is_private or address.is_loopback


def tuning() -> dict[str, Tuning]:
    """Vendors' tuning services by id."""
    return tables().of("tuning", Tuning)


def tuning_of(vendor: str) -> Tuning | None:
    """A vendor's tuning service; None where nothing is known of one."""
    name = vendor_named(vendor)
    return next((one for one in tuning().values() if one.vendor == name), None)


def rules() -> dict[str, Rule]:
    """Vendors' rules of retirement by id."""
    return tables().of("rules", Rule)


def rule_of(vendor: str) -> Rule | None:
    """A vendor's rule of retirement; None where none is known."""
    name = vendor_named(vendor)
    return next((one for one in rules().values() if one.vendor == name), None)


def companies() -> dict[str, Company]:
    """Makers of models by id."""
    return tables().of("companies", Company)


def company(name: str) -> Company:
    """A maker by name. Raises `UsageError` with the nearest match."""
    return find(companies(), name, "company", "weighbridge models companies")
