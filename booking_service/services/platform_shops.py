"""The platform's view of shops: the same code behind the API and the command line."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from booking_service.models import ShopSettings
from booking_service.repositories.paging import Page, PageRequest
from tenants.database import Database
from tenants.models import ShopRecord, Status
from tenants.provisioning import Provisioner
from tenants.registry import (
    Registry,
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
        self, database: Database, registry: Registry, provisioner: Provisioner
    ) -> None:
        """Take the parts of the control plane."""
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

    def get(self, slug: str) -> ShopRecord:
        """One shop.

        Raises:
            ShopNotFound: There is none with this slug.
        """
        with self._database.control_transaction() as session:
            return require_by_slug(session, slug)

    def page(self, page: PageRequest) -> Page[ShopRecord]:
        """Shops by slug."""
        after = str(page.after[0]) if page.after else None
        with self._database.control_transaction() as session:
            rows = page_of_shops(session, after=after, limit=page.limit + 1)
        items = rows[: page.limit]
        more = len(rows) > page.limit
        return Page(items, (items[-1].slug,) if more else None)

    def set_status(self, slug: str, status: Status) -> ShopRecord:
        """Suspend or resume a shop.

        Raises:
            ShopNotFound: There is none with this slug.
        """
        record = self._provisioner.set_status(slug, status)
        self._registry.forget()
        return record

    def delete(self, slug: str) -> None:
        """End a shop and all its data.

        Raises:
            ShopNotFound: There is none with this slug.
        """
        self._provisioner.delete(slug)
        self._registry.forget()

    def repeat_settings(self, shop_slug: str, settings: ShopSettings) -> None:
        """Let the platform's lists follow what the shop says of itself.

        The shop's own row is the truth and is written first; if this is cut off
        the next change of the settings makes up for it.
        """
        with self._database.control_transaction() as session:
            record = require_by_slug(session, shop_slug)
            set_name_and_timezone(
                session,
                shop_id=record.id,
                name=settings.name,
                timezone=settings.timezone,
            )
