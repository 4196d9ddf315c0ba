"""A server that speaks Messages and Message Batches, remembers what it accepted and billed, and misbehaves on order.

Many workspaces live in one server, by the first part of the path: the base URL `http://127.0.0.1:PORT/a` is workspace
`a`. Faults are queued per route and used up one by one, so that a test is a script.
"""

import asyncio
import json
import random
import re
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Json = dict[str, Any]
CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
FORBIDDEN = {"temperature", "top_p", "top_k", "stream", "speed"}  # API version 2026-10-21, in a batch


class Fault(StrEnum):
    """What can go wrong with one call."""

    NONE = "none"
    HANG_ACCEPTED = "hang_accepted"  # accepted, and no answer ever
    HANG_LOST = "hang_lost"
    DROP_ACCEPTED = "drop_accepted"  # accepted, and the answer is cut
    DROP_LOST = "drop_lost"
    ERROR_ACCEPTED = "error_accepted"  # accepted, and the answer says 500
    ERROR_LOST = "error_lost"
    INVALID = "invalid"
    NO_CREDIT = "no_credit"  # 402
    CREDIT_400 = "credit_400"
    USAGE_LIMIT_400 = "usage_limit_400"
    SPEND_LIMIT_429 = "spend_limit_429"
    DENIED = "denied"
    TOO_LARGE = "too_large"
    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    NOT_JSON = "not_json"
    CUT_LINE = "cut_line"  # results end silently after a line
    CUT_MID_LINE = "cut_mid_line"
    DROP_RESULTS = "drop_results"


REFUSALS: dict[Fault, tuple[int, str, str, str | None]] = {
    Fault.INVALID: (400, "invalid_request_error", "messages: field required", None),
    Fault.NO_CREDIT: (402, "billing_error", "Payment required.", None),
    Fault.CREDIT_400: (400, "invalid_request_error", "Your credit balance is too low to access the API.", None),
    Fault.USAGE_LIMIT_400: (400, "invalid_request_error", "You have reached your specified API usage limits.", None),
    Fault.SPEND_LIMIT_429: (429, "rate_limit_error", "Monthly spend limit reached.", "enforced_spend_limit_reached"),
    Fault.DENIED: (401, "authentication_error", "invalid x-api-key: KEY", None),
    Fault.TOO_LARGE: (413, "request_too_large", "Request exceeds the maximum size", None),
    Fault.RATE_LIMIT: (429, "rate_limit_error", "Too many requests.", None),
    Fault.OVERLOADED: (529, "overloaded_error", "Overloaded", None),
    Fault.ERROR_ACCEPTED: (500, "api_error", "Internal server error", None),
    Fault.ERROR_LOST: (500, "api_error", "Internal server error", None),
}
ACCEPTING = {Fault.NONE, Fault.HANG_ACCEPTED, Fault.DROP_ACCEPTED, Fault.ERROR_ACCEPTED, Fault.NOT_JSON}


@dataclass
class StoredBatch:
    """One accepted batch; `results` are there from the start, shown at the end."""

    id: str
    created_at: datetime
    results: list[Json]
    polls: int
    ended_at: datetime | None = None
    archived: bool = False
    canceling: bool = False

    def shown(self) -> Json:
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        if self.ended_at:
            counts |= Counter(result["result"]["type"] for result in self.results)
        else:
            counts["processing"] = len(self.results)
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": "ended" if self.ended_at else "canceling" if self.canceling else "in_progress",
            "request_counts": counts,
            "created_at": self.created_at.isoformat(),
            "expires_at": (self.created_at + timedelta(hours=24)).isoformat(),
            "ended_at": self.ended_at and self.ended_at.isoformat(),
            "archived_at": self.ended_at.isoformat() if self.archived and self.ended_at else None,
            "cancel_initiated_at": None,
            "results_url": f"https://elsewhere.invalid/{self.id}" if self.ended_at else None,
        }


