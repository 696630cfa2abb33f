"""What an appointment takes beside its provider: one resource of each kind."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from booking_service.domain.localtime import Span
from booking_service.domain.spans import meets, merged
from booking_service.domain.taken import Taken


@dataclass(frozen=True)
class Pool:
    """The resources of one kind around a window.

    Attributes:
        kind: As the service names it.
        taken: What is taken of each active resource, lowest id first.
    """

    kind: str
    taken: Mapping[uuid.UUID, Sequence[Taken]]

    @cached_property
    def _busy(self) -> Mapping[uuid.UUID, Sequence[Span]]:
        return {
            resource: merged(each.span for each in taken)
            for resource, taken in self.taken.items()
        }

    @cached_property
    def _of_groups(self) -> Mapping[tuple[uuid.UUID | None, int], uuid.UUID]:
        return {
            (each.provider_id, each.session): resource
            for resource, taken in self.taken.items()
            for each in taken
            if each.session is not None
        }

    def free(self, blocked: Span) -> list[uuid.UUID]:
        """The resources that nothing takes at any time of ``blocked``, lowest id first."""
        return [
            resource for resource, busy in self._busy.items() if not meets(blocked, busy)
        ]

    def of_group(self, provider: uuid.UUID, start: int) -> uuid.UUID | None:
        """The resource that a provider's group start has already, if it has one."""
        return self._of_groups.get((provider, start))


def have_room(pools: Collection[Pool], provider: uuid.UUID, start: int) -> bool:
    """Say whether a provider's group start has a resource of every kind already."""
    return bool(pools) and all(pool.of_group(provider, start) for pool in pools)


def sets_left(pools: Collection[Pool], blocked: Span) -> int | None:
    """For how many appointments there are resources; None: none are needed."""
    return min((len(pool.free(blocked)) for pool in pools), default=None)


@dataclass(frozen=True, slots=True)
class Team:
    """Who and what serves one appointment.

    Attributes:
        provider_ids: The first one leads.
        resource_ids: One of each kind that the service needs.
    """

    provider_ids: tuple[uuid.UUID, ...]
    resource_ids: tuple[uuid.UUID, ...] = ()

    @property
    def everyone(self) -> list[uuid.UUID]:
        """All that is taken, in the order in which it is."""
        return sorted({*self.provider_ids, *self.resource_ids})


def assembled(
    provider_ids: Sequence[uuid.UUID],
    choices: Collection[Sequence[uuid.UUID]],
    lost: Collection[uuid.UUID],
) -> Team | None:
    """The next team to try.

    Args:
        provider_ids: Who is to serve together.
        choices: For each kind the resources to choose from, the best first.
        lost: Who and what was found to be taken meanwhile.

    Returns:
        None if nobody is left to try.
    """
    if any(provider in lost for provider in provider_ids):
        return None
    chosen: list[uuid.UUID] = []
    for resources in choices:
        left = next((each for each in resources if each not in lost), None)
        if left is None:
            return None
        chosen.append(left)
    return Team(tuple(provider_ids), tuple(chosen))
