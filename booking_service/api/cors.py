"""Cross-origin requests: which pages of other hosts may use the API."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from booking_service.api.problems import CONTENT_TYPE, Problem
from booking_service.errors import MalformedRequest

# Tokens come in a header and never in a cookie, so no credentials are allowed.
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Request-Id",
    "traceparent",
)
RESPONSE_HEADERS = (
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-Id",
)


class Cors(CORSMiddleware):
    """Answers preflights and marks answers for the origins that may read them."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        """Wrap ``app`` for these origins; ``*`` is all."""
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """200, or a problem that says what may not be asked for from there."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return Response(status_code=200, headers=_without_body(response))
        refusal = MalformedRequest(bytes(response.body).decode() + ".")
        request_id = structlog.contextvars.get_contextvars().get("request_id", "unknown")
        problem = Problem(refusal, path="", request_id=request_id)
        return Response(
            problem.body,
            problem.status,
            {**_without_body(response), "Content-Type": CONTENT_TYPE},
        )


def _without_body(response: Response) -> dict[str, str]:
    about_body = ("content-length", "content-type")
    return {k: v for k, v in response.headers.items() if k not in about_body}
