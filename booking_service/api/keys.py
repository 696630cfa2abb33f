"""The keys that an auth service publishes (RFC 7517)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import jwt
import structlog

from booking_service.errors import KeysUnavailable

LARGEST_ANSWER = 1 << 20
TIMEOUT_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class JwksKeys:
    """The published keys, fetched without blocking and kept through outages.

    Keys are fetched anew ahead of their time, beside the requests, which go on with
    those that are known; these outlive an outage of the issuer by a day. A token that
    names an unknown key has the keys fetched anew, but never twice within 30 seconds,
    whatever comes. A key that is no longer published is good no more.
    """

    FRESH_SECONDS = 300.0
    LIFE_SECONDS = 86_400.0
    REST_SECONDS = 30.0
    FIRST_REST_SECONDS = 2.0

    def __init__(self, url: str, *, timer: Callable[[], float] = time.monotonic) -> None:
        """Fetch from ``url``, later.

        Args:
            url: Of the key set.
            timer: Seconds since whenever, by which keys age.
        """
        self._url = url
        self._timer = timer
        self._keys: Mapping[str | None, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._refresh: asyncio.Task[None] | None = None

    async def find(self, kid: object) -> jwt.PyJWK | None:
        """The key with this id; a set of one key answers to no id, too.

        Raises:
            KeysUnavailable: No keys could be fetched, and none are known any more.
        """
        name = kid if isinstance(kid, str) else None
        age = self._timer() - self._fetched_at
        if age > self.LIFE_SECONDS:
            self._keys = {}
        if name not in self._keys:
            async with self._lock:
                if name not in self._keys:
                    await self._fetch()
        elif age > self.FRESH_SECONDS and (self._refresh is None or self._refresh.done()):
            self._refresh = asyncio.create_task(self._fetch())
        if not self._keys:
            raise KeysUnavailable
        return self._keys.get(name)

    async def _fetch(self) -> None:
        rest = self.REST_SECONDS if self._keys else self.FIRST_REST_SECONDS
        if self._timer() - self._tried_at < rest:
            return
        self._tried_at = self._timer()
        try:
            published = jwt.PyJWKSet.from_dict(await fetched("GET", self._url)).keys
        except Exception as error:  # noqa: BLE001 - the issuer may answer anything
            _log.error("keys not fetched", url=self._url, error=repr(error))
            return
        signing = [key for key in published if key.public_key_use in (None, "sig")]
        keys: dict[str | None, jwt.PyJWK] = {key.key_id: key for key in signing}
        if len(signing) == 1:
            keys[None] = signing[0]
        self._keys, self._fetched_at = keys, self._timer()


async def fetched(method: str, url: str, **options: Any) -> dict[str, Any]:
    """The JSON object that an auth service answers with, in time and within bounds.

    Raises:
        ValueError: The answer is larger than any that is needed, or no object.
        httpx.HTTPError: There is none, or it is a refusal.
    """
    async with (
        asyncio.timeout(TIMEOUT_SECONDS),
        httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as http,
        http.stream(method, url, **options) as answer,
    ):
        answer.raise_for_status()
        body = b""
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise ValueError("the answer is too large")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the answer is no JSON object")  # noqa: TRY004 - as it came
    return document
