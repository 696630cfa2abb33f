"""Cursors: where a page ended, signed so that nobody makes their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from itsdangerous import BadData, URLSafeSerializer

from booking_service.errors import InvalidCursor
from booking_service.repositories.paging import Key


class Cursors:
    """Writes and reads cursors."""

    def __init__(self, secret_key: str) -> None:
        """Sign with the service's secret."""
        self._secret = secret_key

    def write(self, key: Key, list_name: str) -> str:
        """The cursor behind a row's key.

        Args:
            key: Of the page's last row.
            list_name: The list with its shop and filters, for which alone the
                cursor is good.
        """
        texts = [_text(part) for part in key]
        return str(self._serialiser(list_name).dumps(texts))

    def read(self, cursor: str, list_name: str, parse: Callable[[list[str]], Key]) -> Key:
        """The key in a cursor.

        Raises:
            InvalidCursor: It was not written for this list.
        """
        try:
            texts = self._serialiser(list_name).loads(cursor)
            return parse(texts)
        except (BadData, ValueError, TypeError) as error:
            raise InvalidCursor from error

    def _serialiser(self, list_name: str) -> URLSafeSerializer:
        return URLSafeSerializer(self._secret, salt=f"cursor {list_name}")


def _text(part: object) -> str:
    return part.isoformat() if isinstance(part, dt.date) else str(part)
