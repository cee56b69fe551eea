"""Every vendor that a spec string can name."""

from __future__ import annotations

from weighbridge.models.protocol import Capabilities
from weighbridge.models.remote.wires.vendor import Quirks, Special, Vendor
from weighbridge.models.remote.wires.vendors_compatible import CHAT, CHECKED, COMPATIBLE
from weighbridge.models.remote.wires.vendors_own import OWN

_OPENAI = Capabilities(
    streaming=True, seed=True, json_schema=True, choices=True, logprobs=True, tools=True, images=True
)
_THINKS = Special(
    r"(o\d|gpt-5(?!.*chat)|codex|computer-use)",
    can=("reasoning_effort",),
    cannot=("temperature", "top_p", "stop", "logprobs"),
    quirks=Quirks(max_tokens_field="max_completion_tokens", developer=True),
)
_EMBEDS = Special(
    r"text-embedding",
    can=("embeddings",),
    cannot=("streaming", "seed", "json_schema", "choices", "logprobs", "tools", "images"),
)
_TEXT_ONLY = Special(r"(gpt-3\.5|gpt-4(-\d|$)|o1-mini|o3-mini)", cannot=("images", "json_schema", "choices"))

FIRST: tuple[Vendor, ...] = (
    Vendor(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        ("OPENAI_API_KEY",),
        "weighbridge.models.remote.wires.openai_chat:make_openai",
        _OPENAI,
        Quirks(max_tokens_field="max_completion_tokens"),
        (
            Special(
                r"o[13]-mini",
                can=("reasoning_effort",),
                cannot=("temperature", "top_p", "stop", "logprobs", "images"),
                quirks=_THINKS.quirks,
            ),
            _THINKS,
            _EMBEDS,
            _TEXT_ONLY,
        ),
        example="gpt-4o-mini",
        company="US",
        docs="https://platform.openai.com/docs/api-reference",
        checked=CHECKED,
        notes="Reasoning models take no temperature, top_p, stop texts or log-probabilities. `api: responses` asks "
        "the Responses API, which has no seed and no stop texts.",
    ),
    Vendor(
        "azure",
        "Azure OpenAI",
        "https://{resource}.openai.azure.com",
        ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"),
        "weighbridge.models.remote.wires.azure:make_azure",
        _OPENAI,
        Quirks(max_tokens_field="max_completion_tokens"),
        (_THINKS, _EMBEDS, _TEXT_ONLY),
        example="gpt-4o-mini",
        region="that of the resource",
        company="US",
        docs="https://learn.microsoft.com/azure/ai-foundry/openai/reference",
        checked=CHECKED,
        notes="A prompt or an answer that the content filter stops has status `filter`. Deployments may be named as "
        "you like: name the model in the spec string, and the deployment by `deployment`.",
    ),
    Vendor(
        "mistral",
        "Mistral AI",
        "https://api.mistral.ai/v1",
        ("MISTRAL_API_KEY",),
        CHAT,
        Capabilities(streaming=True, seed=True, json_schema=True, choices=True, tools=True, images=True),
        Quirks(omit=("stream_options",), seed_field="random_seed", required="any"),
        (
            Special(r"(mistral|codestral)-embed", can=("embeddings",), cannot=("tools", "images", "json_schema")),
            Special(r"(codestral|devstral|open-mi|magistral-small-2506|magistral-medium-2506)", cannot=("images",)),
        ),
        example="mistral-small-latest",
        company="FR",
        docs="https://docs.mistral.ai/api",
        checked=CHECKED,
        notes="No log-probabilities. The seed goes out as `random_seed`, a forced tool call as `any`.",
    ),
    Vendor(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com",
        ("DEEPSEEK_API_KEY",),
        CHAT,
        Capabilities(streaming=True, tools=True, logprobs=True),
        Quirks(echo="reasoning_content"),
        (Special(r"(deepseek-reasoner|.*-r1)", cannot=("temperature", "top_p", "logprobs")),),
        example="deepseek-chat",
        company="CN",
        docs="https://api-docs.deepseek.com",
        checked=CHECKED,
        notes="No seed, no pictures, JSON without a schema only. Under load it keeps the connection with comments "
        "and blank lines, which are skipped; the idle time-out counts from the last of them.",
    ),
    Vendor(
        "ai21",
        "AI21 Labs",
        "https://api.ai21.com/studio/v1",
        ("AI21_API_KEY",),
        CHAT,
        Capabilities(streaming=True, tools=True),
        Quirks(omit=("stream_options",)),
        example="jamba-mini",
        company="IL",
        docs="https://docs.ai21.com/reference",
        checked=CHECKED,
        notes="No seed, no pictures, no log-probabilities, no embeddings; JSON without a schema only.",
    ),
)

VENDORS: dict[str, Vendor] = {vendor.name: vendor for vendor in (*FIRST, *OWN, *COMPATIBLE)}
"""By the name in spec strings."""
