"""Start the embedded PostgreSQL, or attach to the one that runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from booking_service.localdb import layout
from booking_service.localdb.errors import LocalDatabaseError
from booking_service.localdb.layout import Layout


@dataclass(frozen=True)
class Logins:
    """The connection URLs of a server.

    Attributes:
        app: What the service connects with; may only become other roles.
        admin: What provisions and migrates.
        superuser: Everything; for tests that look behind the scenes.
    """

    app: str
    admin: str
    superuser: str


@dataclass(frozen=True)
class LocalServer:
    """A server that runs as long as this process lives and has not stopped it."""

    logins: Logins
    log: Path
    supervisor: subprocess.Popen[str]

    def stop(self) -> None:
        """Stop the server and wait until it has ended; again is harmless."""
        if self.supervisor.stdin is not None:
            self.supervisor.stdin.close()
        self.supervisor.wait()


def start(data_dir: Path, options: Sequence[str] = ()) -> LocalServer:
    """Start the server of a data folder, which is made if it is not there.

    Args:
        data_dir: Where its files live; nothing outside is changed.
        options: Settings of PostgreSQL, each as ``name=value``.

    Raises:
        LocalDatabaseError: It does not start, or it already runs elsewhere.
    """
    command = [sys.executable, "-m", "booking_service.localdb.supervisor"]
    supervisor = subprocess.Popen(
        [*command, str(data_dir.absolute()), str(os.getpid()), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert supervisor.stdout is not None  # because of PIPE
    assert supervisor.stdin is not None
    with supervisor.stdout as words:
        line = words.readline()
    said = json.loads(line) if line else {"error": "its supervisor ended without a word"}
    if "error" in said:
        supervisor.stdin.close()
        supervisor.wait()
        raise LocalDatabaseError(said["error"])
    return LocalServer(
        logins=_logins(said["socket_folder"]),
        log=Layout(data_dir).log,
        supervisor=supervisor,
    )


def attach(data_dir: Path) -> Logins | None:
    """The logins of the server that runs on a data folder, or None."""
    server = Layout(data_dir)
    if not server.folder.exists():
        return None
    try:
        lock = server.try_lock()
    except PermissionError as error:
        raise LocalDatabaseError(f"{server.folder} is another user's") from error
    if lock is not None:
        os.close(lock)
        return None
    running = server.running()
    return _logins(running.socket_folder) if running else None


def _logins(socket_folder: str) -> Logins:
    app, admin, superuser = (
        layout.url(login=login, socket_folder=socket_folder)
        for login in (layout.APP_LOGIN, layout.ADMIN_LOGIN, layout.SUPERUSER)
    )
    return Logins(app=app, admin=admin, superuser=superuser)
