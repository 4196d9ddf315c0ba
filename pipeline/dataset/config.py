"""What the files of one config of a published data set hold, counted in the files."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 4096  # rows in memory at once


@dataclass(kw_only=True)
class Config:
    """What the files of one config hold; sizes in bytes."""

    schema: pa.Schema
    rows: int = 0
    in_memory: int = 0
    on_disk: int = 0
    nulls: Counter[str] = field(default_factory=Counter)
    hashes: dict[str, str] = field(default_factory=dict)

    def add(self, path: Path, digest: str) -> None:
        """Add a file, whose name in the data set is that of its folder and its own."""
        self.hashes[f"{path.parent.name}/{path.name}"] = digest
        self.on_disk += path.stat().st_size
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH):
                self.rows += batch.num_rows
                self.in_memory += batch.nbytes
                self.nulls.update({name: batch.column(name).null_count for name in batch.schema.names})
