"""The one place that speaks to an Anthropic API, or to a server that speaks the same: bytes out, bytes and facts back.

The SDK brings keys, base URL, API version, connections and repeats of harmless calls; bodies go out and come back as
they are, since its typed results turn what they do not know into successes (measured on 2.11: an unknown result type
became `MessageBatchSucceededResult(message=None)`). It is imported only when a connection is opened: 1.7 s.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.errors import StageError
from pipeline.redact import redacted

if TYPE_CHECKING:
    import anthropic
    import httpx2

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
LOCAL_KEY = "PROBES_LOCAL_API_KEY"
WORKSPACE = "anthropic-workspace-id"
LISTED = 100  # batches a page
CONNECTING = 10.0  # seconds until a server that does not answer counts as not there
JSON = {"content-type": "application/json"}
OUT_OF_MONEY = re.compile(r"credit balance is too low|specified API usage limits", re.IGNORECASE)
BATCH_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Failure(StrEnum):
    """What a failed call tells about the request."""

    NEVER_SENT = "never_sent"  # no connection: nothing can be billed
    BUSY = "busy"  # refused for now: rate limit or overload
    MONEY = "money"  # refused until there is credit, or a new month
    TOO_LARGE = "too_large"
    INVALID = "invalid"  # refused for what it says
    DENIED = "denied"  # refused for who asks: key, workspace, model
    SERVER = "server"  # the server failed: a message is not billed, a batch may have been accepted
    UNKNOWN = "unknown"  # the answer was lost: it may have been accepted, and billed


class ApiError(Exception):
    """A call failed; only what can safely be stored is kept of it."""

    def __init__(self, failure: Failure, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(redacted(message))
        self.failure = failure
        self.retry_after = retry_after  # seconds


class Batch(NamedTuple):
    """What the provider says of a batch. Of `counts`, all but `processing` stay 0 until it has ended."""

    id: str
    ended: bool
    counts: dict[str, int]
    created_at: str
    expires_at: str
    ended_at: str | None
    archived_at: str | None

    @property
    def requests(self) -> int:
        """How many requests were sent in it."""
        return sum(self.counts.values())


def out_of_money(message: str) -> bool:
    """Return whether an error's message says that the money ran out, which comes as `invalid_request_error`."""
    return bool(OUT_OF_MONEY.search(message))


def has_key() -> bool:
    """Return whether the environment holds a key of the provider."""
    return any(os.environ.get(name) for name in KEYS)


@contextmanager
def connect(*, base_url: str | None = None, timeout: float) -> Iterator["Api"]:
    """Open a connection to the API, or to the server at `base_url`; `timeout` in seconds is for one whole reply.

    A server named by `base_url` never gets the Anthropic key. Raises StageError where no key is set.
    """
    import anthropic
    import httpx2

    if base_url is None and not has_key():
        raise StageError(f"No key to ask models with; set {KEYS[0]} in the environment of this command.")
    key = os.environ.get(LOCAL_KEY, "none") if base_url else None
    waits = httpx2.Timeout(timeout, connect=min(timeout, CONNECTING))
    with anthropic.Anthropic(api_key=key, base_url=base_url, timeout=waits, max_retries=0) as client:
        yield Api(client)


