"""Builds an index of licence texts: hashes of their words, no text.

    python scripts/build_licence_index.py FOLDER_OR_JSONL ... [--out FILE] [--name KEY=LICENCE ...]

Texts come from a folder (one file each, named after the licence) or from JSON lines with the fields ``key`` and
``text`` (``name``, ``licence`` and ``spdx_license_key`` where there are any). Without --out the index that comes along
is replaced; an index elsewhere is used with WEIGHBRIDGE_LICENCE_TEXTS=FILE.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import msgspec

from weighbridge.audit.licence.detect.building import built, texts_of

SHIPPED = Path(__file__).resolve().parents[1] / "src" / "weighbridge" / "catalog" / "data" / "licence_texts.json"
IDS = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-new": "BSD-3-Clause",
    "bsd-simplified": "BSD-2-Clause",
    "gpl-3.0": "GPL-3.0-only",
    "gpl-2.0": "GPL-2.0-only",
    "agpl-3.0": "AGPL-3.0-only",
    "lgpl-3.0": "LGPL-3.0-only",
    "mpl-2.0": "MPL-2.0",
    "epl-2.0": "EPL-2.0",
    "isc": "ISC",
    "unlicense": "Unlicense",
    "odbl-1.0": "ODbL-1.0",
    "cdla-permissive-2.0": "CDLA-Permissive-2.0",
    "cc0-1.0": "CC0-1.0",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "cc-by-nd-4.0": "CC-BY-ND-4.0",
    "openmdw-1.0": "OpenMDW-1.0",
    "bigscience-rail-1.0": "bigscience-bloom-rail-1.0",
    "bigscience-open-rail-m": "bigscience-openrail-m",
    "bigscience-open-rail-m2": "bigscience-openrail-m",
    "bigcode-open-rail-m-v1": "bigcode-openrail-m-v1",
    "llama-license-2023": "llama-1",
    "llama-2-license-2023": "llama-2",
    "llama-3-community": "llama-3",
    "llama-3.1-license-2024": "llama-3.1",
    "llama-3.2-license-2024": "llama-3.2",
    "llama-3.3-license-2024": "llama-3.3",
    "llama-4-cla-2025": "llama-4",
    "llama-4-license-2025": "llama-4-use-policy",
    "meta-llama2-use-policy": "llama-2-use-policy",
    "meta-llama3-use-policy": "llama-3-use-policy",
    "meta-llama3_1-use-policy": "llama-3.1-use-policy",
    "meta-llama3_2-use-policy": "llama-3.2-use-policy",
    "meta-llama3_3-use-policy": "llama-3.3-use-policy",
    "meta-llama4-use-policy": "llama-4-use-policy",
    "falcon-2-11b-1.0": "falcon-2-11b-1.0",
    "gemma-tou-2024-04-01": "gemma-tou",
    "gemma-tou-2025-03-24": "gemma-tou",
    "gemma-pup-2024-02-21": "gemma-use-policy",
    "nvidia-open-model-2025-04-28": "nvidia-open-model",
    "stability-ai-community-2024": "stability-community-2024",
    "kimi-k2": "moonshot-modified-mit",
    "kimi-k2.5": "moonshot-modified-mit",
}
"""The catalogue's ids (or SPDX's) of texts that are known under other keys."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="+", type=Path, help="folders, or files of JSON lines")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--source", default="", help="where the texts came from, in words")
    parser.add_argument("--name", action="append", default=[], metavar="KEY=LICENCE")
    given = parser.parse_args()
    ids = IDS | dict(one.split("=", 1) for one in given.name)
    texts = []
    for path in given.texts:
        for text in texts_of(path):
            licence = ids.get(text.key, text.licence)
            texts.append(replace(text, licence=licence, policy=text.policy or licence.endswith("use-policy")))
    stored = built(texts, given.source)
    lines = b",\n".join(msgspec.json.encode(entry) for entry in stored.entries)
    whole = msgspec.json.encode(msgspec.structs.replace(stored, entries=()))
    given.out.write_bytes(whole.removesuffix(b"]}") + b"\n" + lines + b"\n]}\n")
    print(f"{len(stored.entries)} texts, {given.out.stat().st_size:,} bytes: {given.out}")


if __name__ == "__main__":
    main()
