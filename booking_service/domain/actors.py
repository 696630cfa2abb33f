"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The roles a token may name."""

    CLIENT = "client"
    PROVIDER = "provider"
    MANAGER = "manager"
    PLATFORM = "platform"


class Scope(StrEnum):
    """How far a role's access to an operation reaches."""

    OWN = "own"
    ALL = "all"


@dataclass(frozen=True)
class Actor:
    """The bearer of the request's token.

    Attributes:
        subject: The token's ``sub``.
        scope: Whose records it may work on, in the operation at hand.
    """

    role: Role
    subject: str
    scope: Scope

    @property
    def is_client(self) -> bool:
        """Books for itself."""
        return self.role is Role.CLIENT

    @property
    def is_manager(self) -> bool:
        """Runs the shop."""
        return self.role is Role.MANAGER

    @property
    def is_provider(self) -> bool:
        """Sees to its own calendar."""
        return self.role is Role.PROVIDER
