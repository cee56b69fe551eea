"""What is known of one vendor, as a row of data."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, cast

import msgspec

from weighbridge.evidence import Side
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities

if TYPE_CHECKING:
    from weighbridge.models.remote.wires.protocol import Wire


class Quirks(msgspec.Struct, frozen=True):
    """Where a vendor that speaks OpenAI's format departs from it."""

    max_tokens_field: str = "max_tokens"
    omit: tuple[str, ...] = ()
    """Request fields it refuses."""
    extra: dict[str, object] = {}
    """Request fields it needs."""
    developer: bool = False
    """The system message goes out with the role ``developer``."""
    seed_field: str = "seed"
    required: str = "required"
    """What ``tool_choice`` calls "some tool, whichever"."""
    strict: bool = True
    """Takes ``strict`` in a schema."""
    echo: str = ""
    """Field of an answer with tool calls that must come back with them: ``reasoning_content``, ..."""
    top_logprobs: bool = True
    """Wants ``top_logprobs`` beside ``logprobs: true``; False: ``logprobs`` is a number."""


class Special(msgspec.Struct, frozen=True):
    """What sets some of a vendor's models apart."""

    pattern: str
    """Regular expression that the beginning of the model's name must match, in lower case."""
    can: tuple[str, ...] = ()
    """Names of `Capabilities` these have beyond the row's."""
    cannot: tuple[str, ...] = ()
    quirks: Quirks | None = None
    """In place of the row's."""


class Vendor(msgspec.Struct, frozen=True):
    """One row: everything a spec string ``name:model`` needs to become a call."""

    name: str
    """The kind in a spec string."""
    title: str
    """As the vendor calls itself."""
    base_url: str
    """Without a slash at its end; ``{region}``, ``{project}``, ``{resource}`` are filled in from the options."""
    key_envs: tuple[str, ...]
    """Environment variables that may hold the key, in the order they are looked at."""
    wire: str
    """``module:function``, called as ``function(vendor, options)``; imported when the first such model is opened."""
    capabilities: Capabilities = Capabilities()
    """Of its models in general; a wire may know better for one model."""
    quirks: Quirks = Quirks()
    specials: tuple[Special, ...] = ()
    """The first that matches a model's name applies."""
    keyless: bool = False
    """Works without a key of its own: the wire finds credentials, or none are needed."""
    embedding_models: tuple[str, ...] = ()
    """Beginnings of names that are embedding models, where it has any."""
    example: str = ""
    """A model's name, for docs and errors."""
    region: str = ""
    """Where it processes data by its own account, or where the company sits."""
    company: str = ""
    docs: str = ""
    """Address of its API reference."""
    checked: str = ""
    """Date (ISO 8601) on which the row was last compared with that reference or the vendor's SDK."""
    notes: str = ""
    """What it cannot do, and what the user must know; one paragraph for its docs page."""
    side: Side = "closed"
    """``open`` where it runs open models on a server of one's own."""

    def special(self, model: str) -> Special | None:
        """What sets `model` apart; None where nothing does."""
        name = model.lower()
        return next((one for one in self.specials if re.match(one.pattern, name)), None)

    def of(self, model: str) -> Capabilities:
        """What `model` can do, by the row."""
        one = self.special(model)
        if one is None:
            return self.capabilities
        changes = dict.fromkeys(one.can, True) | dict.fromkeys(one.cannot, False)
        return msgspec.structs.replace(self.capabilities, **changes)

    def make(self, options: ModelOptions) -> Wire:
        """Its wire for one model."""
        module, _, function = self.wire.partition(":")
        return cast("Wire", getattr(importlib.import_module(module), function)(self, options))
