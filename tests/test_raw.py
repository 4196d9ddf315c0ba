"""Raw files: every back end's lines read back as they were."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.models import catalog, raw
from pipeline.models.calls import Item, Reply, Stage, Usage, custom_id
from pipeline.models.catalog import Prices

CALL = catalog.call("claude-haiku-4-5", prompt="0a1b", max_tokens=800, schema={"type": "object"})
PRICES = Prices(500, 2500, 625, 1000, 50)
ITEM = Item(Stage.ANSWER, "doc ‮\u2028 1", -2, 10, 3)
NAME = custom_id("01234567", "0123456789abcdef")


def message(*blocks: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({"content": list(blocks), "stop_reason": "end_turn", **fields}).encode()


def stored(folder: Path, *results: raw.Result) -> list[Reply]:
    raw.write(folder / f"01234567{raw.SUFFIX}", [(ITEM, result) for result in results], call=CALL, prices=PRICES)
    return list(raw.replies(folder))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(exclude_categories=()), min_size=1))
def test_a_text_comes_back_as_the_model_wrote_it(tmp_path: Path, text: str) -> None:
    result = raw.succeeded(NAME, message({"type": "text", "text": text}))
    assert [reply.text for reply in stored(tmp_path, result)] == [json.loads(json.dumps(text))]


def test_a_reply_says_what_it_is_for_and_how_it_was_asked(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 5,
        "output_tokens": 7,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "cache_read_input_tokens": 40,
    }
    [reply] = stored(tmp_path, raw.succeeded(NAME, message(usage=usage)))
    assert reply == Reply(ITEM, CALL, NAME, "", "end_turn", Usage(5, 7, 10, 20, 40))
    line = json.loads(gzip.decompress(next(tmp_path.iterdir()).read_bytes()))
    assert line["call"]["prices"]["cache_write_5m"] == 0.625
    assert line["call"]["parameters"]["max_tokens"] == 800


def test_thinking_is_kept_in_the_file_and_left_out_of_the_text(tmp_path: Path) -> None:
    blocks = ({"type": "thinking", "thinking": "secret"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"})
    [reply] = stored(tmp_path, raw.succeeded(NAME, message(*blocks)))
    assert reply.text == "ab"
    assert b"secret" in next(raw.lines(tmp_path))


def test_a_message_on_several_lines_becomes_one(tmp_path: Path) -> None:
    pretty = json.dumps(json.loads(message({"type": "text", "text": "a\nb"})), indent=2).encode()
    assert [reply.text for reply in stored(tmp_path, raw.succeeded(NAME, pretty))] == ["a\nb"]


def test_failed_results_are_kept_as_lines_and_are_no_replies(tmp_path: Path) -> None:
    failed = raw.errored(NAME, error="overloaded_error", message="Überlast")
    assert stored(tmp_path, failed, raw.succeeded(NAME, message()))[0].custom_id == NAME
    assert len(list(raw.lines(tmp_path))) == 2
    assert failed.error == {"type": "overloaded_error", "message": "Überlast"}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"custom_id":"a"}',
        b'{"custom_id":"a","result":{}}',
        b'{"result":{"type":"x"}}',
    ],
)
def test_a_line_that_is_cut_or_no_result_is_an_error(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own message or ours
        raw.parse_result(line)


def test_an_unknown_kind_of_result_is_no_success() -> None:
    line = b'{"custom_id":"a","result":{"type":"paused"}}'
    assert raw.parse_result(line).kind == "paused"


def test_a_file_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    def broken() -> Any:
        yield ITEM, raw.succeeded(NAME, message())
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        raw.write(tmp_path / f"0{raw.SUFFIX}", broken(), call=CALL, prices=PRICES)
    assert list(tmp_path.iterdir()) == []


def test_the_same_replies_make_the_same_file(tmp_path: Path) -> None:
    result = raw.succeeded(NAME, message({"type": "text", "text": "x"}))
    contents = []
    for place in ("a", "b"):
        stored(tmp_path / place, result)
        contents.append(next((tmp_path / place).iterdir()).read_bytes())
    assert contents[0] == contents[1]


def test_replies_to_an_earlier_prompt_can_be_left_out(tmp_path: Path) -> None:
    stored(tmp_path, raw.succeeded(NAME, message()))
    assert len(list(raw.replies(tmp_path, call=CALL))) == 1
    assert list(raw.replies(tmp_path, call=CALL._replace(prompt="new"))) == []


def test_what_a_file_tells_the_ledger_is_what_was_paid(tmp_path: Path) -> None:
    paid = raw.succeeded(NAME, message(usage={"input_tokens": 10, "output_tokens": 2}))
    stored(tmp_path, paid, raw.errored("01234567-fedcba9876543210", error="api_error", message=""))
    found = raw.contents(next(tmp_path.iterdir()))
    assert found == raw.Contents(CALL, PRICES, {"0123456789abcdef": ITEM}, 10 * 500 + 2 * 2500)


def test_an_empty_folder_has_no_replies(tmp_path: Path) -> None:
    assert list(raw.replies(tmp_path / "nowhere")) == []
