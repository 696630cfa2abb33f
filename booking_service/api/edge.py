"""The outermost layer: what is refused before anything looks at it.

Limits sizes, turns away bytes that no honest request has, and gives every
request an id. What is refused here was not routed, and no token was read.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import ClassVar
from urllib.parse import unquote_to_bytes

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from booking_service.api.problems import REQUEST_ID, respond
from booking_service.errors import (
    BookingServiceError,
    HeadersTooLarge,
    MalformedRequest,
    NotFound,
    PayloadTooLarge,
    UriTooLong,
)

LARGEST_BODY = 1 << 20
LARGEST_HEADERS = 32 << 10
LONGEST_TARGET = 32 << 10
_KNOWN_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NOT_ASCII = re.compile(rb"[^\x21-\x7e]")


EDGE_ERRORS: tuple[type[BookingServiceError], ...] = (
    MalformedRequest,
    PayloadTooLarge,
    UriTooLong,
    HeadersTooLarge,
    NotFound,
)


class Edge:
    """Wraps an ASGI application."""

    header: ClassVar[bytes] = b"x-request-id"

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on with an id and a bounded body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        scope.setdefault("state", {})[REQUEST_ID] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        answer = _Answer(send, request_id.encode())
        try:
            _require_sound(scope)
            await self._app(scope, _bounded(receive), answer.send)
        except EDGE_ERRORS as error:
            if answer.has_begun:
                raise
            await respond(error, scope, answer.send)


class _Answer:
    """Adds the request's id to the answer, and knows whether it has begun."""

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self._request_id = request_id
        self.has_begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = [*message.get("headers", ()), (Edge.header, self._request_id)]
            message = {**message, "headers": headers}
        await self._send(message)


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == Edge.header and _KNOWN_REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return uuid.uuid4().hex


def _require_sound(scope: Scope) -> None:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    path = path.partition(b"?")[0]
    query: bytes = scope["query_string"]
    if len(path) + len(query) > LONGEST_TARGET:
        raise UriTooLong
    for part, named in ((path, "path"), (query, "query")):
        _require_text(part, named)
    if b"//" in path or b"%2f" in path.lower() or (path.endswith(b"/") and path != b"/"):
        # Routers like to redirect these; here they are simply nothing.
        raise NotFound("path")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        raise HeadersTooLarge
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > LARGEST_BODY:
            raise PayloadTooLarge


def _require_text(part: bytes, named: str) -> None:
    if _NOT_ASCII.search(part):
        raise MalformedRequest(f"The {named} has bytes that must be percent-encoded.")
    if _BROKEN_ESCAPE.search(part):
        raise MalformedRequest(f"The {named} has a broken percent-encoding.")
    decoded = unquote_to_bytes(part)
    if _CONTROL.search(decoded):
        raise MalformedRequest(f"The {named} has control characters.")
    try:
        decoded.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"The {named} is not UTF-8.") from error


def _bounded(receive: Receive) -> Receive:
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise PayloadTooLarge
        return message

    return bounded
