"""One process that serves, or several that share a socket."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
import time
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from booking_service import logs
from booking_service.app import Parts, create_app
from booking_service.cli.http import Http
from booking_service.config import Settings

KEEP_ALIVE_SECONDS = 30
GRACE_SECONDS = 20


def serve_alone(parts: Parts, listener: socket.socket, introduction: str) -> None:
    """Serve in this process until it is told to stop."""
    config = _config(create_app(parts.settings, parts=parts))
    spare_the_collector()
    _Server(config, introduction).run(sockets=[listener])


def serve_together(settings: Settings, listener: socket.socket, introduction: str) -> None:
    """Serve in as many processes as the settings say; one that dies is replaced.

    Args:
        settings: With the database's URLs, which the processes are told.
        listener: Shared by all of them.
        introduction: Printed when they are there.
    """
    for name, url in (
        ("DATABASE_URL", settings.database_url),
        ("ADMIN_DATABASE_URL", settings.admin_database_url),
    ):
        if url is not None:
            os.environ[name] = url
    config = _config("booking_service.cli.workers:worker", workers=settings.workers)
    _Workers(config, [listener], introduction).run()


def worker() -> ASGIApp:
    """The application of one of several processes, told by the environment."""
    logs.configure()
    app = create_app(Settings.load())
    spare_the_collector()
    return app


def spare_the_collector() -> None:
    """Keep what was built at the start out of every later garbage collection."""
    gc.collect()
    gc.freeze()


def end_stuck_threads() -> None:
    """Leave although a handler still waits for a database that does not answer."""
    deadline = time.monotonic() + GRACE_SECONDS
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                os._exit(1)


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, introduction: str) -> None:
        super().__init__(config)
        self._introduction = introduction

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            print(self._introduction, flush=True)


class _Workers(Multiprocess):
    """Says when all of them are ready."""

    def __init__(
        self, config: uvicorn.Config, sockets: list[socket.socket], introduction: str
    ) -> None:
        super().__init__(config, sockets)
        self._introduction = introduction

    def init_processes(self) -> None:
        super().init_processes()
        ready = [
            process.wait_until_ready(GRACE_SECONDS, self.should_exit)
            for process in self.processes
        ]
        if all(ready):
            print(self._introduction, flush=True)
        elif not self.should_exit.is_set():
            self.terminate_all()
            self.join_all()
            sys.exit("The processes do not start; the log says why.")


def _config(
    app: ASGIApp | str | Callable[[], ASGIApp], *, workers: int = 1
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=workers,
        http=Http,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
