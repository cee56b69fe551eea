"""Arrow shards as the `datasets` library saves them to disk; duckdb reads no Arrow files, so pyarrow does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError
from weighbridge.tasks.readers.plain import plain
from weighbridge.tasks.source import Row

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Shard:
    """One opened arrow file."""

    columns: tuple[str, ...]
    batches: Iterator[pa.RecordBatch]


def open_shard(path: Path) -> Shard:
    """Open a shard in either form Arrow has for files. Raises UsageError without pyarrow, or for another file."""
    try:
        import pyarrow as pa
    except ImportError:
        raise UsageError(
            "reading a dataset saved with save_to_disk needs pyarrow",
            where=str(path),
            fix="pip install 'weighbridge[frames]', or save the dataset with to_parquet(...)",
        ) from None
    try:
        stream = pa.ipc.open_stream(pa.memory_map(str(path)))
        return Shard(tuple(stream.schema.names), iter(stream))
    except OSError as error:
        raise UsageError(f"the arrow file cannot be opened: {error}", where=str(path)) from None
    except pa.ArrowException:
        pass  # not the stream form
    try:
        file = pa.ipc.open_file(pa.memory_map(str(path)))
    except pa.ArrowException as error:
        raise UsageError(
            f"the arrow file cannot be read: {error}", where=str(path), fix="save the dataset again"
        ) from None
    return Shard(tuple(file.schema.names), (file.get_batch(index) for index in range(file.num_record_batches)))


def arrow_rows(path: Path, labels: dict[str, list[str]]) -> Iterator[Row]:
    """Rows of one shard, a record batch at a time."""
    shard = open_shard(path)
    import pyarrow as pa

    number = 0
    try:
        for batch in shard.batches:
            for fields in batch.to_pylist():
                number += 1
                yield Row(str(path), number, plain(fields, labels))
    except (pa.ArrowException, OSError) as error:
        raise UsageError(
            f"the arrow file is damaged: {error}", where=f"{path}, after row {number}", fix="save the dataset again"
        ) from None
