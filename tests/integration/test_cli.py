"""The command line, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest

from tests.databases import TestDatabase
from tests.doubles import SETTINGS

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(database: TestDatabase, parts: object, tmp_path: Path) -> Run:
    def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "FLASK_ENV": "testing",
            "SECRET_KEY": SETTINGS.secret_key,
            "DATABASE_URL": database.app,
            "ADMIN_DATABASE_URL": database.admin,
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", "booking_service.cli", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return command


def failed(run: subprocess.CompletedProcess[str]) -> str:
    """What a command says that must fail in a sentence."""
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    return run.stderr


class TestShops:
    def test_are_made_suspended_resumed_and_deleted(self, run: Run) -> None:
        made = run("shops", "create", "cli-shop", "--timezone", "Europe/Paris")
        twice = run("shops", "create", "cli-shop", "--timezone", "Europe/Paris")
        suspended = run("shops", "suspend", "cli-shop")
        listed = run("shops", "list")
        resumed = run("shops", "resume", "cli-shop")
        deleted = run("shops", "delete", "cli-shop", "--yes")

        assert made.stdout == "cli-shop is active.\n"
        assert "is or was another shop's" in failed(twice)
        assert suspended.stdout == "cli-shop is suspended.\n"
        assert "cli-shop\tsuspended\tEurope/Paris\tcli-shop\n" in listed.stdout
        assert resumed.stdout == "cli-shop is active.\n"
        assert deleted.stdout == "cli-shop is deleted.\n"
        assert "shops checked." in run("shops", "check-zones").stdout
        assert "cli-shop" not in run("shops", "list").stdout
        assert run("shops", "purge").stdout == ""
        assert run("shops", "restore", "cli-shop").stdout == "cli-shop is active.\n"
        renamed = run("shops", "rename", "cli-shop", "cli-salon")
        assert renamed.stdout == "cli-shop is cli-salon now.\n"
        run("shops", "delete", "cli-shop", "--yes")
        purged = run("shops", "purge", "--all", "--yes")
        assert "cli-salon is gone.\n" in purged.stdout
        assert "no such shop" in failed(run("shops", "restore", "cli-salon")).lower()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["Cli Shop", "--timezone", "UTC"], "slug"),
            (["cli-other", "--timezone", "Mars"], "timezone"),
            (["cli-other", "--timezone", "UTC", "--name", "  "], "name"),
            (["cli-other", "--timezone", "UTC", "--name", "x" * 201], "name"),
        ],
    )
    def test_that_cannot_be_are_refused_in_a_sentence(
        self, run: Run, arguments: list[str], words: str
    ) -> None:
        assert words in failed(run("shops", "create", *arguments))
        assert "cli-other" not in run("shops", "list").stdout

    def test_are_not_purged_without_the_admin_login(self, run: Run) -> None:
        run("shops", "create", "cli-kept", "--timezone", "UTC")
        run("shops", "delete", "cli-kept", "--yes")

        refused = run("shops", "purge", "--all", "--yes", ADMIN_DATABASE_URL="")

        assert "ADMIN_DATABASE_URL" in failed(refused)
        assert run("shops", "restore", "cli-kept").stdout == "cli-kept is active.\n"


class TestMigrate:
    def test_changes_nothing_the_second_time(self, run: Run) -> None:
        again = run("migrate")

        assert again.returncode == 0
        assert "0 failed" in again.stderr
        assert "now at" not in again.stderr

    def test_one_broken_shop_does_not_stop_the_others(
        self, run: Run, database: TestDatabase
    ) -> None:
        for slug in ("mig-a", "mig-b", "mig-c"):
            run("shops", "create", slug, "--timezone", "UTC")
        engine = database.engine()
        with engine.begin() as connection:
            rows = connection.exec_driver_sql(
                "select slug, schema from control.shops where slug like 'mig-%%'"
            ).all()
            schemas: dict[str, str] = {row.slug: row.schema for row in rows}
            for slug in ("mig-a", "mig-c"):
                # As it was before its migration: without a table and a revision.
                schema = schemas[slug]
                connection.exec_driver_sql(f'delete from "{schema}".alembic_version')
            connection.exec_driver_sql(
                f"update \"{schemas['mig-b']}\".alembic_version set version_num = 'future'"
            )
            tables = connection.exec_driver_sql(
                "select relname from pg_class where relkind = 'r' and relname <>"
                f" 'alembic_version' and relnamespace = '{schemas['mig-c']}'::regnamespace"
            ).scalars()
            for table in tables.all():
                connection.exec_driver_sql(
                    f'drop table "{schemas["mig-c"]}"."{table}" cascade'
                )

        result = run("migrate")

        engine.dispose()
        assert result.returncode == 1
        assert "mig-a: failed" in result.stderr
        assert "mig-b: failed" in result.stderr
        assert "mig-c: now at" in result.stderr
        for slug in schemas:
            run("shops", "delete", slug, "--yes")

    def test_an_unknown_shop_is_an_error(self, run: Run) -> None:
        assert "no such shop" in failed(run("migrate", "--shop", "nobody"))

    def test_an_unprepared_database_is_named_as_such(
        self, run: Run, database: TestDatabase
    ) -> None:
        empty = database.app.replace("/booking?", "/postgres?")
        if empty == database.app:
            pytest.skip("needs the embedded server: unset TEST_DATABASE_URL")

        assert "booking-service migrate" in failed(run("shops", "list", DATABASE_URL=empty))

    def test_two_databases_are_refused(self, run: Run, database: TestDatabase) -> None:
        other = database.superuser.rpartition("/")[0] + "/template1"
        if "host=" in database.superuser:
            other = database.superuser.replace("/booking?", "/template1?")

        assert "different databases" in failed(run("migrate", ADMIN_DATABASE_URL=other))

    def test_a_login_that_inherits_is_refused(
        self, run: Run, database: TestDatabase
    ) -> None:
        said = failed(run("migrate", DATABASE_URL=database.admin))

        assert "inherits" in said


class TestToken:
    def test_prints_a_token_and_nothing_else(self, run: Run) -> None:
        printed = run("token", "--role", "client", "--shop", "anna", "--sub", "dana")

        claims = jwt.decode(
            printed.stdout.strip(),
            SETTINGS.secret_key,
            algorithms=["HS256"],
            audience="booking-service",
        )
        assert printed.stderr == ""
        assert (claims["role"], claims["shop"], claims["sub"]) == ("client", "anna", "dana")
        assert claims["exp"] - claims["iat"] == 1440 * 60

    def test_needs_no_database(self, run: Run) -> None:
        printed = run("token", "--role", "platform", DATABASE_URL="postgresql://nowhere/x")

        assert printed.returncode == 0

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--role", "manager"],
            ["--role", "king", "--shop", "anna"],
            ["--role", "manager", "--shop", "Anna!"],
            ["--role", "manager", "--shop", "anna", "--sub", ""],
            ["--role", "manager", "--shop", "anna", "--ttl", "0"],
        ],
    )
    def test_prints_none_that_would_not_be_accepted(
        self, run: Run, arguments: list[str]
    ) -> None:
        refused = run("token", *arguments)

        assert failed(refused)
        assert refused.stdout == ""

    def test_prints_none_in_production(self, run: Run) -> None:
        assert failed(run("token", "--role", "platform", FLASK_ENV="production"))


class TestOpenapi:
    def test_prints_the_contract(self, run: Run) -> None:
        assert json.loads(run("openapi").stdout)["openapi"] == "3.0.3"


class TestServe:
    def test_needs_to_know_whose_tokens_to_accept_in_production(self, run: Run) -> None:
        assert "AUTH_JWKS_URL" in failed(run("serve", FLASK_ENV="production"))

    def test_says_when_it_cannot_listen(self, run: Run) -> None:
        assert "HOST" in failed(run("serve", HOST="no.such.host.invalid"))

    def test_an_unreachable_database_is_told_in_a_sentence(self, run: Run) -> None:
        nowhere = "postgresql://nobody@127.0.0.1:1/nothing"

        assert failed(run("shops", "list", DATABASE_URL=nowhere))
