"""Errors as problem details (RFC 9457), the same wherever they are raised."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache, cached_property
from typing import Any

import flask
import structlog
from connexion.exceptions import ProblemException
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import Scope, Send
from werkzeug.exceptions import HTTPException as WerkzeugHTTPException

from booking_service.api.contract import METHODS, contract
from booking_service.domain.localtime import rfc3339
from booking_service.errors import (
    HTTP_PROBLEMS,
    BookingServiceError,
    ChangedMeanwhile,
    DatabaseUnavailable,
    InvalidInput,
    ProblemType,
    SlotRefused,
    Unauthenticated,
)
from tenants.errors import InvalidShop, TenancyError

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
REQUEST_ID = "booking_service.request_id"
_log = structlog.get_logger(__name__)
_BY_STATUS = {problem.status: problem for problem in HTTP_PROBLEMS}


class Problem:
    """An error, ready to be sent."""

    def __init__(self, error: Exception, *, path: str, request_id: str) -> None:
        """Find out what an error means to the one who asked.

        Args:
            error: Any exception.
            path: The request's, for the methods that are allowed there.
            request_id: Which the answer names.
        """
        self.headers: dict[str, str] = {}
        self._members: dict[str, Any] = {}
        retry_after = None
        match _known(error):
            case (BookingServiceError() | TenancyError()) as refusal:
                kind, detail = _kind(refusal), refusal.detail
                retry_after = getattr(refusal, "retry_after", None)
                self._add_facts(refusal)
            case int() as status:
                kind = _of_status(status)
                detail = f"{kind.title}."
            case _:
                kind = _BY_STATUS[500]
                detail = "It was logged; quote the instance if you ask for help."
                _log.error("unhandled error", exc_info=error)
        self.status = kind.status
        self._add_headers(path, retry_after)
        self._members = {
            "type": kind.type,
            "title": kind.title,
            "status": kind.status,
            "detail": detail,
            "instance": f"urn:request:{request_id}",
            **self._members,
        }

    @cached_property
    def body(self) -> bytes:
        """The document."""
        return json.dumps(self._members, ensure_ascii=False).encode()

    def _add_facts(self, refusal: BookingServiceError | TenancyError) -> None:
        if isinstance(refusal, InvalidInput):
            self._members["errors"] = [asdict(each) for each in refusal.errors]
        elif isinstance(refusal, InvalidShop):
            self._members["errors"] = refusal.errors
        elif isinstance(refusal, SlotRefused):
            self._members["reasons"] = [reason.value for reason in refusal.reasons]
            self._members["alternatives"] = [
                {
                    "starts_at": rfc3339(each.starts_at),
                    "ends_at": rfc3339(each.ends_at),
                    "provider_ids": [str(provider) for provider in each.provider_ids],
                }
                for each in refusal.alternatives
            ]
            if refusal.hold is not None:
                self._members["hold"] = refusal.hold

    def _add_headers(self, path: str, retry_after: int | None) -> None:
        if self.status == 401:
            self.headers["WWW-Authenticate"] = 'Bearer realm="booking-service"'
        elif self.status == 405:
            self.headers["Allow"] = ", ".join(allowed_methods(path))
        elif self.status == 503:
            retry_after = retry_after or RETRY_AFTER_SECONDS
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)


def _known(error: Exception) -> BookingServiceError | TenancyError | int | None:
    match error:
        case BookingServiceError() | TenancyError():
            return error
        case OperationalError() | InterfaceError() | PoolTimeout():
            return _database_trouble(error)
        case DBAPIError() if error.connection_invalidated:
            return _database_trouble(error)
        case StaleDataError():
            return ChangedMeanwhile()
    return _of_http(error)


def _database_trouble(error: Exception) -> DatabaseUnavailable:
    _log.error("database trouble", error=str(error).splitlines()[0])
    return DatabaseUnavailable("The database did not finish the request; try again.")


def _of_http(error: Exception) -> Unauthenticated | int | None:
    match error:
        case ProblemException():
            status = int(error.status)
        case StarletteHTTPException():
            status = error.status_code
        case WerkzeugHTTPException():
            status = error.code or 500
        case _:
            return None
    if status == 401:
        return Unauthenticated("There is no bearer token in the request.")
    return status


def _of_status(status: int) -> ProblemType:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 400 <= status < 500:
        return replace(_BY_STATUS[400], status=status)
    return _BY_STATUS[500]


def _kind(refusal: BookingServiceError | TenancyError) -> ProblemType:
    return ProblemType(refusal.type, refusal.status, refusal.title)


@cache
def _path_patterns() -> list[tuple[re.Pattern[str], list[str]]]:
    # Beside the contract there are the pages of its documentation.
    patterns = [(re.compile("/docs(/[^/]+)?"), ["GET", "HEAD"])]
    for template, item in contract()["paths"].items():
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))
        patterns.append((re.compile(pattern), _methods(item)))
    return patterns


def _methods(item: Mapping[str, Any]) -> list[str]:
    methods = [method.upper() for method in item if method in METHODS]
    return sorted([*methods, *(["HEAD"] if "GET" in methods else [])])


def allowed_methods(path: str) -> list[str]:
    """The methods that are known for a path, in alphabetical order."""
    if is_literal(path):
        return _methods(contract()["paths"][path])
    return sorted(
        {
            method
            for pattern, methods in _path_patterns()
            if pattern.fullmatch(path)
            for method in methods
        }
    )


def is_literal(path: str) -> bool:
    """Say whether the contract spells a path out, without parameters."""
    return "{" not in path and path in contract()["paths"]


async def respond(error: Exception, scope: Scope, send: Send) -> None:
    """Answer an ASGI request with a problem."""
    problem = _of(error, scope)
    headers = {"Content-Type": CONTENT_TYPE, **problem.headers}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    pairs.append((b"content-length", str(len(problem.body)).encode()))
    await send({"type": "http.response.start", "status": problem.status, "headers": pairs})
    await send({"type": "http.response.body", "body": problem.body})


async def connexion_problem(
    request: ConnexionRequest, error: Exception
) -> ConnexionResponse:
    """Answer an error that was raised between edge and handler."""
    problem = _of(error, request.scope)
    return ConnexionResponse(
        status_code=problem.status,
        body=problem.body,
        headers=problem.headers,
        mimetype=CONTENT_TYPE,
        content_type=CONTENT_TYPE,
    )


def flask_problem(error: Exception) -> flask.Response:
    """Answer an error that was raised by a handler or below it."""
    problem = _of(error, flask.request.environ["asgi.scope"])
    return flask.Response(
        problem.body, problem.status, problem.headers, content_type=CONTENT_TYPE
    )


def _of(error: Exception, scope: Mapping[str, Any]) -> Problem:
    request_id = scope.get("state", {}).get(REQUEST_ID, "unknown")
    return Problem(error, path=scope["path"], request_id=request_id)
