"""How much each may ask for, and how many at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from limits.aio.storage import MemoryStorage

from booking_service.api import quotas
from booking_service.api.quotas import HEADERS, Quotas, Turns
from booking_service.app import create_app
from booking_service.config import ConfigurationError, Settings
from booking_service.errors import ShopBusy, TooManyRequests
from tests.doubles import SETTINGS, TrustingVerifier, ask, bearer

PRODUCTION = {"SECRET_KEY": "x" * 32, "DATABASE_URL": "postgresql://app@db/booking"}


def claims(subject: str = "dana", shop: str | None = "anna") -> dict[str, Any]:
    return {"iss": "test", "sub": subject, "shop": shop}


class Spender:
    """Spends from quotas, request by request, on one event loop."""

    def __init__(self, **limits: str) -> None:
        self.quotas = Quotas(replace(SETTINGS, **limits))  # type: ignore[arg-type] # fields of Settings
        self.told: dict[str, str] = {}

    async def passes(self, subject: str = "dana", shop: str | None = "anna") -> bool:
        scope: dict[str, Any] = {}
        try:
            await self.quotas.spend(claims(subject, shop), scope)
        except TooManyRequests:
            return False
        finally:
            fields = scope["state"].get(HEADERS, ())
            self.told = {name.decode(): value.decode() for name, value in fields}
        return True

    async def count(self, most: int, **whose: Any) -> int:
        return sum([await self.passes(**whose) for _ in range(most)])


class TestQuotas:
    def test_of_one_bearer_are_no_others(self) -> None:
        async def run() -> None:
            spender = Spender(rate_limit_per_subject="5/minute")

            assert await spender.count(9) == 5
            assert await spender.count(9, subject="erik") == 5
            assert await spender.count(9, shop="bert") == 5
            assert await spender.count(9, shop=None) == 5

        asyncio.run(run())

    def test_of_a_shop_are_shared_by_its_bearers(self) -> None:
        async def run() -> None:
            spender = Spender(
                rate_limit_per_subject="5/minute", rate_limit_per_shop="7/minute"
            )

            assert await spender.count(9) == 5
            assert await spender.count(9, subject="erik") == 2
            assert await spender.count(9, shop="bert") == 5
            assert await spender.count(9, shop=None) == 5

        asyncio.run(run())

    def test_what_a_bearer_is_refused_costs_its_shop_nothing(self) -> None:
        async def run() -> None:
            spender = Spender(
                rate_limit_per_subject="1/minute", rate_limit_per_shop="3/minute"
            )
            assert await spender.count(50) == 1

            assert (
                await spender.count(1, subject="a") + await spender.count(1, subject="b")
                == 2
            )

        asyncio.run(run())

    def test_are_told(self) -> None:
        async def run() -> None:
            spender = Spender(
                rate_limit_per_subject="5/minute", rate_limit_per_shop="7/hour"
            )
            await spender.count(2)

            policy, left = spender.told["ratelimit-policy"], spender.told["ratelimit"]

            assert policy == '"subject";q=5;w=60, "shop";q=7;w=3600'
            subject, shop = left.split(", ")
            assert subject.startswith('"subject";r=3;t=')
            assert shop.startswith('"shop";r=5;t=')

        asyncio.run(run())

    def test_that_are_off_tell_nothing(self) -> None:
        async def run() -> None:
            spender = Spender()

            assert await spender.count(20) == 20
            assert spender.told == {}

        asyncio.run(run())

    def test_are_counted_here_while_the_store_is_away(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Away(MemoryStorage):
            async def acquire_sliding_window_entry(self, *_: Any, **__: Any) -> bool:
                raise ConnectionError("redis://secret@nowhere")

        monkeypatch.setattr(quotas, "_redis", lambda _: Away())

        async def run() -> None:
            spender = Spender(
                rate_limit_per_subject="5/minute", rate_limit_storage="redis://nowhere"
            )

            assert await spender.count(9) == 5

        asyncio.run(run())


class TestOverHttp:
    def test_a_refusal_is_a_problem_that_says_when_to_go_on(self) -> None:
        settings = replace(
            SETTINGS,
            database_url="postgresql://nobody@nowhere/",
            rate_limit_per_subject="1/minute",
        )
        app = create_app(settings, verifier=TrustingVerifier())
        path, token = "/platform/shops?limit=0", bearer("platform")

        first, second = (ask(app, "GET", path, headers=token) for _ in range(2))

        assert first.status_code == 400
        assert first.headers["ratelimit"].startswith('"subject";r=0;t=')
        assert second.status_code == 429
        assert second.json()["type"] == "/problems/too-many-requests"
        assert 0 < int(second.headers["retry-after"]) <= 120
        assert second.headers["ratelimit-policy"] == '"subject";q=1;w=60'
        assert ask(app, "GET", "/health/live").status_code == 200


class TestSettings:
    def test_production_has_quotas_and_development_has_none(self) -> None:
        production = Settings.from_mapping(PRODUCTION)
        development = Settings.from_mapping(PRODUCTION | {"FLASK_ENV": "development"})

        assert production.rate_limit_per_subject == "600/minute"
        assert production.rate_limit_per_shop == "6000/minute"
        assert development.rate_limit_per_subject is None

    def test_quotas_can_be_set_and_switched_off(self) -> None:
        off = {"RATE_LIMIT_PER_SUBJECT": "off", "RATE_LIMIT_PER_SHOP": "9/second"}

        settings = Settings.from_mapping(PRODUCTION | off)

        assert settings.rate_limit_per_subject is None
        assert settings.rate_limit_per_shop == "9/second"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("RATE_LIMIT_PER_SUBJECT", "many"),
            ("RATE_LIMIT_PER_SUBJECT", "0/minute"),
            ("RATE_LIMIT_PER_SHOP", "5/fortnight"),
            ("RATE_LIMIT_STORAGE", "postgresql://x"),
            ("DATABASE_CONNECTIONS_PER_SHOP", "-1"),
        ],
    )
    def test_others_are_refused(self, name: str, value: str) -> None:
        with pytest.raises(ConfigurationError, match=name):
            Settings.from_mapping(PRODUCTION | {name: value})


class TestTurns:
    def test_a_shop_waits_for_itself_and_for_no_other(self) -> None:
        async def run() -> None:
            turns, go_on = Turns(2), asyncio.Event()
            at_work: list[str] = []

            async def work(shop: str) -> None:
                async with turns.turn(shop):
                    at_work.append(shop)
                    await go_on.wait()

            flood = [asyncio.create_task(work("a")) for _ in range(9)]
            await asyncio.sleep(0)
            other = asyncio.create_task(work("b"))
            await asyncio.sleep(0)

            assert sorted(at_work) == ["a", "a", "b"]
            go_on.set()
            await asyncio.gather(*flood, other)
            assert len(at_work) == 10
            assert turns._of == {}

        asyncio.run(run())

    def test_nobody_waits_for_ever(self) -> None:
        async def run() -> None:
            turns = Turns(1, wait=0.01)
            async with turns.turn("a"):
                with pytest.raises(ShopBusy):
                    async with turns.turn("a"):
                        pass
                async with turns.turn("b"), turns.turn(None):
                    pass
            async with turns.turn("a"):
                pass
            assert turns._of == {}

        asyncio.run(run())
