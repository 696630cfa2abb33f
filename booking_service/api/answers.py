"""How handlers answer, and the tags by which answers are known again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import flask
from werkzeug.datastructures import ETags

from booking_service.api import exchange
from booking_service.api.problems import CONTENT_TYPE
from booking_service.errors import PreconditionFailed
from booking_service.repositories.paging import Page
from booking_service.services.idempotency import Reply

Row = TypeVar("Row")
Json = Mapping[str, Any]

# Of one bearer, and asked for again with its tag each time.
PRIVATE = "private, no-cache"
PUBLIC = "public, max-age=300"
NEVER = "no-store"
# Members that time alone changes, or that are told once: no change is ever meant for
# their state.
PASSING = frozenset(
    {
        "path",
        "position",
        "parties_ahead",
        "estimated_start_at",
        "estimated_wait_minutes",
        "estimate_basis",
    }
)
# What the edge adds to the tag of an answer that it compresses.
GZIPPED = "-gzip"


def ok(resource: Json, *, caching: str = PRIVATE) -> flask.Response:
    """200 with a resource and its tag; 304 if the asker has it already."""
    body = flask.json.dumps(resource)
    tag = _tag_of_resource(body, resource)
    return kept(tag, caching) or tagged(body, tag, caching)


def created(resource: Json, *, location: str) -> Reply:
    """201 with a resource, its tag and its path."""
    return Reply(201, flask.json.dumps(resource), location)


def sent(reply: Reply) -> flask.Response:
    """What was answered, now or at the first of several equal requests."""
    response = _response(reply.body, reply.status, NEVER)
    if reply.status < 400:
        tag = _tag_of_resource(reply.body, flask.json.loads(reply.body))
        response.headers["ETag"] = f'"{tag}"'
        response.headers["Location"] = reply.location
    else:
        response.content_type = CONTENT_TYPE
    if reply.is_replay:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def listed(page: Page[Row], serialise: Callable[[Row], Json]) -> flask.Response:
    """200 with a page of a list."""
    items = [serialise(row) for row in page.items]
    return ok({"items": items, "next_cursor": exchange.next_cursor(page.next_key)})


def plain(document: Json) -> flask.Response:
    """200 with a document that is true for this moment only."""
    return _response(flask.json.dumps(document), 200, NEVER)


def page(html: str) -> flask.Response:
    """200 with a public page for people, or 304."""
    tag = tag_of(html)
    found = kept(tag, PUBLIC)
    if found is None:
        found = tagged(html, tag, PUBLIC)
        found.content_type = "text/html; charset=utf-8"
    return found


def calendar(document: str) -> flask.Response:
    """200 with an iCalendar object, or 304."""
    tag = tag_of(document)
    found = kept(tag)
    if found is None:
        found = tagged(document, tag)
        found.content_type = "text/calendar; charset=utf-8"
    return found


def gone() -> flask.Response:
    """204."""
    response = flask.Response(status=204, headers={"Cache-Control": NEVER})
    del response.headers["Content-Type"]  # of nothing
    return response


def tagged(body: str, tag: str, caching: str = PRIVATE) -> flask.Response:
    """200 with a body and its tag."""
    changes = flask.request.method not in ("GET", "HEAD")
    response = _response(body, 200, NEVER if changes else caching)
    response.headers["ETag"] = f'"{tag}"'
    return response


def kept(tag: str, caching: str = PRIVATE) -> flask.Response | None:
    """304 if a reader has the answer with this tag already, else None."""
    if flask.request.method not in ("GET", "HEAD"):
        return None
    if flask.request.if_none_match.star_tag or tag in known_tags():
        return unchanged(tag, caching)
    return None


def unchanged(tag: str, caching: str = PRIVATE) -> flask.Response:
    """304: the answer with this tag is still true."""
    response = flask.Response(status=304)
    del response.headers["Content-Type"]  # of nothing
    response.headers["Cache-Control"] = caching
    # The tag in the form in which the asker has it.
    variant = f"{tag}{GZIPPED}"
    has_variant = variant in _all_of(flask.request.if_none_match)
    response.headers["ETag"] = f'"{variant if has_variant else tag}"'
    response.headers["Vary"] = "Accept-Encoding"
    return response


def known_tags() -> list[str]:
    """The tags of answers that the asker has."""
    return [_plain(each) for each in _all_of(flask.request.if_none_match)]


def guard(serialise: Callable[[Row], Json]) -> Callable[[Row | None], None]:
    """What refuses a change of another state than the one the request names.

    Args:
        serialise: Makes the record's answer, but for members that pass, whose tag
            ``If-Match`` and ``If-None-Match`` (RFC 9110, section 13) are held against.

    Returns:
        For a service to call with the record as it stands, locked; None is one
        that is not there. Raises :class:`PreconditionFailed`.
    """
    wanted, unwanted = flask.request.if_match, flask.request.if_none_match
    needs_match = "If-Match" in flask.request.headers

    def check(record: Row | None) -> None:
        if not needs_match and not unwanted:
            return
        tag = None if record is None else tag_of(flask.json.dumps(serialise(record)))
        if needs_match and not _matches(wanted, tag):
            raise PreconditionFailed
        if unwanted.star_tag and tag is not None:
            raise PreconditionFailed
        if tag is not None and tag in map(_lasting, _all_of(unwanted)):
            raise PreconditionFailed

    return check


def tag_of(body: str) -> str:
    """A short text that differs when the answer does."""
    return hashlib.blake2b(body.encode(), digest_size=12).hexdigest()


def _tag_of_resource(body: str, resource: Json) -> str:
    """A tag of an answer, which begins with one of what does not pass by itself."""
    tag = tag_of(body)
    if PASSING.isdisjoint(resource):
        return tag
    lasting = {name: each for name, each in resource.items() if name not in PASSING}
    return f"{tag_of(flask.json.dumps(lasting))}.{tag}"


def _matches(tags: ETags, tag: str | None) -> bool:
    if tag is None:
        return False
    return tags.star_tag or tag in map(_lasting, tags.as_set())


def _all_of(tags: ETags) -> list[str]:
    # Reading may compare weakly (RFC 9110, section 13.1.2).
    return [str(each) for each in tags.as_set(include_weak=True)]


def _plain(tag: str) -> str:
    return tag.removesuffix(GZIPPED)


def _lasting(tag: str) -> str:
    """The part of a tag that speaks for what a change may be meant for."""
    return _plain(tag).partition(".")[0]


def _response(body: str, status: int, caching: str) -> flask.Response:
    headers = {"Cache-Control": caching}
    return flask.Response(body, status, headers, content_type="application/json")
