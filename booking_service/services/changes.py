"""What a PUT leaves out stays: the difference between absent and null."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from sqlalchemy.orm.attributes import flag_modified

Changes = Mapping[str, Any]
Record = TypeVar("Record")
# Called with a record as it stands, locked, before it is changed; None is one that
# is not there. Raises PreconditionFailed if the change was meant for another state.
Guard: TypeAlias = Callable[[Record | None], None]


def unguarded(_record: object) -> None:
    """Let a change pass, whatever the record is now."""


def apply(record: object, changes: Changes) -> tuple[str, ...]:
    """Set the named attributes that differ.

    Args:
        record: A model.
        changes: New values by attribute; what is not in it stays.

    Returns:
        The names of those that differed.
    """
    differing = {
        name: value for name, value in changes.items() if getattr(record, name) != value
    }
    for name, value in differing.items():
        setattr(record, name, value)
    return tuple(differing)


def touch(record: Any, now: dt.datetime) -> None:
    """Stamp a record as changed, which also raises its version.

    Twice in one instant too, and where only what belongs to it has changed.
    """
    record.updated_at = now
    flag_modified(record, "updated_at")
