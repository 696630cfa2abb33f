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


@dataclass(frozen=True)
class Actor:
    """The bearer of the request's token; ``subject`` is the token's ``sub``."""

    role: Role
    subject: str

    @property
    def is_client(self) -> bool:
        """Books for itself."""
        return self.role is Role.CLIENT

    @property
    def is_provider(self) -> bool:
        """Sees to its own calendar."""
        return self.role is Role.PROVIDER
