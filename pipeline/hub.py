"""Data sets on the Hugging Face Hub, read as a stream: a 6 GB data set needs no 6 GB of memory or disk."""

from collections.abc import Iterator

import pyarrow as pa

from pipeline.errors import StageError


def revision(name: str) -> str:
    """Return the commit of a data set that its newest readers get; raises StageError where the Hub gives none."""
    import httpx2
    from huggingface_hub import HfApi

    try:
        return HfApi().dataset_info(name).sha or ""
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise _unreachable(name, error) from error


def stream(name: str, *, split: str, revision: str) -> Iterator[pa.Table]:
    """Yield the rows of a data set's split as tables of 1,024 rows; raises StageError where the Hub gives none."""
    import datasets
    import httpx2

    try:
        rows = datasets.load_dataset(name, split=split, revision=revision, streaming=True)
        yield from rows.with_format("arrow").iter(batch_size=1024)
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise _unreachable(name, error) from error


def _unreachable(name: str, error: Exception) -> StageError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return StageError(
        f"There is no file or folder {name}, and the Hub gave no data set of that name ({reason}); "
        "check the spelling, the network, and for a private one HF_TOKEN."
    )
