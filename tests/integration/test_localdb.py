"""The embedded PostgreSQL: started, shared, killed, and started again."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from booking_service import localdb
from booking_service.localdb import LocalDatabaseError, LocalServer
from booking_service.localdb.layout import Layout
from tests.databases import FAST

OWNER = """
import sys, pathlib
from booking_service import localdb
server = localdb.start(pathlib.Path(sys.argv[1]), sys.argv[2:])
print("ready", flush=True)
sys.stdin.read()
"""

Start = Callable[[Path], LocalServer]


@pytest.fixture
def start() -> Iterator[Start]:
    servers: list[LocalServer] = []

    def begin(folder: Path) -> LocalServer:
        servers.append(localdb.start(folder, FAST))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


def query(url: str, statement: str) -> object:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None
    finally:
        connection.close()


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for something another process does; it announces itself to nobody."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestStart:
    def test_keeps_its_data(self, start: Start, tmp_path: Path) -> None:
        first = start(tmp_path)
        query(first.logins.superuser, "create table kept (number int)")
        query(first.logins.superuser, "insert into kept values (7)")
        first.stop()

        second = start(tmp_path)

        assert query(second.logins.superuser, "select number from kept") == 7

    def test_makes_logins_without_rights_of_their_own(
        self, start: Start, tmp_path: Path
    ) -> None:
        logins = start(tmp_path).logins

        mine = (
            "select rolsuper or rolcreaterole or rolcreatedb or rolinherit from pg_roles"
            " where rolname = current_user"
        )
        assert query(logins.app, mine) is False
        assert (
            query(
                logins.admin, "select rolsuper from pg_roles where rolname = current_user"
            )
            is False
        )

    def test_listens_on_its_socket_only(self, start: Start, tmp_path: Path) -> None:
        server = start(tmp_path)

        assert query(server.logins.superuser, "show listen_addresses") == ""

    def test_two_folders_are_two_servers(self, start: Start, tmp_path: Path) -> None:
        one, other = start(tmp_path / "one"), start(tmp_path / "other")

        query(one.logins.superuser, "create table here ()")

        assert query(other.logins.superuser, "select to_regclass('here')") is None

    def test_one_folder_has_one_server(self, start: Start, tmp_path: Path) -> None:
        start(tmp_path)

        with pytest.raises(LocalDatabaseError, match="already runs"):
            localdb.start(tmp_path)

    @pytest.mark.parametrize(
        "name", ["with space", "c++", "a&b?c#d%41", "é", "deep/" * 30 + "deep"]
    )
    def test_works_in_any_folder(self, start: Start, tmp_path: Path, name: str) -> None:
        server = start(tmp_path / name)

        assert query(server.logins.app, "select 1") == 1

    def test_changes_nothing_outside_its_folder(self, start: Start, tmp_path: Path) -> None:
        private = tmp_path / "private"
        private.mkdir(mode=0o700)
        outside = [private, *private.parents, Path(sys.executable), Path(sys.prefix)]
        before = [(path.stat().st_mode, path.stat().st_uid) for path in outside]

        start(private / "data")

        assert [(path.stat().st_mode, path.stat().st_uid) for path in outside] == before

    def test_nobody_else_may_enter_its_data(self, start: Start, tmp_path: Path) -> None:
        start(tmp_path)

        assert stat.S_IMODE(Layout(tmp_path).cluster.stat().st_mode) == 0o700

    def test_an_interrupted_first_start_is_begun_anew(
        self, start: Start, tmp_path: Path
    ) -> None:
        cluster = Layout(tmp_path).cluster
        cluster.mkdir(parents=True)
        (cluster / "half").write_text("made")

        assert query(start(tmp_path).logins.app, "select 1") == 1

    def test_data_of_another_version_is_left_alone(
        self, start: Start, tmp_path: Path
    ) -> None:
        start(tmp_path).stop()
        version = Layout(tmp_path).cluster / "PG_VERSION"
        version.write_text("9\n")

        with pytest.raises(LocalDatabaseError, match="belongs to PostgreSQL 9"):
            localdb.start(tmp_path)

        assert version.read_text() == "9\n"


class TestAttach:
    def test_finds_the_running_server(self, start: Start, tmp_path: Path) -> None:
        assert localdb.attach(tmp_path) is None

        server = start(tmp_path)
        assert localdb.attach(tmp_path) == server.logins

        server.stop()
        assert localdb.attach(tmp_path) is None


class TestKilled:
    @pytest.fixture
    def owner(self, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(tmp_path), *FAST],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        with owner:
            yield owner
            owner.kill()

    def test_the_server_ends_with_its_owner(
        self, owner: subprocess.Popen[str], start: Start, tmp_path: Path
    ) -> None:
        logins = localdb.attach(tmp_path)
        assert logins is not None
        query(logins.superuser, "create table kept ()")

        owner.send_signal(signal.SIGKILL)

        again = start(tmp_path)  # waits for the old one's end, then takes over
        assert query(again.logins.superuser, "select to_regclass('kept')::text") == "kept"

    def test_a_killed_supervisor_takes_its_server_along(
        self, start: Start, tmp_path: Path
    ) -> None:
        server = start(tmp_path)

        server.supervisor.send_signal(signal.SIGKILL)
        server.supervisor.wait()

        again = start(tmp_path)
        assert query(again.logins.app, "select 1") == 1
        again.stop()
        scratch = Path(tempfile.gettempdir()).glob("booking-postgres-*/socket")
        assert not [each for each in scratch if str(tmp_path) in os.path.realpath(each)]

    def test_a_killed_server_is_started_again(self, start: Start, tmp_path: Path) -> None:
        server = start(tmp_path)
        pid_file = Layout(tmp_path).cluster / "postmaster.pid"
        first = int(pid_file.read_text().splitlines()[0])

        os.kill(first, signal.SIGKILL)

        def is_back() -> bool:
            try:
                return query(server.logins.app, "select 1") == 1
            except psycopg2.OperationalError:
                return False

        until(is_back)
        assert int(pid_file.read_text().splitlines()[0]) != first
