"""Quotas that several processes count together, and a flood that leaves others alone."""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from dataclasses import replace
from typing import Any

import httpx
import pytest
import redis

from booking_service.api.quotas import Quotas
from booking_service.app import Parts, create_app
from booking_service.errors import TooManyRequests
from tests.doubles import SETTINGS
from tests.integration.conftest import MakeShop
from tests.integration.driver import Caller, made
from tests.running import serving

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")


@pytest.fixture
def shared() -> str:
    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=1).ping()
    except redis.ConnectionError:
        pytest.skip("start a Redis at REDIS_URL (redis://127.0.0.1:6379) to run this")
    return REDIS


class TestSharedQuotas:
    def test_are_counted_by_all_processes_together(self, shared: str) -> None:
        settings = replace(
            SETTINGS, rate_limit_per_subject="10/minute", rate_limit_storage=shared
        )
        claims = {"iss": "test", "sub": secrets.token_hex(8), "shop": "anna"}

        async def run() -> int:
            processes = [Quotas(settings), Quotas(settings)]
            passed = 0
            for number in range(30):
                try:
                    await processes[number % 2].spend(claims, {})
                    passed += 1
                except TooManyRequests:
                    pass
            for process in processes:
                await process.close()
            return passed

        assert asyncio.run(run()) == 10


class TestFlood:
    def test_of_one_shop_leaves_threads_for_another(
        self, parts: Parts, new_shop: MakeShop
    ) -> None:
        """One shop's requests wait for a lock that nobody gives back meanwhile."""
        flooding, other = new_shop(), new_shop()
        record = parts.shops.get(flooding.slug)
        settings = replace(parts.settings, pool_size=4, connections_per_shop=2)
        with (
            serving(create_app(settings, parts=parts)) as address,
            httpx.Client(base_url=address, timeout=30) as http,
            parts.database.main.admin_transaction(as_owner=True) as lock,
        ):
            lock.exec_driver_sql(f'lock table "{record.schema}".shop_settings')
            flood = [
                threading.Thread(target=_ask, args=(http, flooding.manager))
                for _ in range(8)
            ]
            for thread in flood:
                thread.start()

            calm = Caller(http, other.manager.headers["Authorization"].split()[1])
            for _ in range(5):
                made(calm.get("/shop"))

            assert all(thread.is_alive() for thread in flood)
            lock.rollback()
            for thread in flood:
                thread.join()


def _ask(http: httpx.Client, caller: Caller) -> Any:
    return made(http.get("/shop", headers=caller.headers))