@dataclass
class Workspace:
    """What one workspace holds, was told to do wrong, and has billed."""

    name: str
    polls: int = 1  # retrieves until a batch has ended
    most_requests: int = 100_000
    most_bytes: int = 256_000_000
    queue: int = 200_000
    output_tokens: int = 7  # of every reply
    latency: float = 0.002  # seconds of a message
    say: Callable[[Json], str] | None = None  # what a reply says; without it, something that depends on the request
    faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    item_results: deque[str] = field(default_factory=deque)  # of the next items of batches; empty: succeeded
    batches: dict[str, StoredBatch] = field(default_factory=dict)
    posts: Counter[str] = field(default_factory=Counter)
    billed: Counter[str] = field(default_factory=Counter)  # by the hash of a request's parameters
    busy: int = 0
    busiest: int = 0

    def message(self, params: Json) -> Json:
        """Answer a request."""
        text = self.say(params) if self.say else f"echo {fingerprint(params)} “é\u2028”"
        return message_of(params, text=text, tokens=self.output_tokens)

    def next_fault(self, route: str) -> Fault:
        self.posts[route] += 1
        return self.faults[route].popleft() if self.faults[route] else Fault.NONE

    def bill(self, params: Json) -> None:
        self.billed[fingerprint(params)] += 1

    def accept(self, requests: list[Json]) -> StoredBatch:
        number = len(self.batches)
        stored = StoredBatch(
            id=f"msgbatch_{self.name}_{number}",
            created_at=datetime.now(UTC),
            results=[self.result(request) for request in requests],
            polls=self.polls,
        )
        random.Random(number).shuffle(stored.results)
        self.batches[stored.id] = stored
        return stored

    def result(self, request: Json) -> Json:
        """Decide now what becomes of a request; whether it is billed, too: each batch is processed once."""
        kind = self.item_results.popleft() if self.item_results else "succeeded"
        if kind == "succeeded" and FORBIDDEN & set(request["params"]):
            kind = "invalid"
        if kind == "succeeded":
            self.bill(request["params"])
        return {
            "custom_id": request["custom_id"],
            "result": {"type": kind, "message": self.message(request["params"])}
            if kind == "succeeded"
            else failure_of(kind),
        }


def fingerprint(params: Json) -> str:
    """Name a request by what it says."""
    return blake2b(json.dumps(params, sort_keys=True).encode(), digest_size=8).hexdigest()


def message_of(params: Json, *, text: str, tokens: int) -> Json:
    """Wrap a reply's text as the API does, with usage that depends on the request."""
    return {
        "id": f"msg_{fingerprint(params)}",
        "type": "message",
        "role": "assistant",
        "model": params["model"],
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": text},
        ],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": len(json.dumps(params["messages"])) // 4, "output_tokens": tokens},
    }


