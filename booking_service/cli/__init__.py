"""The command line: ``booking-service``."""

from __future__ import annotations

import click
from sqlalchemy.exc import SQLAlchemyError

from booking_service.cli import migrate, openapi, permissions, serve, shops, token
from booking_service.config import ConfigurationError
from booking_service.errors import BookingServiceError
from booking_service.localdb import LocalDatabaseError
from tenants.errors import TenancyError
from tenants.roles import UnsafeLogin

EXPECTED = (
    BookingServiceError,
    ConfigurationError,
    LocalDatabaseError,
    TenancyError,
    UnsafeLogin,
)


class Commands(click.Group):
    """Says what went wrong in a sentence, where that is known."""

    def invoke(self, context: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(context)
        except EXPECTED as error:
            raise click.ClickException(getattr(error, "detail", str(error))) from error
        except (SQLAlchemyError, OSError) as error:
            raise click.ClickException(str(error).splitlines()[0]) from error


@click.group(cls=Commands)
def main() -> None:
    """Appointments for many shops."""


main.add_command(serve.serve)
main.add_command(serve.relay)
main.add_command(shops.shops)
main.add_command(migrate.migrate)
main.add_command(token.token)
main.add_command(openapi.openapi)
main.add_command(permissions.permissions)
