"""Requests as bytes, the way no well-behaved client sends them."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 is a connection that was closed without a word."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The document of an error."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class Wire:
    """Sends bytes to one server, each request over a connection of its own."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname
        assert parts.port
        self.host, self.port = parts.hostname, parts.port

    def connect(self) -> socket.socket:
        """A connection that waits for ten seconds at most."""
        return socket.create_connection((self.host, self.port), timeout=10)

    def send(self, *pieces: bytes) -> Answer:
        """Send raw bytes and read one answer."""
        with self.connect() as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
            except ConnectionError:
                pass  # refused before everything was sent: the answer tells
            return read(connection)

    def ask(
        self,
        method: bytes,
        target: bytes,
        *,
        headers: Headers = (),
        body: bytes | None = None,
    ) -> Answer:
        """Send one request; nothing in it is encoded or checked."""
        return self.send(request(method, target, headers=headers, body=body))


def request(
    method: bytes, target: bytes, *, headers: Headers = (), body: bytes | None = None
) -> bytes:
    """The bytes of a request."""
    lines = [b"%s %s HTTP/1.1" % (method, target), b"Host: test", b"Connection: close"]
    lines += [name + b": " + value for name, value in headers]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", b""]) + (body or b"")


def read(connection: socket.socket) -> Answer:
    """One answer from a connection."""
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
    except (http.client.BadStatusLine, ConnectionError):
        return Answer(0, {}, b"")
    with response:
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
