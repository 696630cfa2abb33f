"""One embedded PostgreSQL as a process of its own.

``python -m booking_service.localdb.supervisor DATA_DIR OWNER_PID`` starts the
server, prints one JSON line, and stops it when its standard input ends. The
owner holds the other end of that pipe, so the server stops however the owner
ends, kill -9 included.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg2

from booking_service.localdb import binaries, layout
from booking_service.localdb.account import Account
from booking_service.localdb.errors import LocalDatabaseError
from booking_service.localdb.layout import Layout, Running

START_SECONDS = 30.0
STOP_SECONDS = 30.0
WATCH_SECONDS = 0.5
SCRATCH = "booking-postgres-"
# The longest path a UNIX socket may have on every platform, its file name taken off.
LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432")
# The server is started inside its folder and names it like this, because the
# account it runs under may not be able to walk there from the root.
HERE = "/proc/self/cwd" if Path("/proc/self/cwd").exists() else "."
# From linux/prctl.h: the signal a process gets when its parent ends.
PR_SET_PDEATHSIG = 1


class Supervisor:
    """Starts, watches and stops the server of one data folder."""

    def __init__(self, data_dir: Path, owner_pid: int, options: Sequence[str]) -> None:
        """Prepare for ``data_dir``.

        Args:
            data_dir: The folder whose server this is.
            owner_pid: The process for which the server runs.
            options: Settings of the server, each as ``name=value``.
        """
        self.layout = Layout(data_dir)
        self.owner_pid = owner_pid
        self.options = options
        self.account = Account.current()
        self.scratch = Path(tempfile.mkdtemp(prefix=SCRATCH))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, lock: int) -> Running:
        """Start the server and make its logins; ``lock`` is the held lock."""
        self._sweep()
        installation = binaries.find()
        if installation.root and not self.account.reaches(installation.bin):
            self.scratch.chmod(0o755)
            programs = self.scratch / "programs"
            programs.mkdir()
            installation = installation.copied_to(programs)
        if not self.layout.ready_mark.exists():
            self._initialise(installation)
        self._refuse_other_version(installation)
        socket_folder = self._socket_folder()
        self.installation = installation
        self._launch(installation, lock)
        self._await_connection(socket_folder)
        if not self.layout.ready_mark.exists():
            _make_logins(socket_folder)
            self.layout.ready_mark.touch()
        running = Running(self.owner_pid, socket_folder, str(self.scratch))
        self.layout.write_running(running)
        return running

    def stop(self) -> None:
        """Stop the server at once but cleanly, and remove what was temporary."""
        self.layout.state.unlink(missing_ok=True)
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # "fast" shutdown
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)  # recovers at next start
                self.process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def watch(self, lock: int) -> None:
        """Keep the server running until standard input ends."""
        while not select.select([sys.stdin], [], [], WATCH_SECONDS)[0]:
            if self.process is not None and self.process.poll() is not None:
                # Killed from outside; its last children may take a moment to go.
                self._launch(self.installation, lock)

    def _sweep(self) -> None:
        """Remove what a supervisor that was killed has left behind."""
        last = self.layout.running()
        if last is not None and Path(last.scratch).name.startswith(SCRATCH):
            shutil.rmtree(last.scratch, ignore_errors=True)

    def _initialise(self, installation: binaries.Installation) -> None:
        # A folder without the mark is what an interrupted first start left.
        shutil.rmtree(self.layout.cluster, ignore_errors=True)
        self.layout.cluster.mkdir()
        self.account.own(self.layout.cluster)
        done = self._run(
            installation.program("initdb"),
            *("-D", HERE, "-U", layout.SUPERUSER),
            *("--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync"),
        )
        if done.wait() != 0:
            raise LocalDatabaseError(f"initdb failed, see {self.layout.log}")

    def _refuse_other_version(self, installation: binaries.Installation) -> None:
        made_by = int((self.layout.cluster / "PG_VERSION").read_text())
        if made_by != installation.major():
            raise LocalDatabaseError(
                f"{self.layout.cluster} belongs to PostgreSQL {made_by}, but this is "
                f"{installation.major()}: move the folder away or use that version"
            )

    def _socket_folder(self) -> str:
        folder = str(self.layout.cluster)
        if len(folder) <= LONGEST_SOCKET_FOLDER:
            return folder
        short = self.scratch / "socket"
        short.symlink_to(folder)
        return str(short)

    def _launch(self, installation: binaries.Installation, lock: int) -> None:
        settings = [
            "listen_addresses=",
            "unix_socket_directories=.",
            "unix_socket_permissions=0700",
            *self.options,
        ]
        arguments = [part for setting in settings for part in ("-c", setting)]
        self.process = self._run(
            installation.program("postgres"), "-D", HERE, *arguments, keep=(lock,)
        )

    def _run(self, *command: str, keep: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        with self.layout.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.layout.cluster,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=keep,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
                umask=0o077,
                preexec_fn=_stop_with_parent,  # noqa: PLW1509 - we have one thread
                **self.account.identity(),
            )

    def _await_connection(self, socket_folder: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return _connect(socket_folder, "postgres").close()
            except psycopg2.OperationalError as error:
                if self.process is None or self.process.poll() is not None:
                    raise LocalDatabaseError(
                        f"PostgreSQL stopped while starting, see {self.layout.log}"
                    ) from error
                if time.monotonic() > deadline:
                    raise LocalDatabaseError(
                        f"PostgreSQL does not answer, see {self.layout.log}"
                    ) from error
                time.sleep(0.02)


def _stop_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _connect(socket_folder: str, database: str) -> psycopg2.extensions.connection:
    connection = psycopg2.connect(
        host=socket_folder, user=layout.SUPERUSER, dbname=database
    )
    connection.autocommit = True
    return connection


def _make_logins(socket_folder: str) -> None:
    """Create the database and the two logins, as an operator would by hand.

    The socket lies in a folder that only its owner may enter, which is why the
    logins have no passwords.
    """
    admin, app = layout.ADMIN_LOGIN, layout.APP_LOGIN
    for database, statements in (
        (
            "postgres",
            (
                f"DROP DATABASE IF EXISTS {layout.DATABASE}",
                f"DROP ROLE IF EXISTS {admin}",
                f"DROP ROLE IF EXISTS {app}",
                f"CREATE ROLE {admin} LOGIN CREATEROLE",
                f"CREATE ROLE {app} LOGIN NOINHERIT",
                f"CREATE DATABASE {layout.DATABASE}",
                f"REVOKE ALL ON DATABASE {layout.DATABASE} FROM PUBLIC",
                f"GRANT CONNECT, CREATE ON DATABASE {layout.DATABASE} TO {admin}",
                f"GRANT CONNECT ON DATABASE {layout.DATABASE} TO {app}",
            ),
        ),
        (layout.DATABASE, ("REVOKE ALL ON SCHEMA public FROM PUBLIC",)),
    ):
        with (
            contextlib.closing(_connect(socket_folder, database)) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)


def _take_lock(server: Layout) -> int:
    """Take the folder's lock, waiting while a dead owner's server still stops."""
    deadline = time.monotonic() + STOP_SECONDS
    while (lock := server.try_lock()) is None:
        running = server.running()
        if running is not None and layout.is_alive(running.owner_pid):
            raise LocalDatabaseError(
                f"Process {running.owner_pid} already runs the server of "
                f"{server.folder}; stop it or set another DATA_DIR"
            )
        if time.monotonic() > deadline:
            raise LocalDatabaseError(f"{server.lock} is held by another process")
        time.sleep(0.05)
    return lock


def main(data_dir: str, owner_pid: str, *options: str) -> int:
    """Run until standard input ends; the exit code of the process."""
    try:
        lock = _take_lock(Layout(Path(data_dir)))
        supervisor = Supervisor(Path(data_dir), int(owner_pid), options)
    except (LocalDatabaseError, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    try:
        running = supervisor.start(lock)
        print(json.dumps({"socket_folder": running.socket_folder}), flush=True)
        supervisor.watch(lock)
    except (LocalDatabaseError, OSError, subprocess.SubprocessError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    finally:
        supervisor.stop()
    return 0


if __name__ == "__main__":
    # The terminal's signals are the owner's business; ours is the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.exit(main(*sys.argv[1:]))
