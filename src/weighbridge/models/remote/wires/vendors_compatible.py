"""Vendors that took over OpenAI's chat completions: one row each, and no code.

Addresses and names of keys were compared with the provider modules of any-llm-sdk 1.40.2 where that has the vendor
(the date in `checked`); the others are as the vendors' own documents give them, and have no date.
"""

from __future__ import annotations

from weighbridge.models.protocol import Capabilities
from weighbridge.models.remote.wires.vendor import Quirks, Special, Vendor

CHAT = "weighbridge.models.remote.wires.openai_chat:make_chat"
CHECKED = "2026-11-21"

_FULL = Capabilities(streaming=True, seed=True, json_schema=True, choices=True, tools=True)
"""Hosts of open models that run vLLM, SGLang or the like."""
_MANY = Capabilities(
    streaming=True, seed=True, json_schema=True, choices=True, tools=True, images=True, reasoning_effort=True,
    logprobs=True,
)  # fmt: skip
_PLAIN = Capabilities(streaming=True, tools=True)
_VISION = r".*(vision|-vl|vl-|llama-4|llama4|gemma-3|pixtral|maverick|scout)"
_GPT_OSS = Special(r".*gpt-oss", can=("reasoning_effort",))


def _row(
    name: str,
    title: str,
    url: str,
    key: str | tuple[str, ...],
    can: Capabilities,
    *,
    example: str,
    company: str,
    checked: str = "",
    quirks: Quirks | None = None,
    specials: tuple[Special, ...] = (_GPT_OSS,),
    docs: str = "",
    notes: str = "",
) -> Vendor:
    keys = (key,) if isinstance(key, str) else key
    specials = (*specials, Special(_VISION, can=("images",))) if not can.images else specials
    return Vendor(
        name, title, url, keys, CHAT, can, quirks or Quirks(), specials, example=example, company=company,
        checked=checked, docs=docs, notes=notes,
    )  # fmt: skip


