from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from booking_service.api import tokens
from booking_service.api.tokens import (
    LEEWAY_SECONDS,
    AuthServiceVerifier,
    DevelopmentVerifier,
    JwksKeys,
    RememberingVerifier,
    development_token,
)
from booking_service.domain.actors import Role
from booking_service.errors import KeysUnavailable, Unauthenticated
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


class TestDevelopmentToken:
    def test_is_accepted_with_what_it_says(self) -> None:
        token = development_token(
            SETTINGS,
            role=Role.MANAGER,
            shop="anna",
            subject="mia",
            ttl=dt.timedelta(hours=1),
            now=NOW,
        )

        found = verify(DevelopmentVerifier(SETTINGS), token)

        assert (found["role"], found["shop"], found["sub"]) == ("manager", "anna", "mia")

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "abc",
            "a.b.c",
            "." * 9000,
            "x" * 9000,
            signed()[:-4],
            signed("another secret that is long enough to sign"),
            signed(algorithm="HS512"),
            unsigned({"alg": "none", "typ": "at+jwt"}),
            unsigned({"alg": "HS256", "typ": ["at+jwt"]}),
            unsigned({"alg": ["HS256"]}),
            signed(iss="elsewhere"),
            signed(aud="elsewhere"),
            signed(aud=["elsewhere"]),
            signed(exp=int(NOW.timestamp()) - 60),
            signed(iat=int(NOW.timestamp()) + A_DAY),
            signed(nbf=int(NOW.timestamp()) + A_DAY),
            signed(exp="soon"),
            signed(exp=str(int(NOW.timestamp()) + A_DAY)),
            signed(exp=True),
            signed(iat="now"),
            signed(sub=...),
            signed(sub=""),
            signed(sub="a\x00b"),
            signed(sub="x" * 300),
            signed(role=...),
            signed(role="root"),
            signed(role=["manager"]),
            signed(role={"is": "manager"}),
            signed(shop=["anna"]),
            signed(shop={"slug": "anna"}),
            signed(exp=...),
            signed(iat=...),
            signed(iss=...),
            signed(aud=...),
            signed(headers={"typ": "id+jwt"}),
            signed(headers={"typ": "at+jwt", "crit": ["exotic"], "exotic": 1}),
        ],
        ids=lambda token: token[:30],
    )
    def test_bad_ones_are_not(self, token: str) -> None:
        with pytest.raises(Unauthenticated):
            verify(DevelopmentVerifier(SETTINGS), token)


