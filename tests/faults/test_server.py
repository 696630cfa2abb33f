"""The server as a process: its start, its end, and what survives kill -9."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from booking_service import localdb
from booking_service.localdb.layout import Layout
from tests.doubles import SETTINGS
from tests.integration.driver import Caller, made

ROOT = Path(__file__).parents[2]


class Server:
    """``booking-service serve --demo`` on a data folder, on a port of its choice."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "FLASK_ENV": "development",
            "SECRET_KEY": SETTINGS.secret_key,
            "DATA_DIR": str(folder),
            "PORT": "0",
            **environment,
        }
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "booking_service.cli", "serve", "--demo"],
            cwd=folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())
            if line.startswith("Ready: "):
                break
        self.address = self.said[-1].removeprefix("Ready: ")

    def caller(self, role: str, http: httpx.Client) -> Caller:
        token = next(line for line in self.said if line.startswith(f"{role}: "))
        return Caller(http, token.removeprefix(f"{role}: "))

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Server]:
    server = Server(folder, **environment)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


def free_starts(caller: Caller) -> tuple[str, list[str]]:
    service = made(caller.get("/services"))["items"][0]["id"]
    first = time.time() + 86_400
    window = {
        "from": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(first)),
        "to": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(first + 40 * 86_400)),
    }
    slots = made(caller.get("/availability", service_id=service, **window))["slots"]
    return service, [slot["starts_at"] for slot in slots]


class TestServe:
    def test_tells_how_to_use_it_and_serves(self, tmp_path: Path) -> None:
        with running(tmp_path) as server, httpx.Client(base_url=server.address) as http:
            assert made(http.get("/health/ready")) == {"status": "ok"}
            shops = made(server.caller("platform", http).get("/platform/shops"))["items"]
            for role in ("client", "provider", "manager"):
                made(server.caller(role, http).get("/bookings"))
            curls = [line for line in server.said if line.startswith("curl ")]

        assert [(shop["slug"], shop["timezone"]) for shop in shops] == [
            ("anna-cuts", "Europe/Berlin"),
            ("harbor-clinic", "America/New_York"),
        ]
        assert curls

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
    def test_stops_cleanly_with_all_it_started(
        self, tmp_path: Path, how: signal.Signals
    ) -> None:
        with running(tmp_path) as server:
            code = server.end(how)

            assert code == 0
            assert localdb.attach(tmp_path) is None
            assert Layout(tmp_path).running() is None

    def test_finds_its_data_again(self, tmp_path: Path) -> None:
        seen = []
        for _ in range(2):
            with running(tmp_path) as server, httpx.Client(base_url=server.address) as http:
                seen.append(made(server.caller("manager", http).get("/bookings"))["items"])
                server.end(signal.SIGTERM)

        assert seen[0] == seen[1] != []

    def test_goes_by_the_clock_that_is_set(self, tmp_path: Path) -> None:
        noon = dt.datetime(2021, 6, 20, 11, 0, tzinfo=dt.UTC)
        offset = int(noon.timestamp() - time.time())

        with (
            running(tmp_path, CLOCK_OFFSET_SECONDS=str(offset)) as server,
            httpx.Client(base_url=server.address) as http,
        ):
            manager = server.caller("manager", http)
            made(manager.put("/shop", timezone="UTC"))
            service = made(manager.post("/services", name="A", duration_minutes=60))
            ids = [service["id"]]
            provider = made(manager.post("/providers", name="A", service_ids=ids))
            day = f"/providers/{provider['id']}/date-overrides/2021-06-20"
            made(manager.put(day, hours=[{"starts": "00:00", "ends": "24:00"}]))
            window = {"from": "2021-06-20T00:00:00Z", "to": "2021-06-21T00:00:00Z"}
            slots = made(manager.get("/availability", service_id=ids[0], **window))["slots"]

        starts = [each["starts_at"][11:16] for each in slots]
        assert starts == [f"{hour}:00" for hour in range(12, 24)]

    def test_starts_again_after_its_demo_shops_were_used_up(self, tmp_path: Path) -> None:
        with running(tmp_path) as server, httpx.Client(base_url=server.address) as http:
            platform = server.caller("platform", http)
            manager = server.caller("manager", http)
            for booking in made(manager.get("/bookings"))["items"]:
                made(manager.delete(f"/bookings/{booking['id']}"))
            for service in made(manager.get("/services"))["items"]:
                assert manager.delete(f"/services/{service['id']}").status_code == 204
            assert platform.delete("/platform/shops/harbor-clinic").status_code == 204
            server.end(signal.SIGTERM)

        with running(tmp_path) as server, httpx.Client(base_url=server.address) as http:
            platform = server.caller("platform", http)
            shops = made(platform.get("/platform/shops"))["items"]
            platform.delete("/platform/shops/anna-cuts")
            server.end(signal.SIGTERM)
        with running(tmp_path) as server:
            last = server.said

        assert [shop["slug"] for shop in shops] == ["anna-cuts"]
        assert last[-1].startswith("Ready: ")

    def test_the_command_line_works_beside_it(self, tmp_path: Path) -> None:
        with running(tmp_path) as server:
            listed = subprocess.run(
                [sys.executable, "-m", "booking_service.cli", "shops", "list"],
                env=server.environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=True,
            )

        assert listed.stdout.splitlines()[0].startswith("anna-cuts\tactive")


