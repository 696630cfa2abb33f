"""The HTTP server beneath the application."""

from __future__ import annotations

import errno
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from booking_service.api.problems import CONTENT_TYPE, Problem
from booking_service.config import ConfigurationError, Settings
from booking_service.errors import (
    BookingServiceError,
    HeadersTooLarge,
    MalformedRequest,
)

LARGEST_HEAD = 64 << 10
# What offers another protocol, and belongs to the offer.
_OFFER = frozenset({b"upgrade", b"http2-settings", b"connection"})


class Http(HttpToolsProtocol):
    """Uvicorn's fast protocol, with three manners of its own.

    What is not even HTTP is answered with a problem, like everything else. A
    request's head is bounded. An offer to speak another protocol is declined by
    ignoring it (RFC 9110, section 7.8): the parser would take the rest of the
    request, its body, for the other protocol's.
    """

    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Feed the parser; go on without the offer where one was made."""
        self._unset_keepalive_if_required()
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        else:
            if self._in_head and self._head_bytes > LARGEST_HEAD:
                self._refuse(HeadersTooLarge())

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Have the request answered, if nothing else was offered."""
        self._in_head, self._head_bytes = False, 0
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole; another may follow."""
        self._in_head = True
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no request; the connection ends."""
        self._refuse(MalformedRequest(msg))

    def _decline(self, rest: bytes) -> None:
        """Begin the same request again, without its offer."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(MalformedRequest("This is no proxy."))
            return
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (method, self.url, version)]
        lines += [b"%s: %s" % each for each in self.headers if each[0] not in _OFFER]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join([*lines, b"", b""]) + rest)

    def _refuse(self, error: BookingServiceError) -> None:
        """Answer with a problem and end the connection.

        A request whose body turned out to be nonsense may be at work: what it
        would answer is not sent any more.
        """
        if not self._silenced():
            request_id = uuid.uuid4().hex
            problem = Problem(error, path="", request_id=request_id)
            headers = {
                "content-type": CONTENT_TYPE,
                "content-length": str(len(problem.body)),
                "x-request-id": request_id,
                "connection": "close",
            }
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            line = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
            self.transport.write(f"{line}{head}\r\n".encode() + problem.body)
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
