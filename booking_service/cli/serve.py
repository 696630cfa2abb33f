"""``booking-service serve`` and ``booking-service relay``."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from booking_service import app, logs
from booking_service.app import Parts, assemble
from booking_service.cli.database import connected, started
from booking_service.cli.demo import introduce, seed
from booking_service.cli.http import listening
from booking_service.cli.migrate import bring_to_head
from booking_service.cli.workers import (
    GRACE_SECONDS,
    end_stuck_threads,
    serve_alone,
    serve_together,
)
from booking_service.config import Settings
from tenants.roles import refuse_unsafe_login


@click.command()
@click.option("--demo", is_flag=True, help="Make demo shops and tell how to use them.")
def serve(*, demo: bool) -> None:
    """Serve the API; in development with database, migrations and relay in one."""
    settings = Settings.load()
    if demo and settings.is_production:
        raise click.UsageError("--demo is for development.")
    settings.require_servable()
    logs.configure()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _leave)
    with listening(settings) as listener, started(settings) as ready:
        parts = assemble(ready)
        try:
            _prepare(parts, demo=demo)
            with _relaying(parts):
                _serve(parts, listener, demo=demo)
        finally:
            parts.database.dispose()
    end_stuck_threads()


@click.command()
def relay() -> None:
    """Deliver events and see to what is due, until stopped."""
    logs.configure()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    with connected(Settings.load()) as parts:
        _require_sound(parts)
        app.relay(parts).run(stop)


def _prepare(parts: Parts, *, demo: bool) -> None:
    if not parts.settings.is_production:
        bring_to_head(parts)
    _require_sound(parts)
    if demo:
        seed(parts)


def _require_sound(parts: Parts) -> None:
    """Refuse a login that could do harm, and a database that is not prepared."""
    with parts.database.main.engine.connect() as connection:
        refuse_unsafe_login(connection, parts.database.main.login)
    with parts.database.control_transaction():
        pass


@contextmanager
def _relaying(parts: Parts) -> Iterator[None]:
    """Run the relay beside a development server; in production it is a process."""
    if parts.settings.is_production:
        yield
        return
    stop = threading.Event()
    run = app.relay(parts).run
    worker = threading.Thread(target=run, args=(stop,), name="relay", daemon=True)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(GRACE_SECONDS)


def _serve(parts: Parts, listener: socket.socket, *, demo: bool) -> None:
    host, port = listener.getsockname()[:2]
    address = f"http://{host}:{port}"
    words = [*introduce(parts, address)] if demo else []
    introduction = "\n".join([*words, f"Ready: {address}"])
    if parts.settings.workers == 1:
        serve_alone(parts, listener, introduction)
    else:
        serve_together(parts.settings, listener, introduction)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
