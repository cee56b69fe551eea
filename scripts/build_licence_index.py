"""Builds an index of licence texts: hashes of their words, no text.

    python scripts/build_licence_index.py FOLDER_OR_JSONL ... [--out FILE] [--name KEY=LICENCE ...]

Texts come from a folder (one file each, named after the licence) or from JSON lines with the fields ``key`` and
``text`` (``name`` and ``licence`` where there are any). Without --out the index that comes along is replaced; one
elsewhere is used with WEIGHBRIDGE_LICENCE_TEXTS=FILE.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import msgspec

from weighbridge.audit.licence.detect.building import built, texts_of
from weighbridge.catalog.licences import licences

SHIPPED = Path(__file__).resolve().parents[1] / "src" / "weighbridge" / "catalog" / "data" / "licence_texts.json"
POLICIES = {
    "llama-4-license-2025": "llama-4-use-policy",
    "meta-llama2-use-policy": "llama-2-use-policy",
    "meta-llama3-use-policy": "llama-3-use-policy",
    "meta-llama3_1-use-policy": "llama-3.1-use-policy",
    "meta-llama3_2-use-policy": "llama-3.2-use-policy",
    "meta-llama3_3-use-policy": "llama-3.3-use-policy",
    "meta-llama4-use-policy": "llama-4-use-policy",
    "gemma-pup-2024-02-21": "gemma-use-policy",
}
"""Policies that licences refer to; the ids of licences are the catalogue's."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="+", type=Path, help="folders, or files of JSON lines")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--source", default="", help="where the texts came from, in words")
    parser.add_argument("--name", action="append", default=[], metavar="KEY=LICENCE")
    given = parser.parse_args()
    ids = {key: terms.id for terms in licences().values() for key in terms.texts} | POLICIES
    ids |= dict(one.split("=", 1) for one in given.name)
    texts = []
    for path in given.texts:
        for text in texts_of(path):
            licence = ids.get(text.key, text.licence)
            texts.append(replace(text, licence=licence, policy=text.policy or text.key in POLICIES))
    stored = built(texts, given.source)
    lines = b",\n".join(msgspec.json.encode(entry) for entry in stored.entries)
    whole = msgspec.json.encode(msgspec.structs.replace(stored, entries=()))
    given.out.write_bytes(whole.removesuffix(b"]}") + b"\n" + lines + b"\n]}\n")
    print(f"{len(stored.entries)} texts, {given.out.stat().st_size:,} bytes: {given.out}")


if __name__ == "__main__":
    main()
