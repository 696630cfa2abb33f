"""Tokens of a real OpenID provider (the npm package ``oidc-provider``).

Needs Node 20 or newer with npm; the package is installed beside ``tests/openid/`` once.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from booking_service.api.keys import JwksKeys
from booking_service.app import Parts, create_app
from booking_service.config import ROOT, Settings
from tests.doubles import SETTINGS
from tests.integration.driver import made, refused
from tests.running import serving

FOLDER = ROOT / "tests/openid"
AUDIENCE = "urn:booking"
SHOP = "openid-shop"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or shutil.which("npm") is None,
    reason="install Node 20 or newer with npm to run these",
)
Jwk = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def installed() -> Path:
    """The folder of the provider, with its packages."""
    if not (FOLDER / "node_modules/oidc-provider").exists():
        subprocess.run(
            ["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=FOLDER, check=True
        )
    return FOLDER


def new_key(kid: str) -> Jwk:
    private = rsa.generate_private_key(65537, 2048)
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(private, as_dict=True)
    return {**jwk, "kid": kid, "use": "sig", "alg": "RS256"}


class Provider:
    """A provider at an address of its own, which may be down."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.issuer = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def up(self, *keys: Jwk, **claims: str) -> Iterator[None]:
        plan = {
            "port": self.port,
            "keys": keys,
            "audience": AUDIENCE,
            "claims": {"role": "manager", "shop": SHOP, **claims},
        }
        process = subprocess.Popen(
            ["node", "provider.mjs"],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(plan))
            process.stdin.close()
            assert "ready" in process.stdout.readline()
            yield
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()

    def token(self) -> str:
        """A fresh access token, as a client gets it."""
        answer = httpx.post(
            f"{self.issuer}/token",
            data={"grant_type": "client_credentials"},
            auth=("app", "secret"),
        )
        return str(made(answer)["access_token"])


@pytest.fixture(scope="module")
def provider() -> Provider:
    return Provider()


@pytest.fixture(scope="module")
def parts_of_provider(parts: Parts, provider: Provider) -> Parts:
    """The service's parts, and a shop that the provider's tokens are for."""
    parts.shops.create(slug=SHOP, name="A", timezone="UTC", issuer=provider.issuer)
    return parts


Ask = Callable[[str], httpx.Response]


@pytest.fixture
def ask(parts_of_provider: Parts, provider: Provider) -> Iterator[Ask]:
    """A service that knows nothing of the provider but the ``AUTH_*`` settings."""
    settings = Settings.from_mapping(
        {
            "FLASK_ENV": "testing",
            "SECRET_KEY": SETTINGS.secret_key,
            "AUTH_ISSUER": provider.issuer,
            "AUTH_AUDIENCE": AUDIENCE,
            "AUTH_JWKS_URL": f"{provider.issuer}/jwks",
        }
    )
    app = create_app(settings, parts=parts_of_provider)
    with serving(app) as address, httpx.Client(base_url=address, timeout=30) as http:
        yield lambda token: http.get("/shop", headers={"Authorization": f"Bearer {token}"})


def test_its_tokens_are_accepted_and_no_others(ask: Ask, provider: Provider) -> None:
    with provider.up(new_key("one")):
        token = provider.token()

        assert made(ask(token))["slug"] == SHOP
        refused(ask(token[:-6] + "AAAAAA"), 401, "unauthenticated")
    with provider.up(new_key("one"), shop="other"):
        refused(ask(provider.token()), 401, "unauthenticated")  # another key of that name


def test_another_shop_and_role_are_refused(ask: Ask, provider: Provider) -> None:
    key = new_key("one")
    with provider.up(key, shop="nobody"):
        refused(ask(provider.token()), 403, "shop-unknown")
    with provider.up(key, role="client"):
        refused(ask(provider.token()), 403, "role-may-not")
    with provider.up(key, role="root"):
        refused(ask(provider.token()), 401, "unauthenticated")


def test_keys_are_rotated_and_the_provider_stops_while_requests_run(
    ask: Ask, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else an unknown key would be looked for after half a minute only.
    monkeypatch.setattr(JwksKeys, "REST_SECONDS", 0.0)
    old, new = new_key("old"), new_key("new")
    statuses: list[int] = []
    is_over = threading.Event()

    def keep_asking(tokens: list[str]) -> None:
        while not is_over.is_set():
            statuses.append(ask(tokens[-1]).status_code)

    with provider.up(old):
        tokens = [provider.token()]
        spare = provider.token()
        made(ask(tokens[0]))
    asking = threading.Thread(target=keep_asking, args=(tokens,))
    asking.start()
    try:
        made(ask(spare))  # never seen before, while nobody can be asked for keys
        with provider.up(new, old):
            tokens.append(provider.token())
            made(ask(tokens[-1]))
            made(ask(tokens[0]))
        made(ask(tokens[-1]))
    finally:
        is_over.set()
        asking.join()

    assert set(statuses) == {200}
    assert jwt.get_unverified_header(tokens[-1])["kid"] == "new"
