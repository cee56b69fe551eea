"""Zip files from strangers: entries are read one at a time, never unpacked to disk, never without a bound."""

from __future__ import annotations

import contextlib
import importlib
import lzma
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from weighbridge.errors import UsageError

MOST_DIRECTORY = 64_000_000
"""Bytes of a zip's table of contents: some 700,000 entries."""

MOST_ENTRY = 512_000_000
"""Bytes of one unpacked entry."""

MOST_RATIO = 4_000
"""How many times larger than packed an entry may get, past `FREE` bytes. Deflate reaches 1,032 at most; agents' logs
that repeat themselves, packed by zstandard, some hundreds."""

FREE = 16_000_000

_READ = 1 << 20
_ZSTD = 93
_BAD = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,  # also UnicodeDecodeError, and seeks before the start
    RuntimeError,  # encrypted entries
    OverflowError,
)
_BAD_ELSEWHERE = ("BadZipFile", "LargeZipFile", "ZstdError")
"""Errors that the backport and the unpacker of zstandard define for themselves."""


def is_zip(path: Path) -> bool:
    """Whether the content of a file starts as a zip file does. OSError where it cannot be opened."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


@contextlib.contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip at `path`, also with zstandard entries where the extra `logs` is installed.

    UsageError: it is damaged, or its table of contents is larger than `MOST_DIRECTORY`.
    """
    try:
        size = _directory_size(path)
        if size > MOST_DIRECTORY:
            raise UsageError(
                f"the table of contents of this zip has {size:,} bytes, more than {MOST_DIRECTORY:,}",
                where=str(path),
                fix="split the log, or write it with fewer entries",
            )
        archive = _zip_class()(path)
    except UsageError:
        raise
    except Exception as error:
        # Those of the backport have no name here where it is not installed.
        if isinstance(error, _BAD) or type(error).__name__ in _BAD_ELSEWHERE:
            raise _damaged(path, None, error) from None
        raise
    with archive:
        yield archive


def read_entry(archive: zipfile.ZipFile, path: Path, name: str, limit: int = MOST_ENTRY) -> bytes:
    """The bytes of one entry. UsageError naming file and entry: damaged, encrypted, packed in a way that is not
    supported, larger than `limit` bytes, or unpacking to more than `MOST_RATIO` times its size."""
    info = archive.getinfo(name)
    bound = min(limit, max(FREE, info.compress_size * MOST_RATIO))
    if info.file_size > bound:
        raise _too_large(path, name, info.file_size, bound)
    parts: list[bytes] = []
    size = 0
    try:
        with archive.open(info) as stream:
            while part := stream.read(_READ):
                size += len(part)
                if size > bound:
                    raise _too_large(path, name, size, bound)
                parts.append(part)
    except NotImplementedError as error:
        if info.compress_type == _ZSTD:
            raise UsageError(
                "this zip is packed with zstandard, which this Python cannot unpack",
                where=f"{path}: {name}",
                fix="pip install 'weighbridge[logs]'",
            ) from None
        raise _damaged(path, name, error) from None
    except UsageError:
        raise
    except Exception as error:
        # As above.
        if isinstance(error, _BAD) or type(error).__name__ in _BAD_ELSEWHERE:
            raise _damaged(path, name, error) from None
        raise
    return b"".join(parts)


def _zip_class() -> type[zipfile.ZipFile]:
    """The standard class from Python 3.14 on, where it knows zstandard; before, its backport where installed."""
    if sys.version_info < (3, 14):
        with contextlib.suppress(ImportError):
            backport = importlib.import_module("backports.zstd.zipfile")
            found: type[zipfile.ZipFile] = backport.ZipFile
            return found
    return zipfile.ZipFile


def _directory_size(path: Path) -> int:
    """Bytes of the table of contents as the end of the file states them, but no more than the file has."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - (1 << 16) - 128))
        tail = stream.read()
    stated = 0
    end = tail.rfind(b"PK\x05\x06")
    if end >= 0 and len(tail) >= end + 16:
        stated = struct.unpack_from("<L", tail, end + 12)[0]
    large = tail.rfind(b"PK\x06\x06")
    if large >= 0 and len(tail) >= large + 48:
        stated = max(stated if stated != 0xFFFFFFFF else 0, struct.unpack_from("<Q", tail, large + 40)[0])
    return min(stated, size)


def _too_large(path: Path, name: str, size: int, bound: int) -> UsageError:
    return UsageError(
        f"this entry unpacks to {size:,} bytes or more; {bound:,} are taken from it at most",
        where=f"{path}: {name[:200]}",
        fix="fetch the log from a source you trust",
    )


def _damaged(path: Path, name: str | None, error: Exception) -> UsageError:
    return UsageError(
        f"the zip cannot be read: {str(error)[:200] or type(error).__name__}",
        where=str(path) if name is None else f"{path}: {name[:200]}",
        fix="is the file whole? fetch it again, or wait for the run that writes it",
    )
