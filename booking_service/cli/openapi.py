"""``booking-service openapi``."""

from __future__ import annotations

import json

import click

from booking_service.api.contract import contract


@click.command()
def openapi() -> None:
    """Print the whole contract as JSON, as it is served at /openapi.json."""
    click.echo(json.dumps(contract(), indent=2, ensure_ascii=False))