def failure_of(kind: str) -> Json:
    """Build the `result` of one item that did not succeed."""
    errors = {
        "invalid": ("invalid_request_error", "temperature: Extra inputs are not permitted"),
        "credit": ("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
        "overloaded": ("overloaded_error", "Overloaded"),
        "api_error": ("api_error", "Internal server error"),
    }
    if kind in errors:
        type_, message = errors[kind]
        inner = {"type": type_, "message": message}
        return {"type": "errored", "error": {"type": "error", "error": inner, "request_id": "req_1"}}
    return {"type": kind}


class CutResponse(Response):
    """A reply that promises more bytes than it sends; the connection closes."""

    def __init__(self) -> None:
        super().__init__(b'{"id":', media_type="application/json", headers={"content-length": "4096"})


class AnthropicServer:
    """The server, on a thread of this process; its state can be read and scripted directly."""

    def __init__(self) -> None:
        self.workspaces: dict[str, Workspace] = {}
        self.keys: set[str] = set()
        app = Starlette(
            routes=[
                Route("/{workspace}/v1/messages", self.messages, methods=["POST"]),
                Route("/{workspace}/v1/messages/batches", self.create, methods=["POST"]),
                Route("/{workspace}/v1/messages/batches", self.list, methods=["GET"]),
                Route("/{workspace}/v1/messages/batches/{id}", self.retrieve, methods=["GET"]),
                Route("/{workspace}/v1/messages/batches/{id}/cancel", self.cancel, methods=["POST"]),
                Route("/{workspace}/v1/messages/batches/{id}/results", self.results, methods=["GET"]),
            ]
        )
        config = uvicorn.Config(app, port=0, http="h11", ws="none", lifespan="off", log_level="critical")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def start(self) -> None:
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()

    def url(self, workspace: str) -> str:
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/{workspace}"

    def workspace(self, name: str) -> Workspace:
        return self.workspaces.setdefault(name, Workspace(name))

    def key(self, request: Request) -> str:
        return request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")

    def asked(self, request: Request) -> Workspace:
        self.keys.add(self.key(request))
        return self.workspace(request.path_params["workspace"])

    async def messages(self, request: Request) -> Response:
        space = self.asked(request)
        params = json.loads(await request.body())
        fault = space.next_fault("messages")
        if set(params) & FORBIDDEN and params["model"].startswith("claude"):
            return refusal(400, "invalid_request_error", "temperature: Extra inputs are not permitted")
        if fault in ACCEPTING:
            space.bill(params)
        space.busy += 1
        space.busiest = max(space.busy, space.busiest)
        await asyncio.sleep(space.latency)
        space.busy -= 1
        return await self.answer(request, fault, space, space.message(params))

    async def create(self, request: Request) -> Response:
        space = self.asked(request)
        body = await request.body()
        fault = space.next_fault("create")
        requests = json.loads(body)["requests"]
        names = [one["custom_id"] for one in requests]
        if len(requests) > space.most_requests or len(body) > space.most_bytes:
            fault = Fault.TOO_LARGE
        if len(set(names)) < len(names) or not all(CUSTOM_ID.fullmatch(name) for name in names):
            fault = Fault.INVALID
        queued = sum(len(batch.results) for batch in space.batches.values() if not batch.ended_at)
        if queued + len(requests) > space.queue:
            fault = Fault.RATE_LIMIT
        shown = space.accept(requests).shown() if fault in ACCEPTING else {}
        return await self.answer(request, fault, space, shown)

    async def list(self, request: Request) -> Response:
        space = self.asked(request)
        fault = space.next_fault("list")
        newest = sorted(space.batches.values(), key=lambda batch: batch.created_at, reverse=True)
        ids = [batch.id for batch in newest]
        after = request.query_params.get("after_id")
        start = ids.index(after) + 1 if after else 0
        page = newest[start : start + int(request.query_params.get("limit", "20"))]
        more = start + len(page) < len(newest)
        shown = {"data": [batch.shown() for batch in page], "has_more": more, "last_id": page[-1].id if page else None}
        return await self.answer(request, fault, space, shown)

    async def retrieve(self, request: Request) -> Response:
        space = self.asked(request)
        batch = space.batches.get(request.path_params["id"])
        if batch is None:
            return refusal(404, "not_found_error", "no such batch")
        fault = space.next_fault("retrieve")
        batch.polls -= 1
        if batch.polls < 0 and not batch.ended_at:
            batch.ended_at = datetime.now(UTC)
        return await self.answer(request, fault, space, batch.shown())

    async def cancel(self, request: Request) -> Response:
        space = self.asked(request)
        batch = space.batches[request.path_params["id"]]
        batch.canceling = True
        return JSONResponse(batch.shown())

    async def results(self, request: Request) -> Response:
        space = self.asked(request)
        batch = space.batches[request.path_params["id"]]
        fault = space.next_fault("results")
        if not batch.ended_at or batch.archived:
            return refusal(404, "not_found_error", "no results")
        lines = [json.dumps(result, ensure_ascii=False).encode() + b"\n" for result in batch.results]
        body = b"".join(lines)
        if fault is Fault.CUT_LINE:
            body = b"".join(lines[:-1])
        elif fault is Fault.CUT_MID_LINE:
            body = body[: len(body) - len(lines[-1]) // 2]
        elif fault is Fault.DROP_RESULTS:
            return Response(body[: len(body) // 2], headers={"content-length": str(len(body))})
        elif fault is not Fault.NONE:
            return await self.answer(request, fault, space, {})
        return StreamingResponse(pieces(body), media_type="application/x-jsonl")

    async def answer(self, request: Request, fault: Fault, space: Workspace, shown: Json) -> Response:
        headers = {"anthropic-workspace-id": f"wrkspc_{space.name}", "request-id": "req_1"}
        if fault in (Fault.HANG_ACCEPTED, Fault.HANG_LOST):
            while not await request.is_disconnected():
                await asyncio.sleep(0.01)
        if fault in (Fault.DROP_ACCEPTED, Fault.DROP_LOST):
            return CutResponse()
        if fault is Fault.NOT_JSON:
            return Response(b"<html>gateway</html>", headers=headers)
        if fault in REFUSALS:
            status, type_, message, code = REFUSALS[fault]
            message = message.replace("KEY", self.key(request))  # a server that tells the key on
            if fault in (Fault.RATE_LIMIT, Fault.OVERLOADED):
                headers["retry-after"] = "0.02"
            return refusal(status, type_, message, code=code, headers=headers)
        return JSONResponse(shown, headers=headers)


def refusal(
    status: int, type_: str, message: str, *, code: str | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Build an error of the API's shape."""
    error: Json = {"type": type_, "message": message}
    if code:
        error["details"] = {"error_code": code}
    return JSONResponse({"type": "error", "error": error}, status_code=status, headers=headers)


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """Send a body in small pieces, without saying how long it is."""
    for start in range(0, len(body), 700):
        yield body[start : start + 700]


@contextmanager
def anthropic_server() -> Iterator[AnthropicServer]:
    """Run a server for as long as the block lasts."""
    server = AnthropicServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
