"""Schemathesis holds the running service to its contract.

All its phases and checks, as ``schemathesis.toml`` has them; the tokens come from
here. ``SCHEMATHESIS_EXAMPLES=1000`` is the long mode, ``SCHEMATHESIS_SEED`` repeats
a run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from booking_service.api.contract import operations
from booking_service.config import ROOT
from booking_service.domain.actors import Role
from booking_service.domain.permissions import OPEN_OPERATIONS, PERMISSIONS
from tests.integration.conftest import MakeShop
from tests.integration.driver import Shop, made

CONFIGURATION = ROOT / "schemathesis.toml"
# What may be answered to a well-formed request beside success and refusals, and of
# which operations. Nothing else is excused.
USUAL = {"2xx", "3xx", "401", "403", "404", "409"}
BY_METHOD = {"post": {"422"}, "put": {"412"}, "delete": {"412"}}
CROSS_FIELD_RULES = {
    "create_booking",
    "create_closure",
    "create_hold",
    "create_time_off",
    "get_availability",
    "get_explanation",
    "get_wait_accuracy",
    "list_booking_changes",
    "list_bookings",
    "list_clients",
    "list_closures",
    "list_date_overrides",
    "list_next_slots",
    "list_providers",
    "list_resources",
    "list_services",
    "list_shops",
    "list_time_off",
    "list_walk_ins",
    "list_working_hours_plans",
    "replace_date_override",
    "replace_working_hours",
    "update_booking",
    "update_closure",
    "update_time_off",
}
READ_AFTER_DELETE = {"get_booking"}


def users(shops: list[Shop]) -> dict[str, str]:
    """Tokens by name: the managers of two shops, and the other roles of the first."""
    found = {}
    for shop in shops:
        cut = shop.add_service()
        made(shop.book(cut, "10:00", shop.add_provider(cut)))
        found[shop.slug] = shop.manager.headers["Authorization"]
    for role in (Role.PLATFORM, Role.CLIENT):
        found[role.value] = shops[0].caller(role, "schemathesis").headers["Authorization"]
    return found


@pytest.fixture
def configuration(new_shop: MakeShop, tmp_path: Path) -> Path:
    """The project's configuration, and the two shops as peers."""
    shops = [new_shop(), new_shop()]
    entries = [
        f"  - name: {name}\n    fixedHeaders:\n"
        f"      - {{name: Authorization, value: {token}}}\n"
        for name, token in users(shops).items()
    ]
    tokens = tmp_path / "users.yaml"
    tokens.write_text("auth:\n" + "".join(entries), encoding="utf-8")
    peers = ", ".join(f'"{shop.slug}"' for shop in shops)
    own = CONFIGURATION.read_text(encoding="utf-8")
    file = tmp_path / "schemathesis.toml"
    file.write_text(f'{own}\n[auth.wfc]\npath = "{tokens}"\npeers = [{peers}]\n')
    return file


@pytest.mark.timeout(7200)
def test_service_keeps_its_contract(
    address: str, configuration: Path, tmp_path: Path
) -> None:
    options = ["--url", address, "--checks", "all", "--continue-on-failure"]
    if examples := os.environ.get("SCHEMATHESIS_EXAMPLES"):
        options += ["--max-examples", examples]
    if seed := os.environ.get("SCHEMATHESIS_SEED"):
        options += ["--seed", seed]

    program = str(Path(sys.executable).with_name("schemathesis"))
    run = subprocess.run(
        [
            *(program, "--config-file", str(configuration)),
            *("run", f"{address}/openapi.json", *options),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in run.stdout


class TestExcuses:
    """The configuration excuses what may be excused, where it may, and nothing else."""

    @pytest.fixture
    def parsed(self) -> dict[str, Any]:
        return tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))

    def test_are_all_there_is(self, parsed: dict[str, Any]) -> None:
        assert parsed.keys() == {"generation", "operations"}
        assert parsed["generation"] == {"max-examples": 100}
        for entry in parsed["operations"]:
            where = entry.keys() - {"checks"}
            assert len(where) == 1
            assert where <= {"include-method", "include-operation-id"}
            for check, setting in entry["checks"].items():
                assert (check, *setting) in (
                    ("positive_data_acceptance", "expected-statuses"),
                    ("use_after_free", "enabled"),
                )

    def test_are_those_of_the_table(self, parsed: dict[str, Any]) -> None:
        for _, method, definition in operations():
            name = definition["operationId"]
            # The first entry that speaks of a check is the one that counts.
            checks: dict[str, Any] = {}
            for entry in parsed["operations"]:
                if name in _all_of(entry.get("include-operation-id")) or (
                    method.upper() in _all_of(entry.get("include-method"))
                ):
                    checks = {**entry["checks"], **checks}

            excused = BY_METHOD.get(method, set())
            excused = excused | ({"400"} if name in CROSS_FIELD_RULES else set())
            accepted = checks.get("positive_data_acceptance", {}).get(
                "expected-statuses", []
            )
            assert set(accepted) - USUAL == excused, name
            assert ("use_after_free" in checks) == (name in READ_AFTER_DELETE), name


def _all_of(given: str | list[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else given or []


def test_every_operation_has_its_permissions() -> None:
    named = {definition["operationId"] for _, _, definition in operations()}

    assert named == set(PERMISSIONS) | OPEN_OPERATIONS
