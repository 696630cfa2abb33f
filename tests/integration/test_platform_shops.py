"""Shops from the platform's side: the API, the registry and provisioning."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from booking_service.api.tokens import development_token
from booking_service.app import Parts, assemble
from booking_service.domain.actors import Role
from booking_service.services.housekeeping import Housekeeping
from tenants import provisioning
from tenants.errors import (
    ProvisioningUnavailable,
    ShopNotFound,
    ShopSuspended,
    ShopUnknown,
)
from tenants.models import Status
from tenants.registry import Registry
from tests.clocks import SettableClock
from tests.databases import one_value
from tests.integration.conftest import MakeShop
from tests.integration.driver import Caller, Shop, made, refused
from tests.integration.test_races import at_once

_slugs = (f"platform-{number}" for number in itertools.count(1))


@pytest.fixture
def slug() -> str:
    return next(_slugs)


def body(slug: str, **changes: Any) -> dict[str, Any]:
    return {"slug": slug, "name": "Anna", "timezone": "Europe/Berlin", **changes}


class TestCreateShop:
    def test_makes_a_shop_that_can_be_entered_at_once(
        self, platform: Caller, shop: Shop, slug: str
    ) -> None:
        answer = platform.post("/platform/shops", **body(slug))

        assert answer.status_code == 201
        assert answer.headers["location"] == f"/platform/shops/{slug}"
        assert made(answer) == body(slug, status="active")
        assert made(platform.get(f"/platform/shops/{slug}")) == body(slug, status="active")
        settings = made(replace(shop, slug=slug).manager.get("/shop"))
        assert (settings["slug"], settings["timezone"]) == (slug, "Europe/Berlin")

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("slug", ""),
            ("slug", "Anna"),
            ("slug", "-anna"),
            ("slug", "anna-"),
            ("slug", "an na"),
            ("slug", "ánna"),
            ("slug", "anna\n"),
            ("slug", "x" * 64),
            ("slug", "anna'; drop schema control cascade; --"),
            ("timezone", "Mars/Olympus"),
            ("timezone", "europe/berlin"),
            ("name", ""),
        ],
    )
    def test_names_a_bad_member_and_makes_nothing(
        self, platform: Caller, slug: str, member: str, value: str, superuser: Engine
    ) -> None:
        before = one_value(superuser, "select count(*) from control.shops")

        answer = platform.post("/platform/shops", **body(slug) | {member: value})

        problem = refused(answer, 400, "invalid-input")
        assert problem["errors"][0]["pointer"] == f"/{member}"
        assert one_value(superuser, "select count(*) from control.shops") == before

    def test_a_slug_is_used_once_for_ever(self, platform: Caller, slug: str) -> None:
        made(platform.post("/platform/shops", **body(slug)))

        refused(platform.post("/platform/shops", **body(slug)), 409, "slug-in-use")
        assert platform.delete(f"/platform/shops/{slug}").status_code == 204
        refused(platform.post("/platform/shops", **body(slug)), 409, "slug-in-use")

    def test_of_many_who_want_one_slug_one_gets_it(
        self, platform: Caller, slug: str
    ) -> None:
        statuses: list[int] = []
        start = threading.Barrier(6)

        def create() -> None:
            start.wait()
            statuses.append(platform.post("/platform/shops", **body(slug)).status_code)

        threads = [threading.Thread(target=create) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(statuses) == [201, 409, 409, 409, 409, 409]
        assert made(platform.get(f"/platform/shops/{slug}"))["status"] == "active"

    def test_what_was_cut_off_is_taken_up_again(
        self,
        platform: Caller,
        slug: str,
        monkeypatch: pytest.MonkeyPatch,
        superuser: Engine,
    ) -> None:
        def cut_off(*_: object) -> None:
            raise RuntimeError("the power went")

        monkeypatch.setattr(provisioning.Provisioner, "_fill", cut_off)
        assert platform.post("/platform/shops", **body(slug)).status_code == 500
        half = made(platform.get(f"/platform/shops/{slug}"))
        schema = "select schema from control.shops where slug = :slug"
        made_schema = "select count(*) from pg_namespace where nspname = :name"
        name = one_value(superuser, schema, slug=slug)
        assert one_value(superuser, made_schema, name=name) == 0
        monkeypatch.undo()

        whole = made(platform.post("/platform/shops", **body(slug)))

        assert (half["status"], whole["status"]) == ("provisioning", "active")

    def test_needs_the_admin_login(
        self, parts: Parts, slug: str, superuser: Engine
    ) -> None:
        alone = assemble(replace(parts.settings, admin_database_url=None))

        with pytest.raises(ProvisioningUnavailable):
            alone.shops.create(slug=slug, name="x", timezone="UTC", issuer="x")

        registered = "select count(*) from control.shop_slugs where slug = :slug"
        assert one_value(superuser, registered, slug=slug) == 0
        alone.database.dispose()


class TestLifeOfAShop:
    def test_a_suspended_shop_lets_nobody_in_until_it_is_resumed(
        self, platform: Caller, shop: Shop
    ) -> None:
        path = f"/platform/shops/{shop.slug}"
        made(shop.manager.get("/shop"))

        assert made(platform.put(path, status="suspended"))["status"] == "suspended"
        refused(shop.manager.get("/shop"), 403, "shop-suspended")
        assert made(platform.put(path, status="active"))["status"] == "active"
        made(shop.manager.get("/shop"))

    def test_a_deleted_shop_is_gone_at_once_for_all_and_its_data_after_a_time(
        self,
        platform: Caller,
        shop: Shop,
        parts: Parts,
        superuser: Engine,
        clock: SettableClock,
    ) -> None:
        cut = shop.add_service()
        made(shop.book(cut, "10:00", shop.add_provider(cut)))
        row = "select {} from control.shops where slug = :slug"
        schema = one_value(superuser, row.format("schema"), slug=shop.slug)
        role = one_value(superuser, row.format("role"), slug=shop.slug)

        def left() -> list[object]:
            return [
                one_value(superuser, query, name=name)
                for query, name in (
                    ("select count(*) from pg_namespace where nspname = :name", schema),
                    ("select count(*) from pg_roles where rolname = :name", role),
                    ("select count(*) from control.outbox where shop_role = :name", role),
                    ("select count(*) from control.shop_roles where name = :name", role),
                )
            ]

        assert platform.delete(f"/platform/shops/{shop.slug}").status_code == 204

        refused(platform.get(f"/platform/shops/{shop.slug}"), 404, "not-found")
        refused(platform.delete(f"/platform/shops/{shop.slug}"), 404, "not-found")
        refused(
            platform.put(f"/platform/shops/{shop.slug}", status="active"), 404, "not-found"
        )
        refused(shop.manager.get("/shop"), 403, "shop-unknown")
        assert left() == [1, 1, 1, 1]
        keeping = Housekeeping(parts.database, clock=clock, shops=parts.shops)
        clock.now += dt.timedelta(days=30, seconds=-1)
        keeping.step()
        assert left() == [1, 1, 1, 1]
        clock.now += dt.timedelta(hours=1)
        while keeping.step():
            pass
        assert left() == [0, 0, 0, 0]
        with pytest.raises(ShopNotFound):
            parts.shops.restore(shop.slug)

    def test_a_deletion_can_be_taken_back(
        self, platform: Caller, shop: Shop, parts: Parts
    ) -> None:
        cut = shop.add_service()
        with pytest.raises(ShopNotFound):
            parts.shops.restore(shop.slug)
        platform.delete(f"/platform/shops/{shop.slug}")

        restored = parts.shops.restore(shop.slug)

        assert restored.status == "suspended"
        refused(shop.manager.get("/shop"), 403, "shop-suspended")
        made(platform.put(f"/platform/shops/{shop.slug}", status="active"))
        made(shop.manager.get(f"/services/{cut['id']}"))
        assert shop.slug not in parts.shops.purge(now=None)

    def test_another_process_learns_of_an_end_from_the_database(
        self, parts: Parts, platform: Caller, shop: Shop
    ) -> None:
        other = Registry(parts.database)
        claims = {
            "iss": parts.settings.auth_issuer,
            "shop": shop.slug,
            "iat": dt.datetime.now(dt.UTC).timestamp() + 1,
        }
        bound = other.bind(claims)
        platform.delete(f"/platform/shops/{shop.slug}")
        parts.shops.purge(now=None)

        with (
            pytest.raises(ShopUnknown),
            parts.database.shop_transaction(other.bind(claims)),
        ):
            pass
        assert bound.slug == shop.slug

    def test_shops_are_listed_by_slug_in_pages(self, platform: Caller, shop: Shop) -> None:
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = made(platform.get("/platform/shops", limit=7, **cursor))
            seen += [each["slug"] for each in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}

        assert shop.slug in seen
        assert seen == sorted(seen)
        assert len(seen) == len(set(seen))

    def test_renaming_keeps_former_slugs_for_the_shop(
        self, platform: Caller, shop: Shop, new_shop: MakeShop, parts: Parts, slug: str
    ) -> None:
        other, cut = new_shop(), shop.add_service()
        path = f"/platform/shops/{shop.slug}"
        refused(platform.put(path, slug=other.slug), 409, "slug-in-use")
        refused(platform.put(path, slug="No Slug"), 400, "invalid-input")

        renamed = made(platform.put(path, slug=slug))

        assert renamed == {**renamed, "slug": slug, "status": "active"}
        by_new = Shop(slug, parts, shop.http).manager
        for manager in (shop.manager, by_new):
            assert made(manager.get("/shop"))["slug"] == slug
            made(manager.get(f"/services/{cut['id']}"))
        assert made(platform.get(path)) == renamed
        listed = made(platform.get("/platform/shops", limit=200))["items"]
        assert shop.slug not in [each["slug"] for each in listed]
        new = {"slug": shop.slug, "name": "X", "timezone": "UTC"}
        refused(platform.post("/platform/shops", **new), 409, "slug-in-use")
        taken = platform.put(f"/platform/shops/{other.slug}", slug=shop.slug)
        refused(taken, 409, "slug-in-use")
        assert made(platform.put(path, slug=shop.slug))["slug"] == shop.slug

    def test_a_stop_and_a_name_are_known_to_every_process_within_seconds(
        self, platform: Caller, shop: Shop, parts: Parts, slug: str
    ) -> None:
        """Another process remembers a shop for so long, and no longer."""
        now = [0.0]
        other = Registry(parts.database, timer=lambda: now[0])
        claims = {
            "iss": parts.settings.auth_issuer,
            "shop": shop.slug,
            "iat": dt.datetime.now(dt.UTC).timestamp() + 1,
        }
        assert other.bind(claims).slug == shop.slug
        path = f"/platform/shops/{shop.slug}"
        made(platform.put(path, slug=slug, status="suspended"))

        now[0] = 5.0

        with pytest.raises(ShopSuspended):
            other.bind(claims)
        made(platform.put(path, status="active"))
        now[0] = 10.0
        assert other.bind(claims).slug == slug

    def test_one_name_for_two_is_given_to_one(
        self, platform: Caller, new_shop: MakeShop, slug: str
    ) -> None:
        paths = [f"/platform/shops/{new_shop().slug}" for _ in range(8)]

        statuses = at_once(
            *(lambda path=path: platform.put(path, slug=slug).status_code for path in paths)
        )

        assert statuses == {200: 1, 409: 7}

    def test_unknown_shops_are_not_found(self, platform: Caller) -> None:
        for answer in (
            platform.get("/platform/shops/nobody"),
            platform.put("/platform/shops/nobody", status="suspended"),
            platform.delete("/platform/shops/nobody"),
        ):
            refused(answer, 404, "not-found")


class TestBinding:
    def claims(self, parts: Parts, to: Shop, **changes: object) -> dict[str, object]:
        now = dt.datetime.now(dt.UTC).timestamp()
        base = {"iss": parts.settings.auth_issuer, "shop": to.slug, "iat": now + 1}
        return base | changes

    def test_needs_the_shops_own_issuer(self, parts: Parts, shop: Shop) -> None:
        with pytest.raises(ShopUnknown):
            parts.registry.bind(self.claims(parts, shop, iss="https://elsewhere"))

    def test_refuses_a_token_older_than_the_shop(self, parts: Parts, shop: Shop) -> None:
        hour_ago = dt.datetime.now(dt.UTC).timestamp() - 3600

        with pytest.raises(ShopUnknown):
            parts.registry.bind(self.claims(parts, shop, iat=hour_ago))

    @pytest.mark.parametrize(
        "slug", [None, ["anna"], "nobody", "' or true --", "x" * 500, "a\x00", "\ud800"]
    )
    def test_refuses_what_is_no_slug(self, parts: Parts, shop: Shop, slug: object) -> None:
        with pytest.raises(ShopUnknown):
            parts.registry.bind(self.claims(parts, shop, shop=slug))

    def test_a_former_slug_still_leads_to_the_shop(
        self, parts: Parts, shop: Shop, superuser: Engine, slug: str
    ) -> None:
        with superuser.begin() as connection:
            connection.execute(
                text(
                    "insert into control.shop_slugs select :new, id from control.shops"
                    " where slug = :old"
                ),
                {"new": slug, "old": shop.slug},
            )
            connection.execute(
                text("update control.shops set slug = :new where slug = :old"),
                {"new": slug, "old": shop.slug},
            )

        assert parts.registry.bind(self.claims(parts, shop)).slug == slug

    def test_a_platform_token_opens_no_shop(self, platform: Caller) -> None:
        refused(platform.get("/shop"), 403, "role-may-not")

    def test_a_shop_token_opens_no_platform(self, shop: Shop) -> None:
        refused(shop.manager.get("/platform/shops"), 403, "role-may-not")

    def test_a_token_without_a_shop_opens_none(self, parts: Parts, shop: Shop) -> None:
        token = development_token(
            parts.settings,
            role=Role.MANAGER,
            shop=None,
            subject="mia",
            ttl=dt.timedelta(hours=1),
            now=dt.datetime.now(dt.UTC),
        )

        refused(Caller(shop.http, token).get("/shop"), 403, "shop-unknown")

    def test_status_is_what_the_registry_says(self, parts: Parts, shop: Shop) -> None:
        assert parts.registry.bind(self.claims(parts, shop)).status == Status.ACTIVE
