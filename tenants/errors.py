"""What the control plane refuses.

::

    TenancyError
    ├── ShopUnknown            403  the token's shop is not here, or not its issuer's
    ├── ShopSuspended          403  the shop is closed to its users
    ├── ShopNotFound           404  the platform names a shop that is not there
    ├── SlugInUse              409  a slug names one shop for ever
    ├── InvalidShop            400  a slug or zone that cannot be
    ├── ProvisioningUnavailable 503  this process may not make shops
    └── NotMigrated            503  there is no control plane in the database yet
"""

from __future__ import annotations

from typing import ClassVar


class TenancyError(Exception):
    """Base of everything the control plane refuses.

    Attributes:
        status: The HTTP status it becomes.
        type: The problem type, a path of this service (RFC 9457).
        title: What the type means, in a few words.
    """

    status: ClassVar[int]
    type: ClassVar[str]
    title: ClassVar[str]

    @property
    def detail(self) -> str:
        """What happened this time, for the one who asked."""
        return str(self)


class ShopUnknown(TenancyError):
    """The token names no shop that it may enter."""

    status, type, title = 403, "/problems/shop-unknown", "The token opens no shop"

    def __init__(self) -> None:
        """Say the same for every cause, so that nobody can search for shops."""
        super().__init__("The token's issuer and shop claim name no shop here.")


class ShopSuspended(TenancyError):
    """The shop is suspended by the platform."""

    status, type, title = 403, "/problems/shop-suspended", "The shop is suspended"

    def __init__(self) -> None:
        """Name no shop: the token already does."""
        super().__init__("The platform has suspended this shop.")


class ShopNotFound(TenancyError):
    """The platform asked for a shop that does not exist."""

    status, type, title = 404, "/problems/not-found", "Not found"

    def __init__(self) -> None:
        """Say the same for every slug."""
        super().__init__("There is no such shop.")


class SlugInUse(TenancyError):
    """The slug names, or once named, another shop."""

    status, type, title = 409, "/problems/slug-in-use", "The slug is in use"

    def __init__(self, slug: str) -> None:
        """Name the slug."""
        super().__init__(f"The slug {slug!r} is or was another shop's.")


class InvalidShop(TenancyError):
    """A member of a new shop is malformed."""

    status, type, title = 400, "/problems/invalid-input", "The input is invalid"

    def __init__(self, member: str, reason: str) -> None:
        """Name the member and what is wrong with it."""
        super().__init__(f"{member}: {reason}")
        self.errors = [{"pointer": f"/{member}", "detail": reason}]


class ProvisioningUnavailable(TenancyError):
    """The process has no login that may create shops."""

    status, type = 503, "/problems/provisioning-unavailable"
    title = "Shops cannot be made here"

    def __init__(self) -> None:
        """Point the operator at the setting."""
        super().__init__("ADMIN_DATABASE_URL is not set for this process.")


class NotMigrated(TenancyError):
    """The database has not been prepared for the service."""

    status, type = 503, "/problems/not-migrated"
    title = "The database is not prepared"

    def __init__(self) -> None:
        """Tell the operator what to run."""
        super().__init__("There is no control plane here: run booking-service migrate.")
