"""The HTTP server beneath the application."""

from __future__ import annotations

import errno
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from booking_service.api.problems import CONTENT_TYPE, Problem
from booking_service.config import ConfigurationError, Settings
from booking_service.errors import MalformedRequest


class JsonErrors(H11Protocol):
    """Answers what is not even HTTP with a problem, like everything else.

    Uvicorn's h11 and not its httptools: that one loses the body of requests that
    offer an upgrade, as Java's client does by default.
    """

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no request; the connection ends.

        A request whose body turned out to be nonsense may be at work: what it
        would answer is not sent any more.
        """
        if self._silenced():
            self.transport.close()
            return
        request_id = uuid.uuid4().hex
        problem = Problem(MalformedRequest(msg), path="", request_id=request_id)
        answer = h11.Response(
            status_code=400,
            headers=[
                (b"content-type", CONTENT_TYPE.encode()),
                (b"content-length", str(len(problem.body)).encode()),
                (b"x-request-id", request_id.encode()),
                (b"connection", b"close"),
            ],
            reason=b"Bad Request",
        )
        for event in (answer, h11.Data(data=problem.body), h11.EndOfMessage()):
            output = self.conn.send(event)
            if output:
                self.transport.write(output)
        self.transport.close()

    def _silenced(self) -> bool:
        """End the request at work, if any; say whether its answer has begun."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return False
        cycle.disconnected = True
        cycle.message_event.set()
        return bool(cycle.response_started)


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """The socket to serve on, taken before anything else is begun.

    Raises:
        ConfigurationError: It cannot be had; says what to change.
    """
    where = f"{settings.host}:{settings.port}"
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigurationError(
            f"HOST {settings.host!r} is no address: {error}"
        ) from error
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            hint = " Set another PORT." if error.errno == errno.EADDRINUSE else ""
            raise ConfigurationError(
                f"Cannot listen on {where}: {error.strerror}.{hint}"
            ) from error
        yield listener
