"""Vendors with a format of their own: one row each; what their models can do, the formats say."""

from __future__ import annotations

from weighbridge.models.remote.wires.vendor import Vendor

_WIRES = "weighbridge.models.remote.wires"
_CHECKED = "2026-11-21"

OWN: tuple[Vendor, ...] = (
    Vendor(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com/v1",
        ("ANTHROPIC_API_KEY",),
        f"{_WIRES}.anthropic:make",
        example="claude-haiku-4-5",
        company="US",
        docs="https://docs.anthropic.com/en/api/messages",
        checked=_CHECKED,
        notes="No seed, no log-probabilities, no embeddings. Models from 4.7 on take no temperature and no top_p; "
        "those from 4.1 on take one of the two.",
    ),
    Vendor(
        "google",
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        f"{_WIRES}.gemini:make",
        embedding_models=("gemini-embedding", "text-embedding"),
        example="gemini-2.5-flash",
        company="US",
        docs="https://ai.google.dev/api/generate-content",
        checked=_CHECKED,
        notes="A prompt that a filter stops has status `filter`. At most five stop texts. Thinking cannot be "
        "switched off for 2.5 Pro and for models from 3 on.",
    ),
    Vendor(
        "vertex",
        "Google Vertex AI",
        "https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}",
        ("VERTEX_ACCESS_TOKEN",),
        f"{_WIRES}.vertex:make",
        keyless=True,
        embedding_models=("gemini-embedding", "text-embedding", "text-multilingual-embedding"),
        example="gemini-2.5-flash",
        region="that of the option region",
        company="US",
        docs="https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
        checked=_CHECKED,
        notes="Needs the options region and project, and a token or `pip install 'weighbridge[vertex]'`.",
    ),
    Vendor(
        "cohere",
        "Cohere",
        "https://api.cohere.com/v2",
        ("COHERE_API_KEY", "CO_API_KEY"),
        f"{_WIRES}.cohere:make",
        embedding_models=("embed-",),
        example="command-a-03-2025",
        company="CA",
        docs="https://docs.cohere.com/v2/reference/chat",
        checked=_CHECKED,
        notes="Pictures only with vision models, which have no tools; reasoning effort only with reasoning models. "
        "No single tool can be forced. Tools and a schema exclude each other.",
    ),
    Vendor(
        "bedrock",
        "Amazon Bedrock",
        "https://bedrock-runtime.{region}.amazonaws.com",
        ("AWS_BEARER_TOKEN_BEDROCK",),
        f"{_WIRES}.bedrock:make",
        keyless=True,
        embedding_models=("amazon.titan-embed", "cohere.embed"),
        example="us.anthropic.claude-haiku-4-5-20251001-v1:0",
        region="that of the option region",
        company="US",
        docs="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
        checked=_CHECKED,
        notes="Needs the option region, and AWS credentials with `pip install 'weighbridge[bedrock]'`, or an API "
        "key. No seed and no log-probabilities.",
    ),
    Vendor(
        "ollama",
        "Ollama",
        "http://127.0.0.1:11434/api",
        (),
        f"{_WIRES}.ollama:make",
        keyless=True,
        embedding_models=("nomic-embed", "mxbai-embed", "all-minilm", "bge-"),
        example="qwen3:4b",
        region="this machine",
        docs="https://github.com/ollama/ollama/blob/main/docs/api.md",
        checked=_CHECKED,
        notes="No tool can be forced. Pictures are given as bytes.",
        side="open",
    ),
)
