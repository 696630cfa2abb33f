"""How much each bearer and each shop may ask for, and how many at once.

Counting is done by the library limits, with a sliding window of two counters; what is
told is in the form of the IETF's draft for RateLimit header fields.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.types import Scope

from booking_service.config import Settings
from booking_service.errors import ShopBusy, TooManyRequests

# In the request's state: the fields of its answer that tell about quotas, and whose
# share of the threads it takes.
HEADERS, SHOP = "booking_service.quotas", "booking_service.shop"
# Behind the slowest statement nobody waits for another's turn.
LONGEST_TURN_SECONDS = 10.0
Claims = Mapping[str, Any]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Quota:
    """What one of a kind may ask for in a window."""

    kind: str
    limit: RateLimitItem

    @property
    def policy(self) -> str:
        return f'"{self.kind}";q={self.limit.amount};w={self.limit.get_expiry()}'


class Quotas:
    """Counts requests by bearer and by shop, and refuses those beyond.

    Where the counts are kept elsewhere and that cannot be reached, this process counts
    for itself.
    """

    def __init__(self, settings: Settings) -> None:
        """Count as the settings say; nothing is connected yet."""
        self._quotas = [
            _Quota(kind, parse(text))
            for kind, text in (
                ("subject", settings.rate_limit_per_subject),
                ("shop", settings.rate_limit_per_shop),
            )
            if text is not None
        ]
        own = SlidingWindowCounterRateLimiter(MemoryStorage())
        url = settings.rate_limit_storage
        self._shared = _redis(url) if url is not None else None
        self._strategies = [own]
        if self._shared is not None:
            self._strategies.insert(0, SlidingWindowCounterRateLimiter(self._shared))

    async def spend(self, claims: Claims, scope: Scope) -> None:
        """Count a request of a verified token, and leave word for its answer.

        Raises:
            TooManyRequests: The bearer or its shop has asked for too much.
        """
        shop = (str(claims["iss"]), str(claims.get("shop")))
        state = scope.setdefault("state", {})
        if claims.get("shop") is not None:
            state[SHOP] = shop
        told = []
        for quota in self._quotas:
            if quota.kind == "shop" and claims.get("shop") is None:
                continue  # the platform's
            name = (*shop, str(claims["sub"])) if quota.kind == "subject" else shop
            passed, left, rest = await self._count(quota.limit, name)
            told.append(f'"{quota.kind}";r={left};t={rest}')
            policies = ", ".join(each.policy for each in self._quotas)
            state[HEADERS] = [
                (b"ratelimit-policy", policies.encode()),
                (b"ratelimit", ", ".join(told).encode()),
            ]
            if not passed:
                raise TooManyRequests(quota.kind, rest)

    async def close(self) -> None:
        """Leave the store where counts are shared; the event loop is about to end."""
        if self._shared is not None:
            bridge: Any = self._shared.bridge  # which each kind of client has its own of
            await bridge.get_connection().aclose()

    async def _count(
        self, limit: RateLimitItem, name: tuple[str, ...]
    ) -> tuple[bool, int, int]:
        """Whether one more may pass, how many are left, and for how many seconds."""
        for strategy in self._strategies[:-1]:
            try:
                return await _counted(strategy, limit, name)
            except Exception as error:  # noqa: BLE001 - a store may fail in any way
                _log.warning("quotas not shared", error=type(error).__name__)
        return await _counted(self._strategies[-1], limit, name)


async def _counted(
    strategy: SlidingWindowCounterRateLimiter, limit: RateLimitItem, name: tuple[str, ...]
) -> tuple[bool, int, int]:
    passed = await strategy.hit(limit, *name)
    stats = await strategy.get_window_stats(limit, *name)
    return passed, stats.remaining, max(1, math.ceil(stats.reset_time - time.time()))


def _redis(url: str) -> RedisStorage:
    return RedisStorage(
        url,
        implementation="redispy",
        key_prefix="booking-service",
        socket_timeout=0.5,
        socket_connect_timeout=0.5,
    )


class Turns:
    """Lets each shop have only some of the threads, so that none has all of them.

    Who waits for a turn waits on the event loop, and takes nothing from others.
    """

    def __init__(self, each: int, *, wait: float = LONGEST_TURN_SECONDS) -> None:
        """Give turns.

        Args:
            each: How many a shop may have at once.
            wait: For how many seconds one is waited for.
        """
        self._each = each
        self._wait = wait
        self._of: dict[object, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def turn(self, shop: object) -> AsyncIterator[None]:
        """Wait for a turn of a shop, and have it inside; None is nobody's and passes.

        Raises:
            ShopBusy: None came in time.
        """
        if shop is None:
            yield
            return
        semaphore, users = self._of.get(shop, (asyncio.Semaphore(self._each), 0))
        self._of[shop] = semaphore, users + 1
        try:
            try:
                async with asyncio.timeout(self._wait):
                    await semaphore.acquire()
            except TimeoutError as error:
                raise ShopBusy from error
            try:
                yield
            finally:
                semaphore.release()
        finally:
            semaphore, users = self._of[shop]
            if users == 1:
                del self._of[shop]
            else:
                self._of[shop] = semaphore, users - 1
