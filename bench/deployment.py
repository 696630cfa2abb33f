"""Brings up what is measured: PostgreSQL, keys, the service and the baseline."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import create_engine, make_url, text

from booking_service import localdb
from booking_service.localdb import Logins

ROOT = Path(__file__).resolve().parents[1]
ISSUER = "https://issuer.bench.example"
AUDIENCE = "booking-service"
WORKERS = 2
THREADS = 4


@dataclass(frozen=True)
class Deployment:
    """Where everything is.

    Attributes:
        token: Signs one for a role with RS256, of the shop or of another; not before
            that is made.
    """

    service: str
    baseline: str
    logins: Logins
    baseline_database: str
    token: Callable[..., str]


@contextmanager
def deployed(folder: Path, *, shop: str, **variables: str) -> Iterator[Deployment]:
    """Everything, running; ended and gone afterwards.

    PostgreSQL keeps its durable defaults: what is answered is on the disk.

    Args:
        folder: For the database and the logs.
        shop: The slug that the tokens name.
        variables: Of the service's environment, beside those that production needs.
    """
    with ExitStack() as stack:
        server = localdb.start(folder / "data")
        stack.callback(server.stop)
        keys = stack.enter_context(_keys(shop))
        baseline_database = _second_database(server.logins)
        settings = {
            **os.environ,
            "FLASK_ENV": "production",
            "SECRET_KEY": "only for this run, and gone with it, as long as it must be",
            "DATABASE_URL": server.logins.app,
            "ADMIN_DATABASE_URL": server.logins.admin,
            "AUTH_ISSUER": ISSUER,
            "AUTH_AUDIENCE": AUDIENCE,
            "AUTH_JWKS_URL": keys.url,
            "BASELINE_DATABASE_URL": baseline_database,
            "WEB_CONCURRENCY": str(WORKERS),
            "RATE_LIMIT_PER_SUBJECT": "off",
            "RATE_LIMIT_PER_SHOP": "off",
            **variables,
        }
        program = str(Path(sys.executable).with_name("booking-service"))
        subprocess.run([program, "migrate"], env=settings, cwd=folder, check=True)
        addresses = []
        for name, command in (
            ("service", [program, "serve"]),
            (
                "baseline",
                [
                    *(sys.executable, "-m", "gunicorn", "bench.baseline.app:app"),
                    *("--workers", str(WORKERS), "--threads", str(THREADS)),
                    *("--bind", "127.0.0.1:{port}"),
                ],
            ),
        ):
            port = _free_port()
            log = stack.enter_context((folder / f"{name}.log").open("w"))
            stack.enter_context(
                _running(
                    [part.format(port=port) for part in command],
                    {**settings, "PORT": str(port), "PYTHONPATH": str(ROOT)},
                    folder,
                    log.fileno(),
                )
            )
            addresses.append(f"http://127.0.0.1:{port}")
            _await(addresses[-1])
        service, baseline = addresses
        yield Deployment(service, baseline, server.logins, baseline_database, keys.token)


@dataclass(frozen=True)
class _Keys:
    url: str
    token: Callable[..., str]


@contextmanager
def _keys(shop: str) -> Iterator[_Keys]:
    """An issuer of tokens, with its keys at a URL."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    published = {"keys": [{**public, "kid": "bench", "use": "sig", "alg": "RS256"}]}
    document = json.dumps(published).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            pass

    def token(role: str, of: str = shop) -> str:
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 86_400,
            "sub": f"the {role}",
            "role": role,
        }
        if role != "platform":
            claims["shop"] = of
        headers = {"kid": "bench", "typ": "at+jwt"}
        return jwt.encode(claims, key, algorithm="RS256", headers=headers)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield _Keys(f"http://127.0.0.1:{server.server_port}/", token)
    finally:
        server.shutdown()
        server.server_close()


def _second_database(logins: Logins) -> str:
    """A database of its own for the baseline, on the same server."""
    url = make_url(logins.superuser)
    engine = create_engine(
        url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE baseline"))
    engine.dispose()
    return url.set(database="baseline").render_as_string(hide_password=False)


@contextmanager
def _running(
    command: list[str], environment: Mapping[str, str], folder: Path, log: int
) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(address: str, *, seconds: float = 60) -> None:
    """Wait until somebody answers HTTP there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(f"{address}/health/ready", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def tomorrow() -> dt.date:
    """The first day that is booked."""
    return dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
