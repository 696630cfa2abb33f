"""From ASGI to WSGI with one hop there and one back.

Connexion brings a bridge that hands every chunk of an answer from one thread to
another and back. Here bodies are small and bounded: the request is read before the
application's thread begins, and its answer is sent when the thread is done.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from a2wsgi.wsgi import build_environ
from starlette.types import Receive, Scope, Send

from booking_service.api.quotas import SHOP, Turns
from booking_service.api.validation import read_body

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Bridge:
    """Runs a WSGI application in threads of its own."""

    def __init__(
        self,
        app: WsgiApp,
        *,
        threads: int,
        turns: Turns | None = None,
        beside: Collection[str] = (),
    ) -> None:
        """Wrap ``app``.

        Args:
            app: Answers at once or in chunks, which are joined.
            threads: How many requests it may be at work on.
            turns: How many of these each shop may have; by default all.
            beside: Paths that are answered at once, by a thread of their own, while
                all others wait for a database.
        """
        self._app = app
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="handler")
        self._beside = frozenset(beside)
        self._turns = turns or Turns(threads)
        self._thread_beside = ThreadPoolExecutor(1, thread_name_prefix="beside")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the application answer in one of its threads."""
        body = await read_body(receive)
        stream = cast(Any, io.BytesIO(body))
        environ = cast("dict[str, Any]", build_environ(cast(Any, scope), stream))
        # However it came, it is whole now: WSGI has no word for chunks.
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(body))
        is_beside = scope["path"] in self._beside
        threads = self._thread_beside if is_beside else self._threads
        async with self._turns.turn(scope.get("state", {}).get(SHOP)):
            answer = await asyncio.get_running_loop().run_in_executor(
                threads, contextvars.copy_context().run, self._answer, environ
            )
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": answer.headers,
            }
        )
        await send({"type": "http.response.body", "body": b"".join(answer.chunks)})

    def _answer(self, environ: dict[str, Any]) -> _Answer:
        answer = _Answer()
        chunks = self._app(environ, answer.start)
        try:
            answer.chunks.extend(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        return answer


class _Answer:
    """What the application says of its answer (PEP 3333)."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunks: list[bytes] = []

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], None]:
        self.status = int(status[:3])
        self.headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers
        ]
        return self.chunks.append
