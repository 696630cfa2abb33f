"""The outermost layers: what every answer bears, and what is refused unseen.

:class:`Edge` gives every request an id and every answer its headers;
:class:`Limits` bounds sizes and turns away bytes that no honest request has. What
is refused there was not routed, and no token was read.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import ClassVar
from urllib.parse import unquote_to_bytes

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from booking_service.api.answers import GZIPPED
from booking_service.api.problems import REQUEST_ID, respond
from booking_service.api.quotas import HEADERS
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
_TRACEPARENT = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    rb"(-[!-~]*)?"
)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NOT_ASCII = re.compile(rb"[^\x21-\x7e]")


Header = tuple[bytes, bytes]

EDGE_ERRORS: tuple[type[BookingServiceError], ...] = (
    MalformedRequest,
    PayloadTooLarge,
    UriTooLong,
    HeadersTooLarge,
    NotFound,
)


SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")


class Edge:
    """Names requests, and gives answers the headers that all of them bear."""

    header: ClassVar[bytes] = b"x-request-id"

    def __init__(self, app: ASGIApp, *, https_only: bool = False) -> None:
        """Wrap ``app``.

        Args:
            app: Any ASGI application.
            https_only: Whether browsers are to come by HTTPS from now on.
        """
        self._app = app
        self._headers = (*SECURITY_HEADERS, *([HTTPS_ONLY] if https_only else []))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its name."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace = _trace(scope["headers"])
        request_id = _request_id(scope["headers"]) or trace or uuid.uuid4().hex
        scope.setdefault("state", {})[REQUEST_ID] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if trace is not None:
            structlog.contextvars.bind_contextvars(trace_id=trace)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = _tagged_as_sent(message.get("headers", ()))
                present = {name.lower() for name, _ in given}
                common = (each for each in self._headers if each[0] not in present)
                quotas = scope["state"].get(HEADERS, ())
                named = (Edge.header, request_id.encode())
                headers = [*given, *common, *quotas, named]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, dressed)


class ClientLeft(BaseException):
    """The request will never be whole: nobody is there to be answered.

    No exception that a handler of errors would make an answer of.
    """


class Limits:
    """Refuses what is too large, or no honest request."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on with a bounded body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        # To WSGI, hyphens and underscores in names are the same; none is to pass
        # for another.
        if any(b"_" in name for name, _ in scope["headers"]):
            scope = {
                **scope,
                "headers": [each for each in scope["headers"] if b"_" not in each[0]],
            }
        try:
            _require_sound(scope)
            await self._app(scope, _bounded(receive), watched)
        except EDGE_ERRORS as error:
            if has_begun:
                raise
            await respond(error, scope, send)
        except ClientLeft:
            return


def _tagged_as_sent(headers: Iterable[Header]) -> list[Header]:
    """Tell compressed answers apart: a strong tag names bytes (RFC 9110, 8.8.3)."""
    headers = list(headers)
    if (b"content-encoding", b"gzip") not in headers:
        return headers
    return [
        (name, value[:-1] + GZIPPED.encode() + b'"') if name == b"etag" else (name, value)
        for name, value in headers
    ]


def _trace(headers: Iterable[Header]) -> str | None:
    """The trace that the request is part of (W3C Trace Context), if it names one."""
    for name, value in headers:
        if name == b"traceparent":
            found = _TRACEPARENT.fullmatch(value)
            return found["trace"].decode() if found else None
    return None


def _request_id(headers: Iterable[Header]) -> str | None:
    for name, value in headers:
        if name == Edge.header and _KNOWN_REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return None


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
    if scope["http_version"] not in ("1.0", "1.1"):
        raise MalformedRequest("Speak HTTP/1.1.")
    hosts = sum(name == b"host" for name, _ in scope["headers"])
    if hosts > 1 or (hosts == 0 and scope["http_version"] == "1.1"):
        raise MalformedRequest("Send one Host header (RFC 9112, section 3.2).")
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
    is_whole = False

    async def bounded() -> Message:
        nonlocal received, is_whole
        message = await receive()
        if message["type"] == "http.disconnect" and not is_whole:
            raise ClientLeft
        is_whole = not message.get("more_body", False)
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise PayloadTooLarge
        return message

    return bounded
