"""The operating-system account under which PostgreSQL runs.

PostgreSQL refuses to run as root, so root drops to the account ``nobody``;
everyone else stays who they are.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from booking_service.localdb.errors import LocalDatabaseError

UNPRIVILEGED = "nobody"


class Identity(TypedDict, total=False):
    """The keyword arguments of :class:`subprocess.Popen` that change the user."""

    user: int
    group: int
    extra_groups: Sequence[int]


@dataclass(frozen=True)
class Account:
    """A user and its group; ``switches`` is true where we have to become it."""

    uid: int
    gid: int
    switches: bool

    @classmethod
    def current(cls) -> Account:
        """Choose the account for this process's servers.

        Raises:
            LocalDatabaseError: We are root and there is no account to drop to.
        """
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), switches=False)
        try:
            entry = pwd.getpwnam(UNPRIVILEGED)
        except KeyError as error:
            raise LocalDatabaseError(
                f"PostgreSQL does not run as root and there is no user {UNPRIVILEGED!r}"
            ) from error
        return cls(entry.pw_uid, entry.pw_gid, switches=True)

    def identity(self) -> Identity:
        """The arguments that make :class:`subprocess.Popen` become this account."""
        if not self.switches:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Give ``folder`` to the account, with access for nobody else."""
        folder.chmod(0o700)
        if self.switches:
            os.chown(folder, self.uid, self.gid)

    def reaches(self, folder: Path) -> bool:
        """Say whether the account may enter ``folder`` and everything above it."""
        if not self.switches:
            return True
        for step in (folder, *folder.parents):
            status = step.stat()
            if status.st_uid == self.uid:
                allowed = status.st_mode & stat.S_IXUSR
            elif status.st_gid == self.gid:
                allowed = status.st_mode & stat.S_IXGRP
            else:
                allowed = status.st_mode & stat.S_IXOTH
            if not allowed:
                return False
        return True
