"""Whether the process lives, whatever its database does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import httpx
from sqlalchemy.orm import Session

from booking_service.app import assemble, create_app
from tests.doubles import SETTINGS, NoDatabase, TrustingVerifier


class HangingDatabase(NoDatabase):
    """Takes every transaction and answers none until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let_go = threading.Semaphore(0), threading.Event()

    @contextmanager
    def control_transaction(self) -> Iterator[Session]:
        self.asked.release()
        assert self.let_go.wait(30)
        yield self._reach()


def test_liveness_does_not_wait_behind_a_database_that_hangs() -> None:
    settings = replace(SETTINGS, database_url="postgresql://nobody@nowhere/", pool_size=2)
    database = HangingDatabase()
    parts = replace(assemble(settings), database=database)
    app = create_app(settings, parts=parts, verifier=TrustingVerifier())

    async def run() -> tuple[int, bool]:
        transport = httpx.ASGITransport(app=cast(Any, app))
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as http:
            stuck = [asyncio.create_task(http.get("/health/ready")) for _ in range(4)]
            for _ in range(settings.pool_size):
                await asyncio.to_thread(database.asked.acquire, timeout=30)
            live = await asyncio.wait_for(http.get("/health/live"), 30)
            still = not any(task.done() for task in stuck)
            database.let_go.set()
            await asyncio.gather(*stuck)
            return live.status_code, still

    assert asyncio.run(run()) == (200, True)
