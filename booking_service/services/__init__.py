"""Use cases, one file per resource: read, guard, change, announce, return.

Each takes a transaction that is pinned to the shop and never ends it.
"""