class Issuer:
    """Publishes keys, and counts how often it is asked."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()
        self.asked = 0
        self.is_up = True

    def answer(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if not self.is_up:
            return httpx.Response(500)
        published = [
            jwt.algorithms.RSAAlgorithm.to_jwk(self.rsa.public_key(), as_dict=True)
            | {"kid": "rsa", "alg": "RS256"},
            jwt.algorithms.ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True)
            | {"kid": "ec", "alg": "ES256"},
            jwt.algorithms.OKPAlgorithm.to_jwk(self.ed.public_key(), as_dict=True)
            | {"kid": "ed", "alg": "EdDSA"},
        ]
        return httpx.Response(200, json={"keys": published})


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
    settings = replace(SETTINGS, auth_jwks_url="http://issuer/jwks")
    return lambda token: verify(AuthServiceVerifier(settings, keys), token)


class TestAuthServiceToken:
    @pytest.mark.parametrize(
        ("kid", "algorithm"), [("rsa", "RS256"), ("ec", "ES256"), ("ed", "EdDSA")]
    )
    def test_is_accepted_with_each_kind_of_key(
        self, kid: str, algorithm: str, issuer: Issuer, accept: Verify
    ) -> None:
        token = signed(getattr(issuer, kid), algorithm, headers={"kid": kid})

        assert accept(token)["sub"] == "dana"

    def test_may_not_be_signed_with_the_public_key_as_a_secret(
        self, issuer: Issuer, accept: Verify
    ) -> None:
        public = issuer.rsa.public_key().public_numbers().n.to_bytes(256, "big")
        token = signed(public, "HS256", headers={"kid": "rsa"})

        with pytest.raises(Unauthenticated):
            accept(token)

    def test_may_not_bring_its_own_key(self, accept: Verify) -> None:
        stranger = rsa.generate_private_key(65537, 2048)
        own = jwt.algorithms.RSAAlgorithm.to_jwk(stranger.public_key(), as_dict=True)
        token = signed(stranger, "RS256", headers={"kid": "rsa", "jwk": own})

        with pytest.raises(Unauthenticated):
            accept(token)

    def test_may_not_use_another_keys_algorithm(
        self, issuer: Issuer, accept: Verify
    ) -> None:
        token = signed(issuer.rsa, "RS256", headers={"kid": "ec"})

        with pytest.raises(Unauthenticated):
            accept(token)

    def test_a_development_token_is_refused(self, accept: Verify) -> None:
        with pytest.raises(Unauthenticated):
            accept(signed())


class TestKeys:
    def test_are_fetched_once_for_a_storm_of_unknown_ones(
        self, issuer: Issuer, keys: JwksKeys
    ) -> None:
        async def storm() -> list[object]:
            wanted = (keys.find(f"unknown-{number}") for number in range(50))
            return await asyncio.gather(*wanted)

        assert asyncio.run(storm()) == [None] * 50
        assert issuer.asked == 1

    def test_known_ones_outlive_the_issuers_outage(
        self, issuer: Issuer, keys: JwksKeys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(JwksKeys, "LIFE_SECONDS", -1.0)
        monkeypatch.setattr(JwksKeys, "REST_SECONDS", 0.0)

        async def outage() -> list[object]:
            found: list[object] = [await keys.find("rsa")]
            issuer.is_up = False
            found.append(await keys.find("rsa"))  # refreshed beside it, in vain
            assert keys._refresh is not None
            await keys._refresh
            return [*found, await keys.find("rsa")]

        assert None not in asyncio.run(outage())
        assert issuer.asked >= 2

    def test_without_any_no_token_can_be_judged(
        self, issuer: Issuer, keys: JwksKeys
    ) -> None:
        issuer.is_up = False

        with pytest.raises(KeysUnavailable):
            asyncio.run(keys.find("rsa"))

    def test_are_asked_for_again_soon_after_a_first_failure(
        self, issuer: Issuer, keys: JwksKeys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(JwksKeys, "FIRST_REST_SECONDS", 0.0)
        issuer.is_up = False
        with pytest.raises(KeysUnavailable):
            asyncio.run(keys.find("rsa"))
        issuer.is_up = True

        assert asyncio.run(keys.find("rsa"))

    def test_new_ones_are_found_without_a_restart(
        self, issuer: Issuer, keys: JwksKeys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert asyncio.run(keys.find("rsa"))
        monkeypatch.setattr(JwksKeys, "REST_SECONDS", 0.0)

        assert asyncio.run(keys.find("ed"))
        assert asyncio.run(keys.find("later")) is None
        assert issuer.asked == 2


class Counting:
    """Accepts every token and counts."""

    def __init__(self, **claims: Any) -> None:
        self.asked: list[str] = []
        self.claims = claims

    async def verify(self, token: str) -> Mapping[str, Any]:
        self.asked.append(token)
        if token == "bad":
            raise Unauthenticated("bad")
        return self.claims


class TestRememberedToken:
    @staticmethod
    def ask(verifier: RememberingVerifier, *tokens: str) -> None:
        async def all_of_them() -> None:
            for token in tokens:
                await verifier.verify(token)

        asyncio.run(all_of_them())

    def test_is_verified_once(self) -> None:
        counting = Counting(exp=10.0)

        self.ask(RememberingVerifier(counting, clock=lambda: 0.0), "a", "a", "b", "a")

        assert counting.asked == ["a", "b"]

    def test_is_verified_again_after_a_while(self) -> None:
        now = [0.0]
        counting = Counting(exp=1000.0)
        verifier = RememberingVerifier(counting, timer=lambda: now[0], clock=lambda: 0.0)

        self.ask(verifier, "a")
        now[0] = RememberingVerifier.SECONDS + 1
        self.ask(verifier, "a")

        assert counting.asked == ["a", "a"]

    def test_is_forgotten_when_it_expires(self) -> None:
        now = [0.0]
        counting = Counting(exp=10.0)
        verifier = RememberingVerifier(counting, timer=lambda: 0.0, clock=lambda: now[0])

        self.ask(verifier, "a")
        now[0] = 10.0 + LEEWAY_SECONDS
        self.ask(verifier, "a")

        assert counting.asked == ["a", "a"]

    def test_a_refusal_is_not_remembered(self) -> None:
        counting = Counting(exp=10.0)
        verifier = RememberingVerifier(counting, clock=lambda: 0.0)

        for _ in range(2):
            with pytest.raises(Unauthenticated):
                self.ask(verifier, "bad")

        assert counting.asked == ["bad", "bad"]
