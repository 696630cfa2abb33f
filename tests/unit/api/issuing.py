"""An issuer that publishes keys without a network, and tokens of any kind."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from booking_service.api import tokens
from booking_service.api.keys import JwksKeys
from booking_service.api.tokens import (
    AuthServiceVerifier,
)
from booking_service.issuers import Issuer as Accepted
from tests.doubles import SETTINGS

# Read once, when the tests are collected; they may run much later.
NOW = dt.datetime.now(dt.UTC)
A_DAY = 86_400
SECRET = SETTINGS.secret_key


def claims(**changes: Any) -> dict[str, Any]:
    values = {
        "iss": SETTINGS.auth_issuer,
        "aud": SETTINGS.auth_audience,
        "sub": "dana",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + A_DAY,
        "role": "client",
        "shop": "anna",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not ...}


def signed(key: Any = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    headers = changes.pop("headers", {"typ": "at+jwt"})
    # Coded by hand, since the library refuses to write some of these.
    parts = ({"alg": algorithm, **headers}, claims(**changes))
    coded = [jwt.utils.base64url_encode(json.dumps(part).encode()) for part in parts]
    signature = jwt.get_algorithm_by_name(algorithm).sign(
        b".".join(coded), jwt.get_algorithm_by_name(algorithm).prepare_key(key)
    )
    return b".".join((*coded, jwt.utils.base64url_encode(signature))).decode()


def unsigned(header: Mapping[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims()))
    coded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    return ".".join((*coded, ""))


def verify(verifier: tokens.Verifier, token: str) -> Mapping[str, Any]:
    return asyncio.run(verifier.verify(token))


class Issuer:
    """Publishes keys, and counts how often it is asked."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()
        self.asked = 0
        self.is_up = True
        self.use = "sig"
        self.published = ["rsa", "ec", "ed"]
        self.instead: httpx.Response | None = None
        self.introspected: list[str] = []
        self.revoked: set[str] = set()

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if not self.is_up:
            return httpx.Response(500)
        if self.instead is not None:
            return self.instead
        if request.url.path == "/introspect":
            return self._introspected(request)
        published = [
            jwt.algorithms.RSAAlgorithm.to_jwk(self.rsa.public_key(), as_dict=True)
            | {"kid": "rsa", "alg": "RS256"},
            jwt.algorithms.ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True)
            | {"kid": "ec", "alg": "ES256"},
            jwt.algorithms.OKPAlgorithm.to_jwk(self.ed.public_key(), as_dict=True)
            | {"kid": "ed", "alg": "EdDSA"},
        ]
        keys = [
            {**each, "use": self.use} for each in published if each["kid"] in self.published
        ]
        return httpx.Response(200, json={"keys": keys})

    def _introspected(self, request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] != httpx.BasicAuth("us", "secret")._auth_header:
            return httpx.Response(401)
        token = parse_qs(request.content.decode())["token"][0]
        self.introspected.append(token)
        return httpx.Response(200, json={"active": token not in self.revoked})


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Issuer:
    issuer = Issuer()
    real = httpx.AsyncClient

    def client(**options: Any) -> httpx.AsyncClient:
        return real(transport=httpx.MockTransport(issuer.answer), **options)

    monkeypatch.setattr(httpx, "AsyncClient", client)
    return issuer


Verify = Callable[[str], Mapping[str, Any]]


@pytest.fixture
def keys(issuer: Issuer) -> JwksKeys:
    return JwksKeys("http://issuer/jwks")


@pytest.fixture
def accept(keys: JwksKeys) -> Verify:
    url = "http://issuer/jwks"
    main = Accepted(SETTINGS.auth_issuer, SETTINGS.auth_audience, url)
    settings = replace(SETTINGS, auth_jwks_url=url, issuers=(main,))
    verifier = AuthServiceVerifier(settings, keys=lambda _: keys)
    return lambda token: verify(verifier, token)
