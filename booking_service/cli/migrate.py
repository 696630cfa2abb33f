"""``booking-service migrate``."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from booking_service.app import Parts
from booking_service.cli.database import connected
from booking_service.config import Settings
from tenants.database import become
from tenants.errors import ShopNotFound
from tenants.migrate import migrate_control, migrate_shops
from tenants.models import ShopRecord


@click.command()
@click.option("--shop", metavar="SLUG", help="Only this shop.")
@click.option(
    "--check",
    is_flag=True,
    help="Change nothing: compare the models with what the migrations make.",
)
def migrate(shop: str | None, *, check: bool) -> None:
    """Bring the control plane and every shop to the newest revision."""
    settings = Settings.load()
    if check:
        check_models(settings)
        return
    with connected(settings) as parts:
        failed = bring_to_head(parts, shop)
    if failed:
        sys.exit(1)


def bring_to_head(parts: Parts, slug: str | None = None) -> int:
    """Migrate all, tell what changed or failed, and count the failures."""

    def wanted(record: ShopRecord) -> bool:
        return slug in (None, record.slug)

    for cell in parts.database.cells.values():
        migrate_control(cell, parts.migrations)
    outcomes = list(migrate_shops(parts.database, parts.migrations, only=wanted))
    if slug is not None and not outcomes:
        raise ShopNotFound
    for outcome in outcomes:
        if outcome.error is not None:
            click.echo(f"{outcome.slug}: failed: {outcome.error}", err=True)
        elif outcome.changed:
            click.echo(f"{outcome.slug}: now at {outcome.revision}", err=True)
    failed = sum(outcome.error is not None for outcome in outcomes)
    if outcomes:
        click.echo(f"{len(outcomes) - failed} shops at the head, {failed} failed", err=True)
    return failed


def check_models(settings: Settings) -> None:
    """Run ``alembic check`` for both sections in a database made for it."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = replace(settings, database_url=None, data_dir=Path(folder))
        with connected(scratch) as parts:
            cell = parts.database.main
            migrate_control(cell, parts.migrations)
            record = parts.shops.create(
                slug="check", name="Check", timezone="UTC", issuer="check"
            )
            with cell.admin_transaction(as_owner=True) as connection:
                parts.migrations.check("control", connection)
                become(connection, cell.roles.owner, record.schema)
                parts.migrations.check("shop", connection)
