"""The files of one embedded PostgreSQL inside its data folder."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

DATABASE = "booking"
APP_LOGIN = "booking_app"
ADMIN_LOGIN = "booking_admin"
SUPERUSER = "postgres"


@dataclass(frozen=True)
class Running:
    """What a running server says of itself, kept in ``server.json``.

    Attributes:
        owner_pid: The process for which it runs.
        socket_folder: Where its socket can be reached.
        scratch: A temporary folder; left over if its supervisor was killed.
    """

    owner_pid: int
    socket_folder: str
    scratch: str


class Layout:
    """Names the files below a data folder and reads and writes the small ones.

    The lock is held by the supervisor and, because it is inherited, by every
    process of PostgreSQL: it is free exactly when nothing of a server is left.
    """

    def __init__(self, data_dir: Path) -> None:
        """Describe the server of ``data_dir``; nothing is created."""
        self.folder = data_dir.resolve() / "postgresql"
        self.cluster = self.folder / "cluster"
        self.ready_mark = self.folder / "initialised"
        self.log = self.folder / "log"
        self.lock = self.folder / "lock"
        self.state = self.folder / "server.json"

    def try_lock(self) -> int | None:
        """Take the lock; its file descriptor, or None while a server has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def running(self) -> Running | None:
        """What the last started server wrote, if it was not removed since."""
        try:
            return Running(**json.loads(self.state.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write_running(self, running: Running) -> None:
        """Publish the running server, whole or not at all."""
        draft = self.state.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(running)))
        draft.replace(self.state)


def url(*, login: str, socket_folder: str, database: str = DATABASE) -> str:
    """The connection URL of ``login`` through the server's socket."""
    return f"postgresql://{login}@/{database}?host={quote(socket_folder, safe='/')}"


def is_alive(pid: int) -> bool:
    """Say whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