COMPATIBLE: tuple[Vendor, ...] = (
    _row(
        "groq", "Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", _FULL,
        example="openai/gpt-oss-20b", company="US", docs="https://console.groq.com/docs/api-reference",
        quirks=Quirks(max_tokens_field="max_completion_tokens"),
        notes="No log-probabilities. The usage of a stream comes under x_groq. Schemas are held only by some models.",
    ),
    _row(
        "together", "Together AI", "https://api.together.xyz/v1", "TOGETHER_API_KEY",
        Capabilities(streaming=True, seed=True, json_schema=True, choices=True, tools=True, logprobs=True,
                     embeddings=True),
        example="meta-llama/Llama-3.3-70B-Instruct-Turbo", company="US", docs="https://docs.together.ai",
        quirks=Quirks(top_logprobs=False), notes="`logprobs` is a number there; this is seen to.",
    ),
    _row(
        "fireworks", "Fireworks AI", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY",
        Capabilities(streaming=True, seed=True, json_schema=True, choices=True, tools=True, logprobs=True,
                     embeddings=True),
        example="accounts/fireworks/models/llama-v3p3-70b-instruct", company="US", checked=CHECKED,
        docs="https://docs.fireworks.ai/api-reference",
    ),
    _row(
        "openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", _MANY,
        example="openai/gpt-4o-mini", company="US", checked=CHECKED, specials=(),
        docs="https://openrouter.ai/docs",
        quirks=Quirks(echo="reasoning_details", extra={"usage": {"include": True}}),
        notes="A router: what a model can do is what the vendor behind it can. Each call's cost is in its usage.",
    ),
    _row(
        "xai", "xAI", "https://api.x.ai/v1", "XAI_API_KEY", _MANY,
        example="grok-4", company="US", checked=CHECKED, docs="https://docs.x.ai/docs/api-reference",
        quirks=Quirks(max_tokens_field="max_completion_tokens"),
        specials=(
            Special(r"grok-3-mini", cannot=("stop", "images")),
            Special(r"grok-(4|code)", cannot=("stop", "reasoning_effort", "logprobs")),
        ),
        notes="Reasoning models take no stop texts. Reasoning tokens are counted beside the output there, and are "
        "added to it here.",
    ),
    _row(
        "perplexity", "Perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY",
        Capabilities(streaming=True, json_schema=True, choices=True, images=True, stop=False),
        example="sonar", company="US", checked=CHECKED, docs="https://docs.perplexity.ai/api-reference",
        specials=(Special(r"sonar-(reasoning|deep)", can=("reasoning_effort",)),),
        quirks=Quirks(omit=("stream_options",)), notes="Answers from a web search; no tools, no seed.",
    ),
    _row(
        "nebius", "Nebius Token Factory", "https://api.tokenfactory.nebius.com/v1", "NEBIUS_API_KEY",
        Capabilities(streaming=True, seed=True, json_schema=True, choices=True, tools=True, logprobs=True,
                     embeddings=True),
        example="openai/gpt-oss-20b", company="NL", docs="https://docs.tokenfactory.nebius.com",
    ),
    _row(
        "deepinfra", "DeepInfra", "https://api.deepinfra.com/v1/openai", ("DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"),
        Capabilities(streaming=True, seed=True, json_schema=True, choices=True, tools=True, embeddings=True),
        example="meta-llama/Llama-3.3-70B-Instruct", company="US", checked=CHECKED, docs="https://deepinfra.com/docs",
    ),
    _row(
        "cerebras", "Cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY",
        Capabilities(streaming=True, seed=True, json_schema=True, choices=True, tools=True, logprobs=True),
        example="gpt-oss-120b", company="US", docs="https://inference-docs.cerebras.ai",
        quirks=Quirks(max_tokens_field="max_completion_tokens"),
    ),
    _row(
        "sambanova", "SambaNova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY",
        Capabilities(streaming=True, json_schema=True, choices=True, tools=True, embeddings=True),
        example="Meta-Llama-3.3-70B-Instruct", company="US", checked=CHECKED, docs="https://docs.sambanova.ai",
    ),
    _row("hyperbolic", "Hyperbolic", "https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY",
         Capabilities(streaming=True, seed=True, logprobs=True),
         example="meta-llama/Llama-3.3-70B-Instruct", company="US", docs="https://docs.hyperbolic.xyz"),
    _row("novita", "Novita AI", "https://api.novita.ai/openai/v1", "NOVITA_API_KEY",
         Capabilities(streaming=True, seed=True, tools=True, logprobs=True),
         example="meta-llama/llama-3.3-70b-instruct", company="US", docs="https://novita.ai/docs"),
    _row(
        "moonshot", "Moonshot AI", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY",
        _PLAIN, example="kimi-k2-0905-preview", company="CN", checked=CHECKED,
        docs="https://platform.moonshot.ai/docs",
        quirks=Quirks(echo="reasoning_content"),
        notes="Temperatures go up to 1. JSON without a schema only.",
    ),
    _row(
        "qwen", "Alibaba Cloud Model Studio", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "DASHSCOPE_API_KEY",
        Capabilities(streaming=True, seed=True, tools=True, logprobs=True, json_schema=True, choices=True,
                     embeddings=True),
        example="qwen-plus", company="CN; this address is in Singapore", checked=CHECKED,
        docs="https://www.alibabacloud.com/help/en/model-studio",
        notes="For the address in China say `base_url: https://dashscope.aliyuncs.com/compatible-mode/v1`.",
    ),
    _row("zai", "Z.ai", "https://api.z.ai/api/paas/v4", ("ZAI_API_KEY", "ZHIPUAI_API_KEY"), _PLAIN,
         example="glm-4.6", company="CN", checked=CHECKED, docs="https://docs.z.ai/api-reference",
         quirks=Quirks(omit=("stream_options",)),
         notes="No seed, no schemas. A filtered answer ends with `sensitive`."),
    _row("minimax", "MiniMax", "https://api.minimax.io/v1", "MINIMAX_API_KEY", _PLAIN,
         example="MiniMax-M2", company="CN", checked=CHECKED, docs="https://platform.minimax.io/docs",
         quirks=Quirks(echo="reasoning_details", extra={"reasoning_split": True}),
         notes="Reasoning is asked for apart from the text."),
    _row("huggingface", "Hugging Face Inference Providers", "https://router.huggingface.co/v1", "HF_TOKEN", _FULL,
         example="openai/gpt-oss-20b:groq", company="US, FR", docs="https://huggingface.co/docs/inference-providers",
         notes="A router: name the provider after a colon, or leave the choice to it."),
    _row("nvidia", "NVIDIA NIM", "https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY",
         Capabilities(streaming=True, seed=True, tools=True, logprobs=True),
         example="meta/llama-3.3-70b-instruct", company="US", docs="https://docs.api.nvidia.com/nim/reference"),
    _row("github", "GitHub Models", "https://models.github.ai/inference", "GITHUB_TOKEN",
         Capabilities(streaming=True, seed=True, tools=True, json_schema=True, choices=True, images=True,
                      embeddings=True),
         example="openai/gpt-4o-mini", company="US", checked=CHECKED, docs="https://docs.github.com/en/rest/models"),
    _row("vercel", "Vercel AI Gateway", "https://ai-gateway.vercel.sh/v1", "AI_GATEWAY_API_KEY", _MANY,
         example="openai/gpt-4o-mini", company="US", docs="https://vercel.com/docs/ai-gateway", specials=(),
         notes="A router: what a model can do is what the vendor behind it can."),
    _row("scaleway", "Scaleway", "https://api.scaleway.ai/v1", "SCW_SECRET_KEY",
         Capabilities(streaming=True, seed=True, tools=True, json_schema=True, choices=True, embeddings=True),
         example="llama-3.3-70b-instruct", company="FR", docs="https://www.scaleway.com/en/docs/generative-apis"),
    _row("ovhcloud", "OVHcloud AI Endpoints", "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
         "OVH_AI_ENDPOINTS_ACCESS_TOKEN",
         Capabilities(streaming=True, seed=True, tools=True, json_schema=True, choices=True, embeddings=True),
         example="Meta-Llama-3_3-70B-Instruct", company="FR", docs="https://help.ovhcloud.com"),
    _row("ionos", "IONOS AI Model Hub", "https://openai.inference.de-txl.ionos.com/v1", "IONOS_API_TOKEN",
         Capabilities(streaming=True, seed=True, tools=True, embeddings=True),
         example="meta-llama/Llama-3.3-70B-Instruct", company="DE", docs="https://docs.ionos.com/cloud/ai"),
    _row("siliconflow", "SiliconFlow", "https://api.siliconflow.com/v1", "SILICONFLOW_API_KEY",
         Capabilities(streaming=True, seed=True, tools=True, embeddings=True),
         example="Qwen/Qwen2.5-72B-Instruct", company="CN", docs="https://docs.siliconflow.com"),
    _row("baseten", "Baseten", "https://inference.baseten.co/v1", "BASETEN_API_KEY", _FULL,
         example="openai/gpt-oss-120b", company="US", docs="https://docs.baseten.co"),
    _row("upstage", "Upstage", "https://api.upstage.ai/v1", "UPSTAGE_API_KEY",
         Capabilities(streaming=True, tools=True, json_schema=True, choices=True, embeddings=True),
         example="solar-pro2", company="KR", docs="https://console.upstage.ai/docs"),
)  # fmt: skip
