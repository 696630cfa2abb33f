"""Asking the auth service whether a token was revoked (RFC 7662)."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from cachetools import TTLCache

from booking_service.api.keys import fetched
from booking_service.errors import KeysUnavailable, Unauthenticated
from booking_service.issuers import Introspection

_log = structlog.get_logger(__name__)


class Revocation:
    """Asks for each token that is good otherwise.

    That a token is active is remembered by the verifier around this one; that it is
    not, here: together for less than a minute.
    """

    REMEMBERED = 10_000
    SECONDS = 25.0

    def __init__(
        self, settings: Introspection, *, timer: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask the endpoint of the settings."""
        self._settings = settings
        self._inactive: TTLCache[bytes, bool] = TTLCache(
            self.REMEMBERED, self.SECONDS, timer=timer
        )

    async def require_active(self, token: str, name: bytes) -> None:
        """Refuse a token that was revoked.

        Args:
            token: Good otherwise.
            name: A digest of it.

        Raises:
            Unauthenticated: The auth service says that it is active no more.
            KeysUnavailable: It cannot be asked.
        """
        if name not in self._inactive:
            try:
                answer = await fetched(
                    "POST",
                    self._settings.url,
                    data={"token": token, "token_type_hint": "access_token"},
                    auth=(self._settings.client_id, self._settings.client_secret),
                )
            except Exception as error:  # noqa: BLE001 - it may answer anything
                # Not the error itself, whose request bears the token.
                _log.error("token not introspected", error=type(error).__name__)
                raise KeysUnavailable from None
            if answer.get("active") is True:
                return
            self._inactive[name] = True
        raise Unauthenticated("The token was revoked.")
