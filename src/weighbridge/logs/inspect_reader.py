"""Reads Inspect's logs, ``.eval`` and ``.json``, sample by sample: memory does not grow with the log."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from weighbridge.errors import UsageError
from weighbridge.logs.inspect_rows import row_of
from weighbridge.logs.inspect_settings import asked_of, notes_of, reported, settings_of, side_of
from weighbridge.logs.inspect_shapes import Header, Sample, decode
from weighbridge.logs.inspect_stream import JsonPieces
from weighbridge.logs.log import Log, Reader, Row
from weighbridge.logs.zips import is_zip, open_zip, read_entry

_HEADER = "header.json"
_START = "_journal/start.json"
_SAMPLE = re.compile(r"samples/(?P<id>.*)_epoch_(?P<epoch>\d+)(?:\.json|/sample\.json)", re.DOTALL)
_HEAD = 1 << 16
_MARKS = (b'"eval"', b'"task"', b'"version"')
_RUN = (b'"run_id"', b'"eval_id"', b'"task_id"')
_PARTS = ("eval", "status", "plan", "results")


def is_inspect(path: Path) -> bool:
    """Whether a file is an Inspect log: a zip with its header or its journal, or JSON with its members.

    A folder is one of Inspect's where a file directly in it is a log.
    """
    if path.is_dir():
        return any(entry.is_file() and is_inspect(entry) for entry in sorted(path.iterdir()))
    if not path.is_file():
        return False
    if is_zip(path):
        try:
            with open_zip(path) as archive:
                names = archive.NameToInfo
                return _START in names or (_HEADER in names and any(map(_SAMPLE.fullmatch, names)))
        except UsageError:
            return False
    with path.open("rb") as stream:
        head = stream.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"{") and all(mark in head for mark in _MARKS) and any(mark in head for mark in _RUN)


def read_inspect(path: Path) -> list[Log]:
    """The one log of a file, or those of the files in a folder. Scores, status, tokens, cost and time per sample.

    Of several attempts at one run (`inspect eval-retry`) a folder gives the last that succeeded, or else the last.
    The score that counts is Inspect's headline. UsageError names file and entry of whatever cannot be read.
    """
    if path.is_dir():
        found = [entry for entry in sorted(path.iterdir()) if entry.is_file() and is_inspect(entry)]
        if not found:
            raise UsageError("no Inspect log is in this folder", where=str(path), fix="name a folder of .eval files")
        return _last_attempts([(entry, _header(entry)) for entry in found])
    return [_log(path, _header(path))]


def _last_attempts(found: list[tuple[Path, Header]]) -> list[Log]:
    attempts: dict[tuple[str, str], list[tuple[Path, Header]]] = {}
    for number, (path, header) in enumerate(found):
        run = header.eval.task_id or f"run {number}"
        attempts.setdefault((run, header.eval.model), []).append((path, header))
    logs: list[Log] = []
    for tries in attempts.values():
        path, header = max(
            tries, key=lambda one: (one[1].status == "success", one[1].eval.created or "", one[0].name)
        )
        log = _log(path, header)
        if len(tries) > 1:
            others = ", ".join(other.name for other, _ in tries if other != path)
            log = replace(log, notes=(*log.notes, f"Other attempts at this run are left out: {others}."))
        logs.append(log)
    return logs


def _header(path: Path) -> Header:
    return _zip_header(path) if is_zip(path) else _json_header(path)


def _log(path: Path, header: Header) -> Log:
    asked = asked_of(header)
    samples = _zip_samples if is_zip(path) else _json_samples
    return Log(
        path=path,
        format="inspect",
        model=header.eval.model,
        rows=_rows(path, header, samples),
        settings=settings_of(header),
        side=side_of(header),
        reported=reported(header),
        notes=notes_of(header) + (("The log names no scorer.",) if not asked.name else ()),
    )


def _rows(
    path: Path, header: Header, samples: Callable[[Path, Header], Iterator[Sample]]
) -> Callable[[], Iterator[Row]]:
    asked = asked_of(header)

    def rows() -> Iterator[Row]:
        for sample in samples(path, header):
            yield row_of(sample, asked)

    return rows


def _zip_header(path: Path) -> Header:
    with open_zip(path) as archive:
        names = archive.NameToInfo
        # A run that is going on, or that died, has no header yet; its journal says how it began.
        name = next((name for name in (_HEADER, _START) if name in names), None)
        if name is None:
            raise UsageError(
                f"this zip has neither {_HEADER} nor {_START}", where=str(path), fix="name an Inspect .eval file"
            )
        return decode(read_entry(archive, path, name), Header, f"{path}: {name}")


def _zip_samples(path: Path, header: Header) -> Iterator[Sample]:
    with open_zip(path) as archive:
        for name in _in_order(archive, header):
            yield decode(read_entry(archive, path, name), Sample, f"{path}: {name[:200]}")


def _in_order(archive: zipfile.ZipFile, header: Header) -> list[str]:
    """Sample entries in the order of the dataset; in that of the zip where the header does not say it."""
    place = {str(sample): n for n, sample in enumerate(header.eval.dataset.sample_ids or [])}
    entries: list[tuple[int, int, str]] = []
    # The last of two entries of one name is the one that counts, and the only one `NameToInfo` has.
    for name in archive.NameToInfo:
        match = _SAMPLE.fullmatch(name)
        if match is not None:
            entries.append((int(match["epoch"][:9]), place.get(match["id"], len(place)), name))
    return [name for *_, name in sorted(entries, key=lambda entry: entry[:2])]


def _json_header(path: Path) -> Header:
    parts: dict[str, msgspec.Raw] = {}
    with path.open("rb") as stream:
        for name, piece in JsonPieces(stream, path).members(apart="samples"):
            if name in _PARTS:
                parts[name] = msgspec.Raw(piece)
            elif name == "samples" and "results" in parts:
                # Inspect writes the samples behind all that is wanted here.
                break
    whole = b"{" + b",".join(b'"' + name.encode() + b'":' + bytes(part) for name, part in parts.items()) + b"}"
    return decode(whole, Header, str(path))


def _json_samples(path: Path, header: Header) -> Iterator[Sample]:  # noqa: ARG001 - the shape of both kinds
    with path.open("rb") as stream:
        number = 0
        for name, piece in JsonPieces(stream, path).members(apart="samples"):
            if name == "samples" and piece != b"null":
                number += 1
                yield decode(piece, Sample, f"{path}: sample {number:,}")


READER = Reader(
    name="inspect",
    title="Inspect log",
    looks_for="a zip with header.json and samples/, or JSON with eval, plan and samples",
    recognise=is_inspect,
    read=read_inspect,
)
