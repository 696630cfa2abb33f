"""What has to be forgotten in time, seen to shop by shop."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable

from booking_service.repositories import holds
from booking_service.services import idempotency
from booking_service.services.platform_shops import PlatformShops
from tenants.database import BoundShop, Database
from tenants.errors import ShopUnknown
from tenants.registry import all_shops, bound

ROUND = dt.timedelta(hours=1)


class Housekeeping:
    """Prunes what is kept for a while only.

    Goes round all shops once an hour, one at each step, so that ten thousand of
    them are no burst. Several may do so at once: who comes second finds nothing.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], dt.datetime],
        shops: PlatformShops | None = None,
    ) -> None:
        """Take what is needed; the first round begins with the first step.

        Args:
            database: The cells.
            clock: The service's.
            shops: Purges those that were deleted; None: somebody else does.
        """
        self._shops = shops
        self._database = database
        self._clock = clock
        self._waiting: deque[BoundShop] = deque()
        self._next_round: dt.datetime | None = None

    def step(self) -> bool:
        """See to the next shop; False if it is time for none."""
        now = self._clock()
        if not self._waiting and not self._begin_round(now):
            return False
        if self._waiting:
            shop = self._waiting.popleft()
            try:
                with self._database.shop_transaction(shop) as session:
                    idempotency.prune(session, now=now)
                    holds.prune(session, now=now)
            except ShopUnknown:
                pass  # deleted since the round began
        return True

    def _begin_round(self, now: dt.datetime) -> bool:
        if self._next_round is not None and now < self._next_round:
            return False
        with self._database.control_transaction() as session:
            idempotency.prune(session, now=now)
            self._waiting.extend(bound(record) for record in all_shops(session))
        self._next_round = now + ROUND
        if self._shops is not None:
            self._shops.purge(now=now)
        return True
