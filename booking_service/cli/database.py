"""Which database a command works on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import structlog

from booking_service import localdb
from booking_service.app import Parts, assemble
from booking_service.config import Settings
from booking_service.localdb import LocalServer, Logins

_log = structlog.get_logger(__name__)


def _with_logins(settings: Settings, logins: Logins) -> Settings:
    return replace(settings, database_url=logins.app, admin_database_url=logins.admin)


@contextmanager
def started(settings: Settings) -> Iterator[Settings]:
    """Settings with a database: the given one, or an embedded one that we start."""
    if settings.database_url is not None:
        yield settings
        return
    server = localdb.start(settings.data_dir)
    stopping = threading.Event()
    threading.Thread(target=_follow, args=(server, stopping), daemon=True).start()
    try:
        yield _with_logins(settings, server.logins)
    finally:
        stopping.set()
        server.stop()


def _follow(server: LocalServer, stopping: threading.Event) -> None:
    """End this process if the embedded server ends before it."""
    server.supervisor.wait()
    if not stopping.is_set():
        _log.error("the embedded PostgreSQL has ended")
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def connected(settings: Settings) -> Iterator[Parts]:
    """The parts on the given database, or on the embedded one.

    If an embedded server runs on the data folder it is used, else one is
    started for as long as the command takes.
    """
    running = localdb.attach(settings.data_dir) if settings.database_url is None else None
    if running is not None:
        settings = _with_logins(settings, running)
    with started(settings) as ready:
        parts = assemble(ready)
        try:
            yield parts
        finally:
            parts.database.dispose()