class TestSeveralProcesses:
    def test_serve_together_and_replace_one_that_dies(self, tmp_path: Path) -> None:
        with running(tmp_path, WEB_CONCURRENCY="2") as server:
            workers = serving_processes(server)
            os.kill(workers[0], signal.SIGKILL)
            deadline = time.monotonic() + 30
            while len(set(serving_processes(server)) - {workers[0]}) < 2:
                assert time.monotonic() < deadline
            with httpx.Client(base_url=server.address) as http:
                manager = server.caller("manager", http)
                statuses = {manager.get("/bookings").status_code for _ in range(20)}
            code = server.end(signal.SIGTERM)

        assert len(workers) == 2
        assert statuses == {200}
        assert code == 0
        assert Layout(tmp_path).running() is None


def serving_processes(server: Server) -> list[int]:
    """The processes that the server's own has spawned to serve."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # gone already
        if parent == server.process.pid and b"spawn_main" in command:
            found.append(int(entry.name))
    return sorted(found)


class TestKilled:
    def test_every_answered_booking_is_there_after_a_restart(self, tmp_path: Path) -> None:
        answered: list[str] = []
        enough = threading.Event()
        with running(tmp_path) as server, httpx.Client(base_url=server.address) as http:
            manager = server.caller("manager", http)
            service, starts = free_starts(manager)

            def book() -> None:
                for start in starts:
                    body = {"service_id": service, "client": {"name": "Dana"}}
                    try:
                        answer = manager.post("/bookings", starts_at=start, **body)
                    except httpx.TransportError:
                        break
                    if answer.status_code == 201:
                        answered.append(answer.json()["id"])
                    if len(answered) >= 30:
                        enough.set()

            worker = threading.Thread(target=book)
            worker.start()
            assert enough.wait(60)
            server.end(signal.SIGKILL)
            worker.join()

        with running(tmp_path) as server, httpx.Client(base_url=server.address) as http:
            manager = server.caller("manager", http)
            found = [
                manager.get(f"/bookings/{booking}").status_code for booking in answered
            ]

        assert len(answered) >= 30
        assert set(found) == {200}

    def test_a_retry_after_a_restart_books_nothing_twice(self, tmp_path: Path) -> None:
        """Some requests were cut off by the kill: committed or not, nobody knows."""
        wanted: dict[str, str] = {}
        first: dict[str, str | None] = {}
        enough = threading.Event()
        with running(tmp_path) as server, httpx.Client(base_url=server.address) as http:
            manager = server.caller("manager", http)
            service, starts = free_starts(manager)
            body = {
                "service_id": service,
                "client": {"name": "Dana"},
                "notes": "retried",
            }
            wanted = {f"key-{start}": start for start in starts[:60]}

            def book(keys: list[str]) -> None:
                for key in keys:
                    first[key] = None
                    try:
                        answer = manager(
                            "POST",
                            "/bookings",
                            json={**body, "starts_at": wanted[key]},
                            headers={"Idempotency-Key": key},
                        )
                    except httpx.TransportError:
                        return
                    first[key] = answer.json()["id"]
                    if sum(each is not None for each in first.values()) >= 20:
                        enough.set()

            keys = list(wanted)
            workers = [
                threading.Thread(target=book, args=(keys[part::4],)) for part in range(4)
            ]
            for worker in workers:
                worker.start()
            assert enough.wait(60)
            server.end(signal.SIGKILL)
            for worker in workers:
                worker.join()

        with running(tmp_path) as server, httpx.Client(base_url=server.address) as http:
            manager = server.caller("manager", http)
            again = {
                key: made(
                    manager(
                        "POST",
                        "/bookings",
                        json={**body, "starts_at": start},
                        headers={"Idempotency-Key": key},
                    )
                )["id"]
                for key, start in wanted.items()
            }
            window = {"from": starts[0], "to": starts[60], "status": "confirmed"}
            listed = made(manager.get("/bookings", limit=200, **window))["items"]

        for key, booking in first.items():
            assert booking in (None, again[key])
        booked = [each["id"] for each in listed if each["notes"] == "retried"]
        assert sorted(booked) == sorted(again.values())
        assert len(set(booked)) == len(wanted)

    def test_without_its_database_it_answers_503_and_recovers(self, tmp_path: Path) -> None:
        with running(tmp_path) as server, httpx.Client(base_url=server.address) as http:
            manager = server.caller("manager", http)
            pid_file = Layout(tmp_path).cluster / "postmaster.pid"
            os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)

            statuses: set[int] = set()
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and statuses != {200, 503}:
                answer = manager.get("/bookings")
                if answer.status_code == 503:
                    assert int(answer.headers["retry-after"]) > 0
                    assert answer.json()["type"] == "/problems/database-unavailable"
                statuses.add(answer.status_code)

        assert statuses == {200, 503}
