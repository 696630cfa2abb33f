"""``booking-service token``."""

from __future__ import annotations

import datetime as dt

import click

from booking_service.api.tokens import LONGEST_SUBJECT, development_token
from booking_service.config import Settings
from booking_service.domain.actors import Role
from tenants.provisioning import require_slug


@click.command()
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--shop", metavar="SLUG", help="Needed for every role but platform.")
@click.option("--sub", metavar="SUB", help="Who bears it [demo-ROLE].")
@click.option("--ttl", metavar="MINUTES", type=click.IntRange(1, 525_600), default=1440)
def token(role: str, shop: str | None, sub: str | None, ttl: int) -> None:
    """Print a development token and nothing else."""
    settings = Settings.load()
    settings.require_secret()
    if settings.is_production:
        raise click.ClickException("There are no development tokens in production.")
    if shop is None and role != Role.PLATFORM:
        raise click.UsageError(f"--shop is needed for the role {role}.")
    if shop is not None:
        require_slug(shop)
    subject = f"demo-{role}" if sub is None else sub
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise click.UsageError(f"--sub must have 1 to {LONGEST_SUBJECT} characters.")
    text = development_token(
        settings,
        role=Role(role),
        shop=None if role == Role.PLATFORM else shop,
        subject=subject,
        ttl=dt.timedelta(minutes=ttl),
        now=dt.datetime.now(dt.UTC),
    )
    click.echo(text)
