from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from booking_service.api.edge import LARGEST_BODY, Edge
from tests.doubles import ask, bearer
from tests.examples import GUARDED, Operation
from tests.unit.api.conftest import Service

CONTENT_TYPE = "application/problem+json"
HOST = (b"host", b"test")


def raw(
    service: Service, path: bytes, query: bytes = b"", **changes: Any
) -> dict[str, Any]:
    """Send bytes that no HTTP client would send; the status, headers and body."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": [HOST, (b"authorization", b"Bearer manager:someone")],
        "server": ("test", 80),
        "client": ("test", 1),
        **changes,
    }
    answer: dict[str, Any] = {"body": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.update(status=message["status"], headers=dict(message["headers"]))
        else:
            answer["body"] += message.get("body", b"")

    asyncio.run(service.app(scope, receive, send))  # type: ignore[arg-type] # a coroutine
    return answer


class TestRefusals:
    @pytest.mark.parametrize(
        "tail", ["%0A", "%00", "%0d%0a", "%7f", "%ff", "%c3%28", "%zz", "%", "%ed%a0%80"]
    )
    @pytest.mark.parametrize("operation", GUARDED, ids=repr)
    def test_no_operation_is_reached_behind_strange_bytes(
        self, operation: Operation, tail: str, service: Service
    ) -> None:
        answer = raw(service, (operation.path() + tail).encode(), method=operation.method)

        assert answer["status"] == 400
        assert answer["headers"][b"content-type"] == CONTENT_TYPE.encode()
        assert service.database.reached == 0

    @pytest.mark.parametrize("query", [b"a=%00", b"a=%ff", b"a=%0a", b"a=\xff", b"a=%g1"])
    def test_strange_bytes_in_the_query_are_refused(
        self, query: bytes, service: Service
    ) -> None:
        assert raw(service, b"/bookings", query)["status"] == 400

    @pytest.mark.parametrize("path", ["/bookings/", "//bookings", "/a//b", "/bookings//"])
    def test_nothing_is_redirected(self, path: str, service: Service) -> None:
        answer = raw(service, path.encode())

        assert answer["status"] == 404
        assert b"location" not in answer["headers"]

    def test_a_long_address_is_refused(self, service: Service) -> None:
        assert raw(service, b"/bookings", b"a=" + b"b" * 33_000)["status"] == 414

    def test_large_headers_are_refused(self, service: Service) -> None:
        headers = [HOST, (b"x-large", b"x" * 40_000)]

        assert raw(service, b"/health/live", headers=headers)["status"] == 431

    @pytest.mark.parametrize("hosts", [[], [HOST, HOST]], ids=["none", "two"])
    def test_a_request_names_one_host(
        self, hosts: list[tuple[bytes, bytes]], service: Service
    ) -> None:
        assert raw(service, b"/health/live", headers=hosts)["status"] == 400

    def test_an_announced_large_body_is_refused_unread(self, service: Service) -> None:
        headers = {"Content-Length": str(LARGEST_BODY + 1), **bearer("manager")}

        answer = ask(service.app, "POST", "/services", headers=headers)

        assert answer.status_code == 413

    def test_an_unannounced_large_body_is_refused_while_it_is_read(
        self, service: Service
    ) -> None:
        sent = 0

        def chunks() -> Iterator[bytes]:
            nonlocal sent
            for _ in range(100):
                sent += 65536
                yield b"x" * 65536

        headers = {"Content-Type": "application/json", **bearer("manager")}
        answer = ask(
            service.app, "POST", "/services", content=_aiter(chunks()), headers=headers
        )

        assert answer.status_code == 413
        assert answer.headers["content-type"] == CONTENT_TYPE
        assert service.database.reached == 0

    def test_other_protocols_pass(self) -> None:
        seen = []

        async def inner(scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope["type"])

        asyncio.run(Edge(inner)({"type": "lifespan"}, None, None))  # type: ignore[arg-type] # not looked at

        assert seen == ["lifespan"]


class TestRequestId:
    def test_is_made_and_quoted(self, service: Service) -> None:
        answer = ask(service.app, "GET", "/shop")

        request_id = answer.headers["x-request-id"]
        assert answer.json()["instance"] == f"urn:request:{request_id}"

    def test_is_taken_over_if_it_is_harmless(self, service: Service) -> None:
        answer = ask(
            service.app, "GET", "/health/live", headers={"X-Request-Id": "abc-12345"}
        )

        assert answer.headers["x-request-id"] == "abc-12345"

    def test_is_replaced_if_it_is_not(self, service: Service) -> None:
        headers = {"X-Request-Id": "<script>alert(1)</script>"}

        answer = ask(service.app, "GET", "/health/live", headers=headers)

        assert "script" not in answer.headers["x-request-id"]


class TestRouting:
    @pytest.mark.parametrize(
        ("path", "methods"),
        [
            ("/bookings", "GET, HEAD, POST"),
            ("/bookings/0b2c", "DELETE, GET, HEAD, PUT"),
            ("/clients/me", "GET, HEAD, PUT"),
            ("/docs", "GET, HEAD"),
            ("/docs/start.js", "GET, HEAD"),
        ],
    )
    def test_405_names_every_method(
        self, path: str, methods: str, service: Service
    ) -> None:
        for method in ("PATCH", "OPTIONS"):
            answer = ask(service.app, method, path, headers=bearer("manager"))

            assert answer.status_code == 405
            assert answer.headers["allow"] == methods
            assert answer.headers["content-type"] == CONTENT_TYPE

    def test_an_unknown_path_is_a_404(self, service: Service) -> None:
        answer = ask(service.app, "GET", "/nothing", headers=bearer("manager"))

        assert answer.status_code == 404
        assert answer.headers["content-type"] == CONTENT_TYPE


class TestFlaskAlone:
    """What only Flask's router recognises was neither validated nor verified."""

    @pytest.fixture
    def app(self, built: Service) -> Flask:
        connexion_app: Any = built.app._app._app.app  # type: ignore[attr-defined] # behind the edge
        return connexion_app.app  # type: ignore[no-any-return] # Connexion is untyped

    @pytest.mark.parametrize("operation", GUARDED, ids=repr)
    def test_reaches_no_handler(
        self, operation: Operation, client: FlaskClient, service: Service
    ) -> None:
        scope = {"path": operation.path(), "state": {}, "extensions": {}}

        answer = client.open(
            operation.path(),
            method=operation.method,
            json=operation.body,
            environ_overrides={"asgi.scope": scope},
        )

        assert answer.status_code == 404
        assert service.database.reached == 0


async def _aiter(chunks: Iterator[bytes]) -> Any:
    for chunk in chunks:
        yield chunk
