"""Hostile input on every operation: refused in words, and nothing breaks.

Operations are taken from the contract, so that a new one is attacked like all.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable
from contextlib import suppress

import pytest

from tests.contract import attacks
from tests.contract.target import JSON, Target
from tests.contract.wire import Answer, Wire, read, request
from tests.examples import GUARDED, OPERATIONS, Operation
from tests.integration.driver import made

# What may be answered before the operation is known.
UNROUTED = {400, 404, 405, 413, 414, 431}
POST = b"POST /services HTTP/1.1\r\nHost: a\r\n"


def faults(operation: Operation, answer: Answer, *, sound_route: bool = True) -> str | None:
    """What is wrong with an answer to something hostile, if anything is."""
    documented = {int(status) for status in operation.definition["responses"]}
    allowed = documented if sound_route else documented | UNROUTED
    if answer.status >= 500 or (300 <= answer.status < 400 and answer.status != 304):
        return f"{answer.status}: {answer.body[:200]!r}"
    if answer.status not in allowed:
        return f"{answer.status} is not documented: {answer.body[:200]!r}"
    if answer.status >= 400:
        return _problem_faults(answer)
    return None


def _problem_faults(answer: Answer) -> str | None:
    if answer.headers.get("content-type") != "application/problem+json":
        return f"{answer.status} is a {answer.headers.get('content-type')}"
    problem = answer.problem
    if problem["status"] != answer.status or "x-request-id" not in answer.headers:
        return f"{problem}"
    if answer.status == 400 and problem["type"] == "/problems/invalid-input":
        errors = problem["errors"]
        if not errors or not all({"pointer", "detail"} == each.keys() for each in errors):
            return f"names no field: {problem}"
    return None


def assert_all_sound(
    operation: Operation, answers: Iterable[tuple[object, Answer]], **route: bool
) -> None:
    found = [
        (str(sent)[:120], fault)
        for sent, answer in answers
        if (fault := faults(operation, answer, **route)) is not None
    ]
    assert not found, found[:5]


EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
GUARDED_ONES = pytest.mark.parametrize("operation", GUARDED, ids=repr)
WITH_BODY = pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.body is not None], ids=repr
)


class TestEveryOperation:
    @EVERY
    def test_stands_strange_paths(self, operation: Operation, hit: Target) -> None:
        path = hit.path(operation)
        middle = path.rpartition(b"/")[0]
        targets = [*(path + tail for tail in attacks.TAILS)]
        targets += [middle + b"/" + tail.lstrip(b"/") for tail in attacks.TAILS]
        targets += [b"/" + path, path.upper(), path.replace(b"/", b"//"), b"/." + path]

        answers = [
            (target, hit.ask(operation, target=target)) for target in targets if target
        ]

        assert_all_sound(operation, answers, sound_route=False)

    @EVERY
    def test_stands_strange_queries(self, operation: Operation, hit: Target) -> None:
        path = hit.path(operation)
        sound = hit.query(operation)

        answers = [
            (query, hit.ask(operation, target=path + b"?" + query))
            for query in attacks.queries(operation.definition, sound)
        ]

        assert_all_sound(operation, answers)

    @WITH_BODY
    def test_stands_strange_bodies(self, operation: Operation, hit: Target) -> None:
        answers = [(body[:60], hit.ask(operation, body=body)) for body in attacks.BODIES]

        assert_all_sound(operation, answers)
        assert {answer.status for _, answer in answers} <= {200, 400}

    @WITH_BODY
    def test_stands_strange_members(self, operation: Operation, hit: Target) -> None:
        sound = hit.body(operation)
        assert sound is not None

        answers = [
            (body[:300], hit.ask(operation, body=body))
            for member in attacks.members(operation.definition)
            for body in attacks.bodies_with(member, sound)
        ]

        assert_all_sound(operation, answers)
        assert made(hit.shop.manager.get("/bookings"))["items"]

    @EVERY
    def test_stands_strange_headers(self, operation: Operation, hit: Target) -> None:
        strange: list[list[tuple[bytes, bytes]]] = [
            [(b"Content-Type", b"application/json")] * 2,
            [(b"Content-Type", b"text/plain")],
            [(b"Content-Encoding", b"gzip")],
            [(b"Accept", b"text/html;q=nan, */*;q=-1")],
            [(b"Accept", b"\xff\xfe")],
            [(b"Accept-Encoding", b"gzip;q=x, \xff")],
            [(b"If-Match", b'"\xff"')],
            [(b"If-Match", b'"a", "b')],
            [(b"If-Match", b'"a"'), (b"If-Match", b'"b"')],
            [(b"If-None-Match", b'W/"x", ,,')],
            [(b"If-None-Match", "²".encode("latin-1"))],
            [(b"Idempotency-Key", b"k" * 300)],
            [(b"Idempotency-Key", b"k"), (b"Idempotency-Key", b"l")],
            [(b"Idempotency_Key", b"k")],
            [(b"X-Request-Id", b"a\tb"), (b"X-Request-Id", b"<script>")],
            [(b"traceparent", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01")],
            [(b"traceparent", b"\xff" * 55)],
            [(b"Range", b"bytes=0-1,5-2")],
            [(b"If-Modified-Since", b"yesterday")],
            [(b"X-Forwarded-For", b"' OR 1=1")],
            [(b"X-Forwarded-Proto", b"javascript")],
            [(b"X-Original-URL", b"/platform/shops")],
            [(b"X-Rewrite-URL", b"/platform/shops")],
            [(b"Cookie", b"session=" + b"x" * 5000)],
            [(b"Expect", b"100-continue")],
            [(b"Host", b"evil.example")],
            [(b"X-Large", b"x" * 40_000)],
            [(b"X-%d" % number, b"x" * 20) for number in range(2000)],
        ]

        answers = [(given[0], hit.ask(operation, headers=given)) for given in strange]

        assert_all_sound(operation, answers, sound_route=False)

    @pytest.mark.parametrize(
        "operation", [each for each in OPERATIONS if each.method != "DELETE"], ids=repr
    )
    def test_obeys_its_method_and_no_other(self, operation: Operation, hit: Target) -> None:
        plain = hit.ask(operation).status
        override = [
            (b"X-HTTP-Method-Override", b"DELETE"),
            (b"X-HTTP-Method", b"DELETE"),
            (b"X-Method-Override", b"DELETE"),
        ]

        answers = [(given, hit.ask(operation, headers=[given])) for given in override]

        assert_all_sound(operation, answers)
        assert {answer.status for _, answer in answers} <= {plain, 409}

    @pytest.mark.parametrize(
        "operation", [each for each in OPERATIONS if each.body is None], ids=repr
    )
    def test_reads_no_body_if_it_takes_none(
        self, operation: Operation, hit: Target
    ) -> None:
        plain = hit.ask(operation).status

        answers = [(body[:60], hit.ask(operation, body=body)) for body in attacks.BODIES]

        assert {answer.status for _, answer in answers} == {plain}

    @EVERY
    def test_names_the_methods_that_it_allows(
        self, operation: Operation, standing: Target
    ) -> None:
        siblings = {
            each.method for each in OPERATIONS if each.template == operation.template
        }
        if "GET" in siblings:
            siblings.add("HEAD")

        for method in (b"PATCH", b"TRACE", b"PROPFIND", b"OPTIONS"):
            answer = standing.wire.ask(
                method, standing.target(operation), headers=standing.token(operation)
            )

            assert answer.status == 405, method
            assert {*answer.headers["allow"].split(", ")} == siblings
            assert _problem_faults(answer) is None

    @WITH_BODY
    def test_takes_a_body_in_chunks(self, operation: Operation, hit: Target) -> None:
        sound = hit.body(operation)
        if operation.id == "create_booking":
            sound = {**(sound or {}), "client": {"name": "Dana"}}
        sent = json.dumps(sound).encode()
        head = request(
            operation.method.encode(),
            hit.target(operation),
            headers=[*hit.token(operation), JSON, (b"Transfer-Encoding", b"chunked")],
        )
        chunks = [b"1\r\n%c\r\n" % byte for byte in sent]

        answer = hit.wire.send(head, *chunks, b"0\r\n\r\n")

        assert answer.status in (200, 201, 409), answer.body
        if answer.status != 409:
            given = json.loads(answer.body)
            assert {name: given[name] for name in sound or {} if name in given} == {
                name: value for name, value in (sound or {}).items() if name in given
            }

    @WITH_BODY
    def test_refuses_a_large_body_unread(
        self, operation: Operation, standing: Target
    ) -> None:
        head = request(
            operation.method.encode(),
            standing.target(operation),
            headers=[*standing.token(operation), JSON, (b"Content-Length", b"999999999")],
        )

        began = time.monotonic()
        answer = standing.wire.send(head)  # not a byte of the body follows

        assert answer.status == 413
        assert _problem_faults(answer) is None
        assert time.monotonic() - began < 5

    @WITH_BODY
    def test_refuses_a_large_body_that_comes_in_chunks(
        self, operation: Operation, standing: Target
    ) -> None:
        chunked = (b"Transfer-Encoding", b"chunked")
        head = request(
            operation.method.encode(),
            standing.target(operation),
            headers=[*standing.token(operation), JSON, chunked],
        )
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"

        answer = standing.wire.send(head, *[chunk] * 17)  # no end follows

        assert answer.status == 413


class TestWithoutToken:
    """Nothing is told to those who do not say who they are."""

    @GUARDED_ONES
    def test_no_view_is_reached(self, operation: Operation, standing: Target) -> None:
        path, body = standing.path(operation), standing.body(operation)
        sent = json.dumps(body).encode() if body is not None else None
        targets = [standing.target(operation), *(path + tail for tail in attacks.TAILS)]
        targets += [
            path + b"?" + query
            for query in list(attacks.queries(operation.definition, {}))[:40]
        ]
        kind = [JSON] if sent is not None else []

        answers = [
            (
                target,
                standing.wire.ask(
                    operation.method.encode(), target, headers=kind, body=sent
                ),
            )
            for target in targets
        ]

        assert_all_sound(operation, answers, sound_route=False)
        assert answers[0][1].status == 401
        for target, answer in answers:
            assert answer.status >= 400, target
            if answer.status == 404:
                assert answer.problem["detail"] == "There is no such path."

    @GUARDED_ONES
    @pytest.mark.parametrize(
        "given",
        [
            [b""],
            [b"Bearer"],
            [b"Bearer "],
            [b"Bearer a b"],
            [b"Bearer " + b"x" * 9000],
            [b"Bearer \xff\xfe"],
            [b"Bearer ..", b"Bearer .."],
            [b"Basic YTpi"],
            [b"bearer null"],
            [b"Bearer eyJhbGciOiJub25lIn0.e30."],
        ],
        ids=lambda given: given[0][:20].decode("latin-1"),
    )
    def test_a_bad_token_is_none(
        self, operation: Operation, given: list[bytes], standing: Target
    ) -> None:
        body = standing.body(operation)
        sent = json.dumps(body).encode() if body is not None else None
        headers = [(b"Authorization", each) for each in given]
        headers += [JSON] if sent is not None else []

        answer = standing.wire.ask(
            operation.method.encode(),
            standing.target(operation),
            headers=headers,
            body=sent,
        )

        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert _problem_faults(answer) is None


class TestWire:
    """What is hardly HTTP any more."""

    @pytest.mark.parametrize(
        "sent",
        [
            b"\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET /health/live\r\n\r\n",
            b"GET /health/live HTTP/9.9\r\nHost: a\r\n\r\n",
            b"GET /health/live HTTP/1.1\r\n\r\n",
            b"GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET /health/live HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
            b"GET /health/live HTTP/1.1\r\nHost : a\r\n\r\n",
            b"GET /health/live HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
            b"GET /health/live HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
            b"GET /hea lth HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET \xff HTTP/1.1\r\nHost: a\r\n\r\n",
            POST + b"Content-Length: -1\r\n\r\n",
            POST + b"Content-Length: 1e3\r\n\r\n",
            POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
            POST + b"Transfer-Encoding: gzip\r\n\r\n",
            POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
            b"GET /" + b"a" * 200_000,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ],
        ids=lambda sent: repr(sent[:50]),
    )
    def test_nonsense_is_refused(self, sent: bytes, address: str) -> None:
        with Wire(address).connect() as connection:
            with suppress(OSError):  # refused before all of it was sent
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
            answer = read(connection)

        assert answer.status in (0, 400, 401, 404, 414, 431)
        if answer.status:
            assert _problem_faults(answer) is None
        assert Wire(address).ask(b"GET", b"/health/live").status == 200

    def test_two_lengths_do_not_hide_a_second_request(self, address: str) -> None:
        hidden = b"GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n"
        sent = (
            b"POST /services HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(hidden))
        ) + hidden

        with Wire(address).connect() as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(65536):
                received += piece

        assert received.count(b"HTTP/1.1 ") == 1

    @pytest.mark.parametrize("method", [b"get", b"FOO", b"G\xcbT", b"x" * 1000])
    def test_a_method_that_nobody_knows_is_no_http(
        self, method: bytes, address: str
    ) -> None:
        answer = Wire(address).ask(method, b"/health/live")

        assert answer.status == 400
        assert _problem_faults(answer) is None

    @pytest.mark.parametrize("method", [b"OPTIONS", b"CONNECT", b"TRACE"])
    def test_a_star_is_no_path(self, method: bytes, address: str) -> None:
        answer = Wire(address).ask(method, b"*")

        assert answer.status in (400, 404)

    def test_an_absolute_target_leads_nowhere_else(self, address: str) -> None:
        answer = Wire(address).ask(b"GET", b"http://evil.example/platform/shops")

        assert answer.status in (400, 401, 404)

    @pytest.mark.parametrize("pieces", [1, 7, 400], ids=lambda size: f"{size} bytes")
    @pytest.mark.parametrize(
        "offer",
        [
            (
                b"Upgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
                b"Connection: Upgrade, HTTP2-Settings\r\n"
            ),
            (
                b"Upgrade: websocket\r\nConnection: upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            ),
        ],
        ids=["h2c", "websocket"],
    )
    def test_whoever_offers_another_protocol_is_answered_in_http(
        self, offer: bytes, pieces: int, hit: Target
    ) -> None:
        """Java's client offers h2c with every request on plain HTTP."""
        operation = next(each for each in OPERATIONS if each.id == "create_client")
        head = request(
            b"POST",
            b"/clients",
            headers=[*hit.token(operation), JSON, (b"Content-Length", b"15")],
        )
        first, rest = head.replace(b"Connection: close\r\n", offer), b'{"name":"Dana"}'
        follows = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        sent = first + rest + follows

        with hit.wire.connect() as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for begin in range(0, len(sent), pieces):
                connection.sendall(sent[begin : begin + pieces])
            received = b""
            while piece := connection.recv(65536):
                received += piece

        assert received.startswith(b"HTTP/1.1 201 ")
        assert b'"name": "Dana"' in received
        assert received.count(b"HTTP/1.1 200 ") == 1

    def test_a_head_without_end_is_refused(self, address: str) -> None:
        wire = Wire(address)

        answer = wire.send(b"GET / HTTP/1.1\r\nX: ", *[b"x" * 10_000] * 20)

        assert answer.status in (0, 431)
        assert wire.ask(b"GET", b"/health/live").status == 200

    def test_whoever_asks_to_continue_is_answered(self, hit: Target) -> None:
        operation = next(each for each in OPERATIONS if each.id == "create_client")
        head = request(
            b"POST",
            b"/clients",
            headers=[
                *hit.token(operation),
                JSON,
                (b"Expect", b"100-continue"),
                (b"Content-Length", b"15"),
            ],
        )
        with hit.wire.connect() as connection:
            connection.sendall(head)
            assert connection.recv(4096).startswith(b"HTTP/1.1 100")
            connection.sendall(b'{"name":"Dana"}')
            answer = read(connection)

        assert answer.status == 201

    def test_a_client_that_leaves_leaves_nothing_behind(self, hit: Target) -> None:
        operation = next(each for each in OPERATIONS if each.id == "create_client")
        before = made(hit.shop.manager.get("/clients"))["items"]
        head = request(
            b"POST",
            b"/clients",
            headers=[*hit.token(operation), JSON, (b"Content-Length", b"100")],
        )

        with hit.wire.connect() as connection:
            connection.sendall(head + b'{"name": "Dana"}')
            connection.shutdown(socket.SHUT_WR)
            answer = read(connection)

        assert answer.status in (0, 400)
        assert made(hit.shop.manager.get("/clients"))["items"] == before
