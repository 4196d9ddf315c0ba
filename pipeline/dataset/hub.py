"""Data sets on the Hugging Face Hub, read as a stream: a 6 GB data set needs no 6 GB of memory or disk."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from pipeline.dataset.published import check
from pipeline.errors import StageError

GROUP_ROWS = 2048


def revision(name: str) -> str:
    """Return the commit of a data set that its newest readers get; raises StageError where the Hub gives none."""
    import httpx2
    from huggingface_hub import HfApi

    try:
        return HfApi().dataset_info(name).sha or ""
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise _refused(name, error) from error


def stream(name: str, *, split: str, revision: str, limit: int | None = None) -> Iterator[pa.Table]:
    """Yield the first `limit` rows of a data set's split as tables; raises StageError where the Hub gives none."""
    import datasets
    import httpx2

    try:
        rows = datasets.load_dataset(name, split=split, revision=revision, streaming=True)
        yield from (rows if limit is None else rows.take(limit)).with_format("arrow").iter(batch_size=GROUP_ROWS)
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise _refused(name, error) from error


def download(name: str, parquet: Path, *, split: str, revision: str, limit: int | None) -> int:
    """Write the first `limit` rows of a data set's split to `parquet` and return how many there were.

    Raises StageError where the Hub does not give them, or where they are no probes.
    """
    tables = stream(name, split=split, revision=revision, limit=limit)
    first = next(tables, None)
    if first is None:
        raise StageError(f"The split {split} of {name} is empty.")
    check(first.schema, where=f"the data set {name}")
    with pq.ParquetWriter(parquet, first.schema, compression="zstd") as writer:
        shown = tqdm(
            chain([first], tables), unit_scale=GROUP_ROWS, unit=" rows", desc="read", leave=False, disable=None
        )
        for table in shown:
            writer.write_table(table.cast(first.schema))
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


def files(name: str, folder: str, *, split: str, revision: str) -> list[Path]:
    """Fetch a split's Parquet files in a folder of a data set and return where they are here; empty without one."""
    import httpx2
    from huggingface_hub import HfApi, hf_hub_download

    try:
        names = HfApi().list_repo_files(name, repo_type="dataset", revision=revision)
        shard = re.compile(rf"{re.escape(folder)}/{re.escape(split)}-\d+-of-\d+\.parquet")
        wanted = sorted(filter(shard.fullmatch, names))
        return [Path(hf_hub_download(name, each, repo_type="dataset", revision=revision)) for each in wanted]
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise _refused(name, error) from error


def push(folder: Path, name: str, *, private: bool) -> str:
    """Make the data set `name` on the Hub hold what `folder` does, in one commit, and return its address.

    Raises StageError where the Hub refuses; pushing again sends only what it lacks.
    """
    import httpx2
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        api.create_repo(name, repo_type="dataset", private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=name,
            repo_type="dataset",
            folder_path=folder,
            commit_message="Publish the build",
            delete_patterns=["data/*.parquet", "extra/*.parquet"],  # shards of an earlier build that this one lacks
        )
    except (OSError, ValueError, httpx2.HTTPError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise StageError(
            f"The Hub did not take {name} ({reason}); check the name, the network and HF_TOKEN. What it has already "
            "is not sent again."
        ) from error
    return str(commit.repo_url)


def _refused(name: str, error: Exception) -> StageError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return StageError(
        f"{name} is no file or folder here, and the Hub gave nothing for it ({reason}); "
        "check the spelling, the split, the network, and for a private data set HF_TOKEN."
    )
