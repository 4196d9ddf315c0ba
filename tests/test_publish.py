"""A published build is read by `datasets` as the card says, comes back on import, and tells the truth about itself."""

import hashlib
import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset.card import reconcile
from pipeline.status import status
from queries.store import Row, read_index
from queries.tables import CARD, EXTRA
from tests.builds import document_rows, write_published
from tests.made import command, made


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets.disable_progress_bars()


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Return a published build."""
    folder = made(tmp_path)
    assert command(tmp_path, "publish", "--build", "demo", "--license", "apache-2.0") == 0
    return folder


def listed(build: Path) -> list[dict[str, Any]]:
    files = sorted((build / "hub" / "data").glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def index(build: Path, *, but: tuple[str, ...] = ()) -> list[list[Row]]:
    """Return the three tables of an index, without the columns that tell where a row is stored."""
    tables = []
    for files in (read_index(build).docs, read_index(build).probes, read_index(build).facets):
        rows = [row for file in files for row in pq.read_table(file).to_pylist()]
        rows.sort(key=lambda row: str(row.get("probe_id") or row["doc_key"]))
        tables.append([{name: value for name, value in row.items() if name not in but} for row in rows])
    return tables


@pytest.mark.filterwarnings("ignore")
def test_datasets_reads_both_configs_with_the_cards_features(build: Path, tmp_path: Path) -> None:
    default = datasets.load_dataset(str(build / "hub"), split="train", cache_dir=str(tmp_path / "cache"))
    assert default.features == datasets.Features.from_arrow_schema(CARD)
    assert list(default) == listed(build)
    extra = datasets.load_dataset(str(build / "hub"), "extra", split="train", cache_dir=str(tmp_path / "cache"))
    assert extra.features == datasets.Features.from_arrow_schema(EXTRA)
    assert [(row["doc_id"], row["slot"]) for row in extra] == [(row["doc_id"], row["slot_idx"]) for row in default]
    assert {(row["round"], row["level"]) for row in extra} == {(0, -2)}


def test_every_column_has_exactly_the_cards_name_and_type(build: Path) -> None:
    for file in (build / "hub" / "data").iterdir():
        assert pq.read_schema(file).equals(CARD)


def test_an_import_of_the_folder_is_the_build_again(build: Path, tmp_path: Path) -> None:
    assert command(tmp_path, "import", str(build / "hub"), "--build", "back") == 0
    back = tmp_path / "builds" / "back"
    assert index(back, but=("source_file", "source_row")) == index(build, but=("source_file", "source_row"))
    assert status(back).differences == []
    assert command(tmp_path, "check", "--build", "back") == 0


def test_what_was_stopped_comes_back_as_stopped(tmp_path: Path) -> None:
    assert command(tmp_path, "run", "--build", "demo", "--docs", "8", "--stop-at", "0.8") == 0
    assert command(tmp_path, "publish", "--build", "demo") == 0
    build, back = tmp_path / "builds" / "demo", tmp_path / "builds" / "back"
    assert command(tmp_path, "import", str(build / "hub"), "--build", "back") == 0
    assert index(back, but=("source_file", "source_row")) == index(build, but=("source_file", "source_row"))
    assert "probes were asked no further" in (build / "hub" / "README.md").read_text()


def test_rounds_keep_their_numbers(tmp_path: Path) -> None:
    for number in ("0", "1"):
        assert command(tmp_path, "run", "--build", "demo", "--docs", "3", "--round", number) == 0
    assert command(tmp_path, "publish", "--build", "demo") == 0
    folder = tmp_path / "builds" / "demo" / "hub"
    assert [path.name for path in sorted((folder / "data").iterdir())] == [
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
    ]
    assert command(tmp_path, "import", str(folder), "--build", "back") == 0
    assert status(tmp_path / "builds" / "back").rounds == {"0": 48, "1": 48}
    assert "across 6 distinct\nsource docs (2 round(s))" in (folder / "README.md").read_text()


def test_the_card_agrees_with_itself_and_names_every_round(build: Path) -> None:
    text = (build / "hub" / "README.md").read_text(encoding="utf-8")
    assert reconcile(text) == []
    assert "$" not in text.replace("$0", "")
    assert "Finalize rate: 100.0% of the documents by strict parsing alone, 100.0% with repair" in text
    assert "| generate | claude (recorded sample) | recorded | 40 | 0 / 0 | 0.0000 |" in text
    assert "license: apache-2.0" in text.split("---")[1]


def test_the_manifest_says_how_to_repeat_the_build(build: Path) -> None:
    manifest = json.loads((build / "hub" / "manifest.json").read_text(encoding="utf-8"))
    (drawn,) = manifest["rounds"]
    assert drawn.keys() >= {"round_idx", "batch_ids", "doc_ids", "seeds", "submitted_at"}
    assert (drawn["round_idx"], drawn["batch_ids"], drawn["seeds"]) == (0, [], {"draw": 0})
    assert sorted(drawn["doc_ids"]) == [f"sample-{number:04d}" for number in range(1, 41)]
    assert [(call["stage"], call["requests"]) for call in drawn["calls"]] == [
        ("generate", 40),
        ("answer", 1200),
        ("judge", 1200),
    ]
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((build / "hub" / name).read_bytes()).hexdigest() == digest


def test_nothing_published_tells_where_it_was_made(build: Path, tmp_path: Path) -> None:
    here = (str(tmp_path), str(Path(__file__).parents[1]), str(Path.home()))
    for path in (build / "hub").rglob("*"):
        if path.is_file():
            content = pq.read_table(path).to_pylist() if path.suffix == ".parquet" else path.read_text()
            assert not any(place in str(content) for place in here), path


def test_publishing_again_writes_the_same_bytes(build: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in (build / "hub").rglob("*") if path.is_file()}
    assert command(tmp_path, "publish", "--build", "demo", "--license", "apache-2.0") == 0
    assert {path.name: path.read_bytes() for path in (build / "hub").rglob("*") if path.is_file()} == before


def test_an_imported_build_is_published_as_it_came(tmp_path: Path) -> None:
    given = [{**row, "note": "more"} for row in document_rows()]
    for row in given:
        del row["synergy_check"]
    write_published(given, tmp_path / "rows.parquet")
    assert command(tmp_path, "import", str(tmp_path / "rows.parquet"), "--build", "old") == 0
    assert command(tmp_path, "publish", "--build", "old", "--folder", str(tmp_path / "out")) == 0
    (file,) = (tmp_path / "out" / "data").iterdir()
    assert pq.read_schema(file).equals(CARD)
    published = pq.read_table(file).to_pylist()
    assert [{**row, "note": "more"} | {"synergy_check": None} for row in published] == [
        {**row, "synergy_check": None} for row in given
    ]
    assert "these rounds were imported" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--build", "nothing"), "publish: There is no build nothing."),
        (("--build", "demo", "--private"), "publish: --private is for --to USER/NAME."),
    ],
)
def test_what_cannot_be_published_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert command(tmp_path, "publish", *words) == 2
    assert capsys.readouterr().err == f"{says}\n"


def test_a_part_of_a_source_is_not_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_published(document_rows(), tmp_path / "rows.parquet")
    assert command(tmp_path, "import", str(tmp_path / "rows.parquet"), "--build", "old", "--limit", "3") == 0
    assert command(tmp_path, "publish", "--build", "old") == 2
    assert "import it whole" in capsys.readouterr().err


def test_config_extra_of_another_data_set_is_refused(
    build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file,) = (build / "hub" / "extra").iterdir()
    pq.write_table(pq.read_table(file).slice(1), file)
    assert command(tmp_path, "import", str(build / "hub"), "--build", "back") == 2
    assert "extra has 639 rows, the data beside it 640" in capsys.readouterr().err


def test_a_row_of_extra_about_another_probe_is_not_believed(build: Path, tmp_path: Path) -> None:
    (file,) = (build / "hub" / "extra").iterdir()
    table = pq.read_table(file)
    pq.write_table(pa.concat_tables([table.slice(1), table.slice(0, 1)]), file)
    assert command(tmp_path, "import", str(build / "hub"), "--build", "back") == 0
    assert status(tmp_path / "builds" / "back").levels == {"": 640}


def test_a_card_without_a_licence_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, docs=1)
    assert command(tmp_path, "publish", "--build", "demo") == 0
    assert "The card states no licence" in capsys.readouterr().out
    assert command(tmp_path, "publish", "--build", "demo", "--license", "odc-by") == 0
    assert "no licence" not in capsys.readouterr().out
