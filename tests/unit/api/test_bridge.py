"""The bridge from ASGI to WSGI."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx
import pytest

from booking_service.api.bridge import Bridge
from tests.doubles import ask

Start = Callable[[str, list[tuple[str, str]]], object]
SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "headers": [],
}
here = contextvars.ContextVar("here", default="nowhere")


def echo(environ: dict[str, Any], start: Start) -> list[bytes]:
    start(
        "201 Created",
        [("Content-Type", "text/plain"), ("X-Method", environ["REQUEST_METHOD"])],
    )
    return [environ["wsgi.input"].read(), b"!"]


class TestBridge:
    def test_hands_over_request_and_answer(self) -> None:
        answer = ask(Bridge(echo, threads=1), "POST", "/x?y=1", content=b"hello")

        assert (answer.status_code, answer.text) == (201, "hello!")
        assert answer.headers["x-method"] == "POST"

    def test_works_in_a_thread_that_knows_the_context(self) -> None:
        seen: list[object] = []

        def look(environ: dict[str, Any], start: Start) -> list[bytes]:
            seen.extend([here.get(), threading.current_thread().name])
            start("200 OK", [])
            return []

        async def run() -> None:
            here.set("request")
            sent: list[Any] = []

            async def receive() -> Any:
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message: Any) -> None:
                sent.append(message)

            await Bridge(look, threads=1)(SCOPE, receive, send)

        asyncio.run(run())

        assert seen[0] == "request"
        assert str(seen[1]).startswith("handler")

    def test_closes_what_the_application_returned(self) -> None:
        closed = threading.Event()

        class Chunks:
            def __iter__(self) -> Iterator[bytes]:
                yield b"a"
                yield b"b"

            def close(self) -> None:
                closed.set()

        def app(environ: dict[str, Any], start: Start) -> Any:
            start("200 OK", [])
            return Chunks()

        assert ask(Bridge(app, threads=1), "GET", "/").text == "ab"
        assert closed.is_set()

    def test_takes_what_is_written_before_it_is_returned(self) -> None:
        """The older of WSGI's two ways to answer."""

        def app(environ: dict[str, Any], start: Start) -> list[bytes]:
            write: Any = start("200 OK", [])
            write(b"first ")
            return [b"last"]

        assert ask(Bridge(app, threads=1), "GET", "/").text == "first last"

    def test_answers_beside_those_who_wait(self) -> None:
        let_go, waiting = threading.Event(), threading.Event()

        def app(environ: dict[str, Any], start: Start) -> list[bytes]:
            start("200 OK", [])
            if environ["PATH_INFO"] == "/slow":
                waiting.set()
                assert let_go.wait(30)
            return [environ["PATH_INFO"].encode()]

        async def run() -> tuple[str, bool]:
            transport = httpx.ASGITransport(app=cast(Any, bridge))
            async with httpx.AsyncClient(transport=transport, base_url="http://a") as http:
                slow = [asyncio.create_task(http.get("/slow")) for _ in range(3)]
                await asyncio.to_thread(waiting.wait, 30)
                beside = await asyncio.wait_for(http.get("/live"), 30)
                still = not any(task.done() for task in slow)
                let_go.set()
                await asyncio.gather(*slow)
                return beside.text, still

        bridge = Bridge(app, threads=1, beside=["/live"])

        assert asyncio.run(run()) == ("/live", True)

    def test_hands_errors_on(self) -> None:
        def app(environ: dict[str, Any], start: Start) -> list[bytes]:
            raise LookupError("not here")

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        with pytest.raises(LookupError):
            asyncio.run(Bridge(app, threads=1)(SCOPE, receive, receive))  # type: ignore[arg-type] # never sent
