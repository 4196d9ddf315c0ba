"""The words of a model call: what it is for, what is asked, what came back, and the names these go by at a provider.

Everything here is a plain value. Who renders a request and who parses a reply knows no back end; a back end
(pipeline/models/) knows no prompt.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

CUSTOM_ID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{16})")  # the API takes ^[a-zA-Z0-9_-]{1,64}$, unique in a batch

REQUEST = re.compile(r" \(request [^()]*\)")  # how anthropic_api.py ends what the provider said


class Stage(StrEnum):
    """The stages that ask a model."""

    GENERATE = "generate"
    ANSWER = "answer"
    JUDGE = "judge"
    CEILING = "ceiling"  # the judge's score of target_response: what full information reaches


class Item(NamedTuple):
    """What one call is for, inside its build.

    `slot` is None where the call is for a whole document (generate). `attempt` counts deliberate new draws of a reply
    that was paid for and could not be used; repeats after a failure that cost nothing are the back end's affair.
    """

    stage: Stage
    doc_id: str
    level: int
    slot: int | None = None
    rollout: int = 0
    attempt: int = 0

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Item":
        """Return the item that `_asdict` or a raw reply's `item` describes."""
        return cls(**{**fields, "stage": Stage(fields["stage"])})


class Call(NamedTuple):
    """What the requests of a stage share. It is stored with every reply, together with the prices in force."""

    model: str  # a model of pipeline/models/models.toml
    prompt: str  # fingerprint of the prompt's text files, the level's addendum among them
    parameters: str  # compact JSON of every field of the body but `system` and `messages`


class Request(NamedTuple):
    """One call, ready to be sent: `body` is the compact UTF-8 JSON of a /v1/messages request."""

    item: Item
    call: Call
    body: bytes

    @property
    def id(self) -> str:
        """The request's name: 16 hexadecimal digits of a hash of item and body, the same in every build.

        A changed prompt, model or parameter makes another request; two of a card-size build's 1.9 million share a
        name with a chance of 1 in 10 million.
        """
        key = "\x1f".join(str(part) for part in self.item).encode("utf-8", "surrogatepass")
        return blake2b(self.body + b"\x1f" + key, digest_size=8).hexdigest()


class Usage(NamedTuple):
    """The tokens that a reply was billed for."""

    input: int = 0
    output: int = 0  # thinking included
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0


class Reply(NamedTuple):
    """A reply that was paid for, as its raw line tells it.

    `text` joins the text blocks (thinking blocks left out) and may be empty: a refusal and a reply cut at `max_tokens`
    are replies too, which `stop_reason` tells.
    """

    item: Item
    call: Call
    custom_id: str
    text: str
    stop_reason: str
    usage: Usage


class Dead(NamedTuple):
    """A request that will not be asked again by itself, and why, in one sentence."""

    item: Item
    reason: str

    @property
    def cause(self) -> str:
        """The reason without the provider's name for the one request, so that equal ones can be counted."""
        return REQUEST.sub("", self.reason)


def custom_id(submission: str, request: str) -> str:
    """Return the name of a request inside a batch: `<submission, 8 hex>-<request id, 16 hex>`."""
    return f"{submission}-{request}"


def parse_custom_id(name: str) -> tuple[str, str] | None:
    """Return the submission and the request that `custom_id` joined, or None where `name` is not one of ours."""
    found = CUSTOM_ID.fullmatch(name)
    return (found[1], found[2]) if found else None
