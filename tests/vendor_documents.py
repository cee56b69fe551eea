"""What a vendor publishes of its interface, as an OpenAPI document for prism; fetched once, under build/.

Google's client for Python carries the discovery document of Vertex AI. No registry package carries another vendor's
OpenAPI document (looked for on 2026-11-21 in the vendors' packages for Python and Node).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

BUILD = Path(__file__).resolve().parents[1] / "build"
CLIENT = "google-api-python-client==2.202.0"
PRISM = "@stoplight/prism-cli@5.14.2"
VERBS = ("generateContent", "streamGenerateContent", "predict")


def prism() -> Path:
    """The command of npm `@stoplight/prism-cli`, installed once by the ordinary npm client."""
    home = BUILD / "prism"
    command = home / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    if command.is_file():
        return command
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm and node are not on this machine")
    making = home.with_name(f"prism.{os.getpid()}")
    making.mkdir(parents=True, exist_ok=True)
    (making / "package.json").write_text('{"private": true}')
    words = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PRISM]
    found = subprocess.run(words, cwd=making, capture_output=True, timeout=300, check=False)
    if found.returncode:
        shutil.rmtree(making)
        pytest.skip(f"npm cannot install {PRISM} here")
    _settle(making, home)
    return command


def vertex() -> Path:
    """OpenAPI 3.0 of the methods of Vertex AI that we call, strict about names that it does not know."""
    home = BUILD / "vendor-documents"
    path = home / "vertex.json"
    if path.is_file():
        return path
    making = home.with_name(f"vendor-documents.{os.getpid()}")
    making.mkdir(parents=True, exist_ok=True)
    words = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--only-binary",
        ":all:",
        "-d",
        making,
        CLIENT,
    ]
    found = subprocess.run(words, capture_output=True, timeout=300, check=False)
    if found.returncode:
        shutil.rmtree(making)
        pytest.skip(f"pip cannot download {CLIENT} here")
    (wheel,) = making.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        found_document = json.loads(archive.read("googleapiclient/discovery_cache/documents/aiplatform.v1.json"))
    wheel.unlink()
    (making / path.name).write_text(json.dumps(openapi(found_document)))
    _settle(making, home)
    return path


def openapi(document: dict[str, Any]) -> dict[str, Any]:
    """The discovery document's model methods as OpenAPI 3.0."""
    models = document["resources"]["projects"]["resources"]["locations"]["resources"]["publishers"]["resources"][
        "models"
    ]
    paths, wanted = {}, set[str]()
    for verb in VERBS:
        method = models["methods"][verb]
        names = [method[side]["$ref"] for side in ("request", "response")]
        wanted |= set(names)
        path = "/" + method["flatPath"]
        ids = [part.split("}")[0] for part in path.split("{")[1:]]
        paths[path] = {
            "parameters": [
                {"name": one, "in": "path", "required": True, "schema": {"type": "string"}} for one in ids
            ],
            "post": {
                "operationId": verb,
                "parameters": [{"name": "alt", "in": "query", "schema": {"type": "string", "enum": ["json", "sse"]}}],
                "requestBody": {"required": True, "content": _json(names[0])},
                # What comes back is judged by the readers' own tests.
                "responses": {
                    "200": {
                        "description": "an answer",
                        "content": {kind: {"schema": {}} for kind in ("application/json", "text/event-stream")},
                    }
                },
            },
        }
    schemas: dict[str, Any] = {}
    while missing := wanted - set(schemas):
        name = missing.pop()
        schemas[name] = _schema(document["schemas"][name], wanted)
    return {
        "openapi": "3.0.3",
        "info": {"title": document["title"], "version": document["revision"]},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _schema(found: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """One schema; those it refers to are added to `wanted`."""
    if "$ref" in found:
        wanted.add(found["$ref"])
        return {"$ref": f"#/components/schemas/{found['$ref']}"}
    kind = found.get("type")
    if kind == "any":
        return {}
    if kind == "array":
        return {"type": "array", "items": _schema(found["items"], wanted)}
    if kind == "object":
        if "additionalProperties" in found:
            return {"type": "object", "additionalProperties": _schema(found["additionalProperties"], wanted)}
        fields = {name: _schema(one, wanted) for name, one in found.get("properties", {}).items()}
        return {"type": "object", "properties": fields, "additionalProperties": not fields}
    if found.get("format") in ("int64", "uint64"):
        return {"anyOf": [{"type": "string", "pattern": "^-?[0-9]+$"}, {"type": "integer"}]}
    out: dict[str, Any] = {"type": kind}
    if "enum" in found:
        out["enum"] = found["enum"]
    return out


def _settle(making: Path, home: Path) -> None:
    try:
        making.rename(home)
    except OSError:  # another worker was first
        shutil.rmtree(making)
