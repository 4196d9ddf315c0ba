"""Data sets on the Hugging Face Hub, read as a stream: a 6 GB data set needs no 6 GB of memory or disk."""

from itertools import chain
from pathlib import Path

import pyarrow.parquet as pq
from tqdm import tqdm

from pipeline.errors import StageError
from pipeline.published import check

GROUP_ROWS = 2048


def revision(name: str) -> str:
    """Return the commit of a data set that its newest readers get; raises StageError where the Hub gives none."""
    import httpx2
    from huggingface_hub import HfApi

    try:
        return HfApi().dataset_info(name).sha or ""
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise _refused(name, error) from error


def download(name: str, parquet: Path, *, split: str, revision: str, limit: int | None) -> int:
    """Write the first `limit` rows of a data set's split to `parquet` and return how many there were.

    Raises StageError where the Hub does not give them, or where they are no probes.
    """
    import datasets
    import httpx2

    try:
        rows = datasets.load_dataset(name, split=split, revision=revision, streaming=True)
        tables = (rows if limit is None else rows.take(limit)).with_format("arrow").iter(batch_size=GROUP_ROWS)
        first = next(tables, None)
        if first is None:
            raise StageError(f"The split {split} of {name} is empty.")
        check(first.schema, where=f"the data set {name}")
        with pq.ParquetWriter(parquet, first.schema, compression="zstd") as writer:
            for table in tqdm(
                chain([first], tables), unit_scale=GROUP_ROWS, unit=" rows", desc="read", leave=False, disable=None
            ):
                writer.write_table(table.cast(first.schema))
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise _refused(name, error) from error
    return int(pq.read_metadata(parquet).num_rows)


def read_card(name: str, *, revision: str) -> str | None:
    """Return the text of a data set's card; None where it has none."""
    import httpx2
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        path = hf_hub_download(name, "README.md", repo_type="dataset", revision=revision)
    except EntryNotFoundError:
        return None
    except (OSError, httpx2.HTTPError) as error:
        raise _refused(name, error) from error
    return Path(path).read_text(encoding="utf-8", errors="replace")


def _refused(name: str, error: Exception) -> StageError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return StageError(
        f"{name} is no file or folder here, and the Hub gave nothing for it ({reason}); "
        "check the spelling, the split, the network, and for a private data set HF_TOKEN."
    )
