"""The keys and the word of an auth service."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from booking_service.api.introspection import Revocation
from booking_service.api.keys import JwksKeys
from booking_service.api.tokens import (
    AuthServiceVerifier,
    RememberingVerifier,
)
from booking_service.errors import KeysUnavailable, Unauthenticated
from booking_service.issuers import Introspection
from booking_service.issuers import Issuer as Accepted
from tests.doubles import SETTINGS
from tests.unit.api.issuing import (
    Issuer,
    Verify,
    signed,
    verify,
)


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
        monkeypatch.setattr(JwksKeys, "FRESH_SECONDS", -1.0)
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

    def test_are_refreshed_ahead_outlive_an_hour_and_end_after_a_day(
        self, issuer: Issuer
    ) -> None:
        now = [0.0]
        keys = JwksKeys("http://issuer/jwks", timer=lambda: now[0])

        async def ask(at: float) -> object:
            now[0] = at
            found = await keys.find("rsa")
            if keys._refresh is not None:
                await keys._refresh
            return found

        async def day() -> None:
            assert await ask(0)
            assert await ask(JwksKeys.FRESH_SECONDS)
            assert issuer.asked == 1
            assert await ask(JwksKeys.FRESH_SECONDS + 1)
            assert issuer.asked == 2
            issuer.is_up = False
            assert await ask(2 * 3600)
            assert await ask(JwksKeys.LIFE_SECONDS)
            assert issuer.asked == 4
            with pytest.raises(KeysUnavailable):
                await ask(2 * JwksKeys.LIFE_SECONDS)

        asyncio.run(day())

    def test_that_are_published_no_more_are_good_no_more(
        self, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [0.0]
        keys = JwksKeys("http://issuer/jwks", timer=lambda: now[0])

        async def rotation() -> tuple[object, object]:
            before = await keys.find("rsa")
            monkeypatch.setattr(issuer, "published", ["ec"])
            now[0] = JwksKeys.FRESH_SECONDS + 1
            await keys.find("ec")
            assert keys._refresh is not None
            await keys._refresh
            return before, await keys.find("rsa")

        before, after = asyncio.run(rotation())

        assert before is not None
        assert after is None

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(200, content=b"[]"),
            httpx.Response(200, content=b"{" * 10_000),
            httpx.Response(200, content=b" " * (2 << 20)),
            httpx.Response(302, headers={"Location": "http://issuer/other"}),
            httpx.Response(200, json={"keys": [{"kty": "unheard-of"}]}),
        ],
        ids=["list", "deep", "huge", "elsewhere", "unknown kind"],
    )
    def test_are_not_taken_from_whatever_is_answered(
        self, issuer: Issuer, keys: JwksKeys, answer: httpx.Response
    ) -> None:
        issuer.instead = answer

        with pytest.raises(KeysUnavailable):
            asyncio.run(keys.find("rsa"))

    def test_for_encryption_sign_nothing(self, issuer: Issuer, keys: JwksKeys) -> None:
        issuer.use = "enc"

        with pytest.raises(KeysUnavailable):
            asyncio.run(keys.find("rsa"))

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


class TestRevocation:
    @pytest.fixture
    def accept(self, issuer: Issuer, keys: JwksKeys) -> Verify:
        asked = Introspection("http://issuer/introspect", "us", "secret")
        main = Accepted(
            SETTINGS.auth_issuer, SETTINGS.auth_audience, "", introspection=asked
        )
        settings = replace(SETTINGS, auth_jwks_url="http://issuer/jwks", issuers=(main,))
        verifier = AuthServiceVerifier(settings, keys=lambda _: keys)
        return lambda token: verify(verifier, token)

    @pytest.fixture
    def token(self, issuer: Issuer) -> str:
        return signed(issuer.rsa, "RS256", headers={"kid": "rsa", "typ": "at+jwt"})

    def test_is_asked_for(self, issuer: Issuer, accept: Verify, token: str) -> None:
        assert accept(token)
        issuer.revoked.add(token)

        for _ in range(3):
            with pytest.raises(Unauthenticated, match="revoked"):
                accept(token)

        assert issuer.introspected == [token] * 2  # a refusal is remembered

    def test_is_not_asked_for_of_what_is_bad_anyhow(
        self, issuer: Issuer, accept: Verify, token: str
    ) -> None:
        with pytest.raises(Unauthenticated):
            accept(token[:-8] + "AAAAAAAA")

        assert issuer.introspected == []

    def test_that_cannot_be_asked_for_lets_nobody_in(
        self, issuer: Issuer, accept: Verify, token: str
    ) -> None:
        assert accept(token)
        issuer.instead = httpx.Response(200, json={"active": "yes"})
        with pytest.raises(Unauthenticated):
            accept(token)
        issuer.is_up = False
        other = signed(issuer.rsa, "RS256", headers={"kid": "rsa", "typ": "at+jwt"}, n=1)

        with pytest.raises(KeysUnavailable):
            accept(other)

    def test_is_known_within_a_minute(self) -> None:
        assert RememberingVerifier.SECONDS + Revocation.SECONDS < 60
