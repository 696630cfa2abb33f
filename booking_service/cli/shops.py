"""``booking-service shops``."""

from __future__ import annotations

import click

from booking_service.cli.database import connected
from booking_service.cli.migrate import bring_to_head
from booking_service.config import Settings
from booking_service.repositories.paging import PageRequest
from booking_service.services.attention import flag_shifted
from tenants.models import Status
from tenants.registry import all_shops, bound

PAGE = 200


@click.group()
def shops() -> None:
    """Make, list, suspend, resume and delete shops."""


@shops.command()
@click.argument("slug")
@click.option("--name", help="What people call it [the slug].")
@click.option("--timezone", required=True, help="An IANA name, like Europe/Berlin.")
@click.option("--issuer", help="Whose tokens may enter it [AUTH_ISSUER].")
def create(slug: str, name: str | None, timezone: str, issuer: str | None) -> None:
    """Make a shop, or finish making one that was cut off."""
    settings = Settings.load()
    with connected(settings) as parts:
        record = parts.shops.create(
            slug=slug,
            name=name or slug,
            timezone=timezone,
            issuer=issuer or settings.auth_issuer,
        )
    click.echo(f"{record.slug} is {record.status}.")


@shops.command(name="list")
def list_() -> None:
    """List shops, one a line: slug, status, zone, name."""
    with connected(Settings.load()) as parts:
        page = parts.shops.page(PageRequest(PAGE))
        while True:
            for record in page.items:
                click.echo(
                    "\t".join(
                        (
                            record.slug,
                            record.status,
                            record.timezone,
                            record.name,
                        )
                    )
                )
            if page.next_key is None:
                break
            page = parts.shops.page(PageRequest(PAGE, page.next_key))


@shops.command()
@click.argument("slug")
def suspend(slug: str) -> None:
    """Close a shop to its users; nothing is lost."""
    _set_status(slug, Status.SUSPENDED)


@shops.command()
@click.argument("slug")
def resume(slug: str) -> None:
    """Open a suspended shop again."""
    _set_status(slug, Status.ACTIVE)


@shops.command()
@click.argument("slug")
@click.argument("new_slug")
def rename(slug: str, new_slug: str) -> None:
    """Give a shop another slug; tokens that name a former one are good still."""
    with connected(Settings.load()) as parts:
        record = parts.shops.update(slug, new_slug=new_slug)
    click.echo(f"{slug} is {record.slug} now.")


@shops.command()
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(slug: str, *, yes: bool) -> None:
    """End a shop; its data is purged after SHOP_GRACE_DAYS, its slug stays taken."""
    if not yes:
        click.confirm(f"Delete {slug}?", abort=True)
    with connected(Settings.load()) as parts:
        parts.shops.delete(slug, now=parts.clock())
    click.echo(f"{slug} is deleted.")


@shops.command()
@click.argument("slug")
def restore(slug: str) -> None:
    """Take back the deletion of a shop, and bring its tables up to date."""
    with connected(Settings.load()) as parts:
        record = parts.shops.restore(slug)
        if bring_to_head(parts, record.slug):
            raise click.ClickException(f"{record.slug} is suspended: migrate it first.")
        record = parts.shops.update(record.slug, status=Status.ACTIVE)
    click.echo(f"{record.slug} is {record.status}.")


@shops.command()
@click.option("--all", "everything", is_flag=True, help="Grant no grace.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(*, everything: bool, yes: bool) -> None:
    """Remove for good what deleted shops had, once their time of grace is over."""
    if everything and not yes:
        click.confirm("Purge all deleted shops now?", abort=True)
    with connected(Settings.load()) as parts:
        gone = parts.shops.purge(now=None if everything else parts.clock())
    for slug in gone:
        click.echo(f"{slug} is gone.")


@shops.command(name="check-zones")
def check_zones() -> None:
    """Flag bookings whose local start is not what it was, after a change of tzdata."""
    with connected(Settings.load()) as parts:
        with parts.database.control_transaction() as session:
            found = [bound(record) for record in all_shops(session)]
        for shop in found:
            with parts.database.shop_transaction(shop) as session:
                flagged = flag_shifted(session, now=parts.clock())
            if flagged:
                click.echo(f"{shop.slug}: {flagged}")
    click.echo(f"{len(found)} shops checked.")


def _set_status(slug: str, status: Status) -> None:
    with connected(Settings.load()) as parts:
        record = parts.shops.update(slug, status=status)
    click.echo(f"{record.slug} is {record.status}.")
