"""A shop's rules, remembered as long as they hold.

Every change of a rule raises the shop's counter of rules, in the change's own
transaction. Rules that were read after the counter showed a number are the rules of
that number, or newer ones which its next reader will not take for them.
"""

from __future__ import annotations

import datetime as dt
import threading
import uuid

from cachetools import TTLCache
from sqlalchemy.orm import Session

from booking_service.domain.rules import ServiceRules, ShopRules
from booking_service.errors import NotFound
from booking_service.repositories import rules
from booking_service.repositories.counters import UNSETTLED

# Rules whose time is over are kept this long, for windows that begin in the past.
PAST = dt.timedelta(days=5)


class Rulebook:
    """Remembers the rules of the shops that were asked for last."""

    SHOPS = 1000
    # What is changed behind the service's back is seen after this time.
    SECONDS = 60.0

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: TTLCache[uuid.UUID, tuple[int, ShopRules]] = TTLCache(
            self.SHOPS, self.SECONDS
        )
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Know nothing again, like a process that has just begun."""
        with self._lock:
            self._known.clear()

    def rules(self, session: Session, *, counter: int, now: dt.datetime) -> ShopRules:
        """The rules of the shop to which a transaction is pinned.

        Args:
            session: The transaction.
            counter: What the counter of rules showed, in this transaction.
            now: The request's instant.
        """
        if session.info.get(UNSETTLED):
            return rules.load(session, since=now - 2 * PAST)
        shop: uuid.UUID = session.info["shop"].id
        with self._lock:
            known = self._known.get(shop)
        if known is not None and known[0] == counter and _reaches_back(known[1], now):
            return known[1]
        found = rules.load(session, since=now - 2 * PAST)
        with self._lock:
            self._known[shop] = counter, found
        return found


def _reaches_back(known: ShopRules, now: dt.datetime) -> bool:
    return known.since <= now - PAST


RULEBOOK = Rulebook()


def require_service(known: ShopRules, service_id: uuid.UUID) -> ServiceRules:
    """The service.

    Raises:
        NotFound: There is none with this id, or no more.
    """
    service = known.services.get(service_id)
    if service is None or service.deleted:
        raise NotFound("service")
    return service


def require_providers(known: ShopRules, *provider_ids: uuid.UUID) -> None:
    """Make sure that all these providers exist.

    Raises:
        NotFound: One does not.
    """
    if not known.providers.issuperset(provider_ids):
        raise NotFound("provider")
