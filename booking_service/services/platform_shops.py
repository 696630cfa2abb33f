"""The platform's view of shops: the same code behind the API and the command line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session

from booking_service.errors import RequestInFlight
from booking_service.models import ShopSettings
from booking_service.repositories.paging import Page, PageRequest
from booking_service.repositories.shop import settings as shop_settings
from booking_service.services import idempotency
from booking_service.services.changes import Guard, unguarded
from booking_service.services.idempotency import Attempt, Reply
from tenants.database import BoundShop, Database
from tenants.errors import ShopNotFound, SlugInUse
from tenants.models import ShopRecord, Status
from tenants.provisioning import Provisioner
from tenants.registry import (
    Registry,
    deleted_shops,
    find_by_any_slug,
    page_of_shops,
    require_by_slug,
    set_name_and_timezone,
)


def first_rows(connection: Connection, record: ShopRecord) -> None:
    """Write a new shop's settings, as the tables' owner."""
    values = {"id": 1, "name": record.name, "timezone": record.timezone, "version": 1}
    connection.execute(insert(ShopSettings), [values])


class PlatformShops:
    """Makes, lists, suspends, resumes and deletes shops."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        provisioner: Provisioner,
        *,
        grace: dt.timedelta,
    ) -> None:
        """Take the parts of the control plane.

        Args:
            database: The cells.
            registry: To be told of what changes.
            provisioner: Makes and ends shops.
            grace: How long a deleted shop can be restored.
        """
        self._grace = grace
        self._database = database
        self._registry = registry
        self._provisioner = provisioner

    def create(self, *, slug: str, name: str, timezone: str, issuer: str) -> ShopRecord:
        """Make a shop.

        Raises:
            InvalidShop: The slug or the zone is malformed.
            SlugInUse: The slug is or was another shop's.
        """
        return self._provisioner.create(
            slug=slug, name=name, timezone=timezone, issuer=issuer
        )

    def create_once(
        self,
        attempt: Attempt,
        *,
        slug: str,
        name: str,
        timezone: str,
        issuer: str,
        answer: Callable[[ShopRecord], Reply],
        now: dt.datetime,
    ) -> Reply:
        """Make a shop, or answer as the first time it was asked for.

        The key is kept with the shop's first row and the answer with what opens
        the shop, so that a shop whose making was cut off is finished by a retry.

        Args:
            attempt: The request, as one that may come again.
            slug: What its tokens call it.
            name: What people call it.
            timezone: An IANA name.
            issuer: Whose tokens may enter it.
            answer: Says what to answer.
            now: The request's instant.

        Raises:
            InvalidShop: The slug or the zone is malformed.
            SlugInUse: The slug is or was another shop's.
            KeyReused: The key was used for another request.
            RequestInFlight: The same request is being done at this moment.
        """

        def reserve(session: Session, record: ShopRecord) -> None:
            if not idempotency.reserve(session, attempt, now=now):
                raise SlugInUse(record.slug)

        def keep(session: Session, record: ShopRecord) -> None:
            idempotency.keep(session, attempt, answer(record), now=now)

        kept = self._find(attempt, now)
        if kept is not None:
            return kept
        try:
            record = self._provisioner.create(
                slug=slug,
                name=name,
                timezone=timezone,
                issuer=issuer,
                at_first=reserve,
                at_last=keep,
            )
        except SlugInUse:
            return self._made_already(attempt, slug, answer, now)
        return answer(record)

    def _made_already(
        self,
        attempt: Attempt,
        slug: str,
        answer: Callable[[ShopRecord], Reply],
        now: dt.datetime,
    ) -> Reply:
        """The answer to a request whose slug is taken, if it was taken for it.

        Raises:
            SlugInUse: It was not.
            RequestInFlight: The shop is just being made.
        """
        with self._database.control_transaction() as session:
            kept = idempotency.find(session, attempt, now=now)
            if kept is not None:
                return kept
            record = find_by_any_slug(session, slug)
            if record is None or not idempotency.is_reserved(session, attempt, now=now):
                raise SlugInUse(slug)
            if record.status == Status.PROVISIONING:
                raise RequestInFlight
            if record.status == Status.DELETED:
                raise SlugInUse(slug)
            reply = answer(record)
            idempotency.keep(session, attempt, reply, now=now)
            return reply

    def _find(self, attempt: Attempt, now: dt.datetime) -> Reply | None:
        with self._database.control_transaction() as session:
            return idempotency.find(session, attempt, now=now)

    def get(self, slug: str, *, issuer: str | None = None) -> ShopRecord:
        """One shop.

        Args:
            slug: Which.
            issuer: Whose shops alone may be seen; None: everyone's.

        Raises:
            ShopNotFound: There is none with this slug that may be seen.
        """
        with self._database.control_transaction() as session:
            return _of_issuer(require_by_slug(session, slug), issuer)

    def page(self, page: PageRequest, *, issuer: str | None = None) -> Page[ShopRecord]:
        """Shops by slug, of one issuer or of all."""
        after = str(page.after[0]) if page.after else None
        with self._database.control_transaction() as session:
            rows = page_of_shops(session, after=after, limit=page.limit + 1, issuer=issuer)
        items = rows[: page.limit]
        more = len(rows) > page.limit
        return Page(items, (items[-1].slug,) if more else None)

    def update(
        self,
        slug: str,
        *,
        status: Status | None = None,
        new_slug: str | None = None,
        issuer: str | None = None,
        guard: Guard[ShopRecord] = unguarded,
    ) -> ShopRecord:
        """Suspend, resume or rename a shop, or leave it as it is.

        Args:
            slug: Which.
            status: What it is to be; None: what it is.
            new_slug: What its tokens are to call it; None: as before.
            issuer: Whose shops alone may be changed; None: everyone's.
            guard: May refuse, before anything is changed.

        Raises:
            ShopNotFound: There is none with this slug that may be seen.
            SlugInUse: The new slug is or was another shop's.
        """
        record = self._provisioner.update(
            slug,
            status=status,
            new_slug=new_slug,
            guard=lambda _, record: guard(_of_issuer(record, issuer)),
        )
        self._registry.forget()
        return record

    def delete(
        self,
        slug: str,
        *,
        now: dt.datetime,
        issuer: str | None = None,
        guard: Guard[ShopRecord] = unguarded,
    ) -> None:
        """End a shop; its data is purged when the time of grace is over.

        Args:
            slug: Which.
            now: From when on the time counts.
            issuer: Whose shops alone may be ended; None: everyone's.
            guard: May refuse, before anything is changed.

        Raises:
            ShopNotFound: There is none with this slug that may be seen.
        """
        self._provisioner.delete(
            slug,
            purge_after=now + self._grace,
            guard=lambda _, record: guard(_of_issuer(record, issuer)),
        )
        self._registry.forget()

    def restore(self, slug: str) -> ShopRecord:
        """Take back a deletion; the shop is suspended, and may have to be migrated.

        Raises:
            ShopNotFound: It is not deleted, or gone already.
        """
        record = self._provisioner.restore(slug)
        self._registry.forget()
        return record

    def purge(self, *, now: dt.datetime | None) -> Sequence[str]:
        """Remove all that deleted shops had; their slugs.

        Args:
            now: Those whose time of grace is over by then; None: all that are deleted.

        Raises:
            ProvisioningUnavailable: There are some, and this process has no admin login.
        """
        with self._database.control_transaction() as session:
            gone = deleted_shops(session, purge_by=now)
        for record in gone:
            self._provisioner.purge(record)
        return [record.slug for record in gone]

    def repeat_settings(self, shop: BoundShop) -> None:
        """Let the platform's lists follow what the shop says of itself.

        The shop's own row is the truth and is written first; if this is cut off
        the next change of the settings makes up for it. Whoever writes looks once
        more, so that of several the last one to write has written the truth.
        """
        written = None
        while (told := self._told_by(shop)) != written:
            with self._database.control_transaction() as session:
                set_name_and_timezone(
                    session, shop_id=shop.id, name=told[0], timezone=told[1]
                )
            written = told

    def _told_by(self, shop: BoundShop) -> tuple[str, str]:
        with self._database.shop_transaction(shop) as session:
            settings = shop_settings(session)
            return settings.name, settings.timezone


def _of_issuer(record: ShopRecord, issuer: str | None) -> ShopRecord:
    """The shop, if it is the issuer's own; None is everyone.

    Raises:
        ShopNotFound: It is another's.
    """
    if issuer not in (None, record.issuer):
        raise ShopNotFound
    return record