class Api:
    """An open connection; any number of threads may use it. Every method raises ApiError where the call fails."""

    def __init__(self, client: "anthropic.Anthropic") -> None:
        self._client = client
        self._patient = client.with_options(max_retries=2)  # for calls that change nothing

    def message(self, body: bytes) -> bytes:
        """Send one request to /v1/messages, once, and return the JSON of its reply."""
        with _translated():
            response = self._post("/v1/messages", body)
        if not isinstance(_object(response).get("content"), list):
            raise ApiError(Failure.UNKNOWN, "The server's reply to /v1/messages is no message.")
        return response.content

    def create_batch(self, body: bytes) -> Batch:
        """Submit a Message Batch, once: the SDK would repeat it after a time-out, and pay for it again."""
        with _translated():
            response = self._post("/v1/messages/batches", body)
        return _batch(_object(response))

    def retrieve_batch(self, id: str) -> Batch:
        """Return how a batch stands."""
        response = self._get(f"/v1/messages/batches/{_checked(id)}")
        return _batch(_object(response))

    def workspace(self) -> str | None:
        """Return the id of the workspace that the key belongs to, if the provider tells."""
        header: str | None = self._get("/v1/messages/batches", {"limit": 1}).headers.get(WORKSPACE)
        return header

    def batches(self) -> Iterator[Batch]:
        """Yield the workspace's batches, newest first."""
        after: dict[str, Any] = {}
        while True:
            response = self._get("/v1/messages/batches", {"limit": LISTED, **after})
            page = _object(response)
            yield from (_batch(one) for one in page["data"])
            if not page.get("has_more"):
                return
            after = {"after_id": page["last_id"]}

    def results(self, id: str, path: Path) -> Iterator[int]:
        """Stream the results of a batch into the file `path` as they come, yielding the bytes of each piece.

        That the stream ended does not mean that it is whole. The batch's own `results_url` is not used: the SDK would
        send the key to whatever host it names.
        """
        import httpx2

        with _translated():
            response = self._patient.get(
                f"/v1/messages/batches/{_checked(id)}/results", cast_to=httpx2.Response, stream=True
            )
            try:
                with path.open("wb") as file:
                    for piece in response.iter_bytes():
                        yield file.write(piece)
            finally:
                response.close()

    def _post(self, path: str, body: bytes) -> "httpx2.Response":
        import httpx2

        return self._client.post(path, content=body, cast_to=httpx2.Response, options={"headers": JSON})

    def _get(self, path: str, params: dict[str, Any] | None = None) -> "httpx2.Response":
        import httpx2

        with _translated():
            return self._patient.get(path, cast_to=httpx2.Response, options={"params": params or {}})


@contextmanager
def _translated() -> Iterator[None]:
    import anthropic
    import httpx2

    try:
        yield
    except anthropic.APIStatusError as error:
        raise _refusal(error) from None
    except (anthropic.APIError, httpx2.HTTPError) as error:
        cause = error.__cause__ or error
        unsent = isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))
        failure = Failure.NEVER_SENT if unsent else Failure.UNKNOWN
        raise ApiError(failure, f"{type(cause).__name__}: {cause}") from None


def _refusal(error: "anthropic.APIStatusError") -> ApiError:
    status, message = error.status_code, error.api_message or ""
    text = f"{status} {error.type or 'error'}: {message} (request {error.request_id or 'without id'})"
    if status == 402 or error.error_code == "enforced_spend_limit_reached" or out_of_money(message):
        return ApiError(Failure.MONEY, text)
    if status in (429, 529):
        return ApiError(Failure.BUSY, text, retry_after=_seconds(error.response.headers.get("retry-after")))
    known = {413: Failure.TOO_LARGE, 401: Failure.DENIED, 403: Failure.DENIED, 404: Failure.DENIED}
    if status in (408, 504):
        return ApiError(Failure.UNKNOWN, text)
    return ApiError(Failure.SERVER if status >= 500 else known.get(status, Failure.INVALID), text)


def _seconds(header: str | None) -> float | None:
    try:
        return float(header) if header else None
    except ValueError:  # a date, which HTTP allows and this API does not send
        return None


def _object(response: "httpx2.Response") -> dict[str, Any]:
    try:
        value = json.loads(response.content)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ApiError(Failure.UNKNOWN, f"The server answered {response.status_code} with something that is no JSON.")
    return value


def _batch(value: Mapping[str, Any]) -> Batch:
    try:
        return Batch(
            id=_checked(value["id"]),
            ended=value["processing_status"] == "ended",
            counts={kind: int(count) for kind, count in value["request_counts"].items()},
            created_at=value["created_at"],
            expires_at=value["expires_at"],
            ended_at=value.get("ended_at"),
            archived_at=value.get("archived_at"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ApiError(Failure.UNKNOWN, f"The server described a batch in a way not known: {error!r}.") from None


def _checked(id: str) -> str:
    if not BATCH_ID.fullmatch(id):
        raise ApiError(Failure.UNKNOWN, "The server gave a batch an id that cannot be part of an address.")
    return id
