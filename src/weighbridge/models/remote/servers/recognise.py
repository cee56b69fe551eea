"""Which server it is, by what it shows: its list of models, its Server header, and its own page about itself.

Nothing is generated. A server that names itself in ``/v1/models`` is asked for its version alone; others on this
machine or a private network are asked for the pages that only one kind has, side by side; vendors are not.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from weighbridge.models.options import Server
from weighbridge.models.remote.servers.found import Found, Name, clean
from weighbridge.models.remote.servers.service import Service, read
from weighbridge.models.remote.transport import Page


class _Row(msgspec.Struct):
    id: str = ""
    owned_by: str | None = None


class _List(msgspec.Struct):
    data: list[_Row] = []


class _Version(msgspec.Struct):
    version: str


class _Props(msgspec.Struct):
    total_slots: int | None = None
    build_info: str = ""
    chat_template: str | None = None
    default_generation_settings: Any = None


class _Info(msgspec.Struct):
    model_id: str
    version: str
    model_sha: str | None = None
    max_concurrent_requests: int | None = None


class _Tag(msgspec.Struct):
    name: str = ""
    digest: str = ""


class _Tags(msgspec.Struct):
    models: list[_Tag] = []


class _Paths(msgspec.Struct):
    paths: dict[str, msgspec.Raw] = {}


_OWNERS: dict[str, Name] = {"vllm": "vllm", "llamacpp": "llama.cpp", "library": "ollama"}


async def recognise(service: Service, declared: Server, home: bool) -> Found | None:
    """The server behind `service`; None where it does not answer at all.

    `declared` other than ``auto`` is believed, and only the version is looked up. `home`: it is on this machine or a
    private network.
    """
    if declared == "openai":
        return Found("openai")
    if declared != "auto":
        return await _described(service, declared)
    page = await service.look(f"{service.url}/models")
    if page is None:
        return None
    name = _named(page)
    if name is not None:
        return await _described(service, name) or Found(name)
    return await _searched(service) if home else Found("openai")


def _named(page: Page) -> Name | None:
    if page.headers.get("Server", "").lower() == "llama.cpp":
        return "llama.cpp"
    listed = read(page, _List)
    owners = {row.owned_by for row in listed.data} if listed is not None else set()
    return next((name for owner, name in _OWNERS.items() if owner in owners), None)


async def _searched(service: Service) -> Found:
    """By the pages that only one kind of server has."""
    found = await asyncio.gather(_tgi(service), _ollama(service), _llama_cpp(service), _transformers(service))
    return next((one for one in found if one is not None), Found("openai"))


async def _described(service: Service, name: Name) -> Found | None:
    match name:
        case "vllm":
            version = read(await service.look(f"{service.root}/version"), _Version)
            return Found("vllm", clean(version.version)) if version is not None else None
        case "llama.cpp":
            return await _llama_cpp(service)
        case "ollama":
            return await _ollama(service)
        case "tgi":
            return await _tgi(service)
        case "transformers":
            return await _transformers(service)
        case "openai":
            return Found("openai")


async def _llama_cpp(service: Service) -> Found | None:
    props = read(await service.look(f"{service.root}/props"), _Props)
    if props is None or props.default_generation_settings is None:
        return None
    notes = () if props.chat_template else ("the weights have no chat template: llama.cpp puts ChatML in its place",)
    return Found("llama.cpp", clean(props.build_info), slots=props.total_slots, notes=notes)


async def _ollama(service: Service) -> Found | None:
    version = read(await service.look(f"{service.root}/api/version"), _Version)
    if version is None:
        return None
    tags = read(await service.look(f"{service.root}/api/tags"), _Tags)
    names = (service.model, f"{service.model}:latest")
    digest = next((tag.digest for tag in tags.models if tag.name in names), "") if tags is not None else ""
    digest = clean(digest).removeprefix("sha256:")
    return Found("ollama", clean(version.version), f"sha256:{digest}" if digest else "")


async def _tgi(service: Service) -> Found | None:
    info = read(await service.look(f"{service.root}/info"), _Info)
    return Found("tgi", clean(info.version), clean(info.model_sha or "")) if info is not None else None


async def _transformers(service: Service) -> Found | None:
    """It does not name itself, nor its version; its list of pages is like no other's."""
    listed = read(await service.look(f"{service.root}/openapi.json"), _Paths)
    own = {"/load_model", "/v1/chat/completions", "/v1/responses"}
    return Found("transformers") if listed is not None and own <= listed.paths.keys() else None
