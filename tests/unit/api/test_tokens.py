from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from booking_service.api.keys import JwksKeys
from booking_service.api.tokens import (
    LEEWAY_SECONDS,
    AuthServiceVerifier,
    DevelopmentVerifier,
    RememberingVerifier,
    development_token,
)
from booking_service.domain.actors import Role
from booking_service.errors import Unauthenticated
from booking_service.issuers import Issuer as Accepted
from tests.doubles import SETTINGS
from tests.unit.api.issuing import (
    A_DAY,
    NOW,
    Issuer,
    Verify,
    signed,
    unsigned,
    verify,
)


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


class TestAuthServiceToken:
    @pytest.mark.parametrize(
        ("kid", "algorithm"), [("rsa", "RS256"), ("ec", "ES256"), ("ed", "EdDSA")]
    )
    def test_is_accepted_with_each_kind_of_key(
        self, kid: str, algorithm: str, issuer: Issuer, accept: Verify
    ) -> None:
        token = signed(
            getattr(issuer, kid), algorithm, headers={"kid": kid, "typ": "at+jwt"}
        )

        assert accept(token)["sub"] == "dana"

    def test_may_not_be_signed_with_the_public_key_as_a_secret(
        self, issuer: Issuer, accept: Verify
    ) -> None:
        public = issuer.rsa.public_key().public_numbers().n.to_bytes(256, "big")
        token = signed(public, "HS256", headers={"kid": "rsa", "typ": "at+jwt"})

        with pytest.raises(Unauthenticated):
            accept(token)

    def test_may_not_bring_its_own_key(self, accept: Verify) -> None:
        stranger = rsa.generate_private_key(65537, 2048)
        own = jwt.algorithms.RSAAlgorithm.to_jwk(stranger.public_key(), as_dict=True)
        token = signed(
            stranger, "RS256", headers={"kid": "rsa", "typ": "at+jwt", "jwk": own}
        )

        with pytest.raises(Unauthenticated):
            accept(token)

    def test_may_not_use_another_keys_algorithm(
        self, issuer: Issuer, accept: Verify
    ) -> None:
        token = signed(issuer.rsa, "RS256", headers={"kid": "ec", "typ": "at+jwt"})

        with pytest.raises(Unauthenticated):
            accept(token)

    def test_a_development_token_is_refused(self, accept: Verify) -> None:
        with pytest.raises(Unauthenticated):
            accept(signed())


class TestSeveralIssuers:
    @pytest.fixture
    def accept(self, keys: JwksKeys) -> Verify:
        others = (
            Accepted("https://b.example", "b", "http://issuer/jwks", ("ES256",)),
            Accepted("https://c.example", "c", "http://issuer/jwks"),
        )
        settings = replace(
            SETTINGS,
            auth_jwks_url="http://issuer/jwks",
            issuers=others,
            auth_shop_claim="https://b.example/shop",
            auth_role_claim="https://b.example/role",
            auth_token_types=frozenset({"at+jwt", "jwt"}),
        )
        verifier = AuthServiceVerifier(settings, keys=lambda _: keys)
        return lambda token: verify(verifier, token)

    NAMED: ClassVar = {
        "https://b.example/shop": "anna",
        "https://b.example/role": "manager",
        "role": "platform",
        "shop": "other",
    }

    def test_each_has_its_own_audience_and_algorithms(
        self, issuer: Issuer, accept: Verify
    ) -> None:
        def token(of: str, audience: str, kid: str, algorithm: str) -> str:
            key = getattr(issuer, kid)
            facts = {"iss": f"https://{of}.example", "aud": audience, **self.NAMED}
            return signed(key, algorithm, headers={"kid": kid}, **facts)

        found = accept(token("b", "b", "ec", "ES256"))

        assert (found["role"], found["shop"]) == ("manager", "anna")
        assert accept(token("c", "c", "rsa", "RS256"))["iss"] == "https://c.example"
        for bad in (
            token("b", "b", "rsa", "RS256"),
            token("b", "c", "ec", "ES256"),
            token("d", "b", "ec", "ES256"),
        ):
            with pytest.raises(Unauthenticated):
                accept(bad)


class TestTypes:
    @pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "AT+JWT"])
    def test_of_access_tokens_are_accepted(self, typ: str) -> None:
        assert verify(DevelopmentVerifier(SETTINGS), signed(headers={"typ": typ}))

    @pytest.mark.parametrize("headers", [{}, {"typ": "JWT"}, {"typ": "logout+jwt"}])
    def test_of_others_are_not_unless_the_settings_say_so(
        self, headers: dict[str, str]
    ) -> None:
        lenient = replace(SETTINGS, auth_token_types=frozenset({"jwt", "logout+jwt"}))

        with pytest.raises(Unauthenticated):
            verify(DevelopmentVerifier(SETTINGS), signed(headers=headers))
        assert verify(DevelopmentVerifier(lenient), signed(headers=headers))


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
