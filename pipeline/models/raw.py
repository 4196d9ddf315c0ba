"""Raw reply files: what a model answered, as it came, kept for ever.

One line a result, the same for every back end: the line of a Message Batches results file (`custom_id`, `result`),
byte for byte, with two keys put before it that make the file readable without the ledger: `item`, what was asked for,
and `call`, the model, prompt fingerprint, parameters and prices (USD per million tokens) in force. Failed results are
lines too; a request that was asked again after one has a later line, and at most one that succeeded.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from pipeline import files
from pipeline.models.calls import Call, Item, Reply, Usage, parse_custom_id
from pipeline.models.catalog import LINES, Prices

SUFFIX = ".jsonl.gz"
EFFORT = 3  # of gzip: 9 takes six times as long for 4% fewer bytes (2,440 sample replies)


class Result(NamedTuple):
    """One result as a back end gave it; `line` is its JSON without the line's end."""

    custom_id: str
    kind: str  # succeeded, errored, canceled, expired, or a word that is not known yet
    error: dict[str, Any]  # type and message where errored, else empty
    usage: Usage  # zero where nothing is billed
    line: bytes


def parse_result(line: bytes) -> Result:
    """Return the result that a line of a results file holds.

    Raises ValueError where the line is cut or is no result.
    """
    value = json.loads(line)
    try:
        result = value["result"]
        kind, name = result["type"], value["custom_id"]
    except (KeyError, TypeError) as wrong:
        raise ValueError("a line of the results file is no result") from wrong
    message = result.get("message") or {}
    error = result.get("error") or {}
    return Result(str(name), str(kind), error.get("error", error), usage_of(message.get("usage")), line.strip())


def usage_of(fields: Any) -> Usage:
    """Return the usage in a reply's `usage` object; servers that leave a count out billed none of it."""
    fields = fields or {}
    written = fields.get("cache_creation") or {}
    total = fields.get("cache_creation_input_tokens") or 0
    hour = written.get("ephemeral_1h_input_tokens") or 0
    return Usage(
        input=fields.get("input_tokens") or 0,
        output=fields.get("output_tokens") or 0,
        cache_write_5m=total - hour,
        cache_write_1h=hour,
        cache_read=fields.get("cache_read_input_tokens") or 0,
    )


def succeeded(name: str, message: bytes) -> Result:
    """Return the result that holds `message`, the JSON of a reply to /v1/messages, under the custom id `name`."""
    one_line = message.replace(b"\r", b" ").replace(b"\n", b" ")  # in JSON, bare line ends are only between tokens
    return parse_result(b'{"custom_id":"%s","result":{"type":"succeeded","message":%s}}' % (name.encode(), one_line))


def errored(name: str, *, error: str, message: str) -> Result:
    """Return the result of a request that failed with the API's error type `error`."""
    result = {"type": "errored", "error": {"type": "error", "error": {"type": error, "message": message}}}
    return parse_result(json.dumps({"custom_id": name, "result": result}, separators=LINES).encode())


def write(path: Path, results: Iterable[tuple[Item, Result]], *, call: Call, prices: Prices) -> None:
    """Write one raw file in one step: after a crash it is whole or not there."""
    about = json.dumps(_about(call, prices), ensure_ascii=False, separators=LINES).encode()

    def fill(draft: Path) -> None:
        with draft.open("wb") as file, gzip.GzipFile("", "wb", EFFORT, cast(BinaryIO, file), mtime=0) as packed:
            for item, result in results:
                what = json.dumps(item._asdict(), ensure_ascii=False, separators=LINES).encode("utf-8", "replace")
                packed.write(b'{"item":' + what + b',"call":' + about + b"," + result.line[1:] + b"\n")

    files.put(path, fill)


def _about(call: Call, prices: Prices) -> dict[str, Any]:
    costs = {kind: price / 1000 for kind, price in prices._asdict().items()}
    return {**call._asdict(), "parameters": json.loads(call.parameters), "prices": costs}


def lines(place: Path) -> Iterator[bytes]:
    """Yield every line of a raw file, or of those of a folder, file by file in the order of their names."""
    for path in [place] if place.is_file() else sorted(place.glob(f"*{SUFFIX}")):
        with gzip.open(path, "rb") as file:
            yield from file


class Contents(NamedTuple):
    """What a raw file tells the ledger."""

    call: Call
    prices: Prices
    items: dict[str, Item]  # of the replies that were paid for, by request id
    spent: int  # nanodollars


def contents(path: Path) -> Contents | None:
    """Return what the raw file at `path` tells the ledger, or None where it is empty."""
    items: dict[str, Item] = {}
    call, prices, spent = None, Prices(0, 0, 0, 0, 0), 0
    with gzip.open(path, "rb") as file:
        for line in file:
            value = json.loads(line)
            call = call or _call(value["call"])
            prices = Prices(**{kind: round(price * 1000) for kind, price in value["call"]["prices"].items()})
            names = parse_custom_id(value["custom_id"])
            if names and value["result"]["type"] == "succeeded":
                items[names[1]] = Item.of(value["item"])
                spent += prices.cost(usage_of(value["result"]["message"].get("usage")))
    return Contents(call, prices, items, spent) if call else None


def replies(place: Path, *, call: Call | None = None) -> Iterator[Reply]:
    """Yield every reply in a raw file, or in those of a folder, that was paid for, each request's once.

    With `call`, only replies to that prompt, model and parameters: files keep those to earlier ones too.
    """
    for line in lines(place):
        value = json.loads(line)
        if value["result"]["type"] == "succeeded":
            reply = _reply(value)
            if call in (None, reply.call):
                yield reply


def _reply(value: dict[str, Any]) -> Reply:
    message = value["result"]["message"]
    return Reply(
        item=Item.of(value["item"]),
        call=_call(value["call"]),
        custom_id=value["custom_id"],
        text="".join(block["text"] for block in message["content"] if block.get("type") == "text"),
        stop_reason=message.get("stop_reason") or "",
        usage=usage_of(message.get("usage")),
    )


def _call(about: dict[str, Any]) -> Call:
    parameters = json.dumps(about["parameters"], ensure_ascii=False, separators=LINES)
    return Call(about["model"], about["prompt"], parameters)
