"""What can go wrong with the embedded PostgreSQL."""


class LocalDatabaseError(Exception):
    """The embedded PostgreSQL cannot be started or reached; the text says why."""
