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

import pytest

from booking_service.api.contract import operations
from booking_service.config import ROOT
from booking_service.domain.actors import Role
from booking_service.domain.permissions import OPEN_OPERATIONS, PERMISSIONS
from tests.integration.conftest import MakeShop
from tests.integration.driver import Shop, made

CONFIGURATION = ROOT / "schemathesis.toml"
# What may be excused, and of which operations: everything else is a failure.
EXCUSES = {
    "positive_data_acceptance": {"400", "412", "422"},
    "use_after_free": {"cancel_booking", "get_booking", "update_booking"},
}
ALWAYS = {"2xx", "3xx", "401", "403", "404", "409"}


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
    """The configuration excuses what may be excused, and nothing else."""

    @pytest.fixture
    def entries(self) -> list[dict[str, object]]:
        parsed = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))
        assert set(parsed) == {"generation", "operations"}
        found: list[dict[str, object]] = parsed["operations"]
        return found

    def test_are_of_known_kinds(self, entries: list[dict[str, object]]) -> None:
        for entry in entries:
            checks = entry["checks"]
            assert isinstance(checks, dict)
            assert set(checks) <= set(EXCUSES)
            accepted = checks.get("positive_data_acceptance", {}).get(
                "expected-statuses", []
            )
            assert set(accepted) <= ALWAYS | EXCUSES["positive_data_acceptance"]
            if "use_after_free" in checks:
                named = entry["include-operation-id"]
                assert isinstance(named, list)
                assert set(named) == EXCUSES["use_after_free"]

    def test_name_operations_that_there_are(self, entries: list[dict[str, object]]) -> None:
        known = {definition["operationId"] for _, _, definition in operations()}
        for entry in entries:
            named = entry.get("include-operation-id", [])
            assert isinstance(named, list)
            assert set(named) <= known


def test_every_operation_has_its_permissions() -> None:
    named = {definition["operationId"] for _, _, definition in operations()}

    assert named == set(PERMISSIONS) | OPEN_OPERATIONS
