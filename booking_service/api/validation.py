"""Validates requests against the contract and names everything that is wrong.

Takes the place of Connexion's own validation: all errors instead of the first,
strict JSON, and schemas that are compiled once instead of for every request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
from connexion.middleware.request_validation import (
    RequestValidationAPI,
    RequestValidationMiddleware,
)
from connexion.operations import AbstractOperation
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from booking_service.api import strict_json
from booking_service.api.contract import dereferenced
from booking_service.api.times import is_date, is_instant
from booking_service.errors import FieldError, InvalidInput, UnsupportedMediaType

_ABOUT_BODY = frozenset(
    {b"content-type", b"content-length", b"content-encoding", b"transfer-encoding"}
)
MOST_ERRORS = 50
LONGEST_DETAIL = 200
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def _is_uuid(text: object) -> bool:
    return not isinstance(text, str) or _UUID.fullmatch(text) is not None


FORMATS = {"uuid": _is_uuid, "date-time": is_instant, "date": is_date}
_MEANT = {
    "uuid": "must be a UUID",
    "date-time": "must be an RFC 3339 date-time with an offset, like 2030-01-31T09:00:00Z",
    "date": "must be a date like 2030-01-31",
}
# What the contract's patterns mean, for those who do not read them.
FORMS = {
    r"^[^\u0000]*$": "must not contain the character U+0000",
    r"^[^\u0000-\u001f\u007f]*$": "must not contain control characters",
    r"^[^\u0000-\u001f\u007f]*[^\u0000-\u0020\u007f][^\u0000-\u001f\u007f]*$": (
        "must not be blank or contain control characters"
    ),
    r"^[^@\u0000-\u0020\u007f]+@[^@\u0000-\u0020\u007f]+$": (
        "must be an e-mail address like dana@example.org"
    ),
    r"^[+]?[0-9 ().-]{3,32}$": "must be a telephone number like +49 30 1234567",
    r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$": "must be a language tag like en or de-AT",
    r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$": ("must be 1–63 of a–z, 0–9 and inner hyphens"),
    r"^[A-Za-z0-9_-]{40,120}$": "must be the secret part of a feed address",
    r"^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$": (
        "must be of a–z, 0–9 and inner hyphens and underscores"
    ),
    r"^[a-z-]{1,64}$": "must be 1–64 of a–z and hyphens",
    r"^[A-Z]{3}$": "must be an ISO 4217 code like EUR",
    r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$": "must be a time like 09:00, or 24:00",
    r"^[A-Za-z0-9_.-]+$": "is not a cursor of this list; leave it out",
    r"^[!-~][ -~]*$": "must be of ASCII characters",
}


def as_json_schema(schema: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema: ``nullable`` becomes a type."""
    if isinstance(schema, list):
        return [as_json_schema(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    result = {key: as_json_schema(value) for key, value in schema.items()}
    if result.pop("nullable", False) is True:
        result["type"] = [result["type"], "null"]
        if "enum" in result:
            result["enum"] = [*result["enum"], None]
    return result


class Schema:
    """A compiled schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Compile a schema of the contract."""
        self._compiled = jsonschema_rs.Draft4Validator(
            as_json_schema(dereferenced(schema)), formats=FORMATS, validate_formats=True
        )

    def errors(self, value: Any, prefix: str = "") -> Iterator[FieldError]:
        """What is wrong with a value, each with a pointer that begins with ``prefix``."""
        for error in self._compiled.iter_errors(value):
            path = "".join(f"/{_escaped(part)}" for part in error.instance_path)
            yield from _told(error, prefix + path)


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _told(error: jsonschema_rs.ValidationError, pointer: str) -> Iterator[FieldError]:
    kind = error.kind
    match kind:
        case jsonschema_rs.ValidationErrorKind.Required():
            name = str(kind.property).strip('"')
            yield FieldError(f"{pointer}/{_escaped(name)}", "is missing")
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties():
            for name in kind.unexpected:
                yield FieldError(
                    f"{pointer}/{_escaped(name[:64])}",
                    "is not a member that can be set",
                )
        case jsonschema_rs.ValidationErrorKind.Format():
            yield FieldError(pointer, _MEANT.get(kind.format, f"must be a {kind.format}"))
        case jsonschema_rs.ValidationErrorKind.Pattern():
            yield FieldError(pointer, FORMS.get(kind.pattern, "has characters it must not"))
        case jsonschema_rs.ValidationErrorKind.Enum():
            yield FieldError(pointer, "is not one of the values that the contract lists")
        case _:
            yield FieldError(pointer, error.message[:LONGEST_DETAIL])


class Parameter:
    """A parameter in the path, the query or a header."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        """Compile a parameter of the contract."""
        self.name: str = definition["name"]
        self.place: str = definition["in"]
        self.required: bool = definition.get("required", False)
        self.schema = dereferenced(definition["schema"])
        self._compiled = Schema(definition["schema"])

    def errors(self, given: Sequence[str]) -> Iterator[FieldError]:
        """What is wrong with the values that were given for it, if any."""
        pointer = f"#/{self.place}/{self.name}"
        is_list = self.schema["type"] == "array"
        if not given:
            if self.required:
                yield FieldError(pointer, "is missing")
        elif len(given) > 1 and not is_list:
            yield FieldError(pointer, "is given more than once")
        else:
            value = list(given) if is_list else self._typed(given[0])
            yield from self._compiled.errors(value, pointer)

    def _typed(self, text: str) -> Any:
        if self.schema["type"] == "integer" and _INTEGER.fullmatch(text):
            return int(text)
        if self.schema["type"] == "boolean" and text in ("true", "false"):
            return text == "true"
        return text


class ValidatedOperation:
    """Passes a request on if it is what the contract describes."""

    def __init__(self, next_app: ASGIApp, operation: AbstractOperation) -> None:
        """Compile what the contract says of one operation."""
        self._next_app = next_app
        parameters = [Parameter(each) for each in operation.parameters]
        self._in_path = [each for each in parameters if each.place == "path"]
        self._in_query = [each for each in parameters if each.place == "query"]
        self._in_header = [each for each in parameters if each.place == "header"]
        body = operation.request_body.get("content", {}).get("application/json")
        self._body = Schema(body["schema"]) if body else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Validate, and hand over to the application.

        Raises:
            InvalidInput: With everything that is wrong.
            UnsupportedMediaType: The body is not JSON.
        """
        errors = [
            *self._path_errors(scope),
            *self._query_errors(scope),
            *self._header_errors(scope),
        ]
        if self._body is None:
            await read_body(receive)  # unread, it would cost the sender the answer
            scope, receive = _without_body(scope), _again(b"", receive)
        else:
            _require_json(scope)
            body = await read_body(receive)
            errors.extend(self._body_errors(body))
            receive = _again(body, receive)
        if errors:
            raise InvalidInput(errors[:MOST_ERRORS])
        await self._next_app(scope, receive, send)

    def _path_errors(self, scope: Scope) -> Iterator[FieldError]:
        for parameter in self._in_path:
            yield from parameter.errors([str(scope["path_params"][parameter.name])])

    def _query_errors(self, scope: Scope) -> Iterator[FieldError]:
        given: dict[str, list[str]] = {}
        query = scope["query_string"].decode("ascii")
        for name, value in parse_qsl(query, keep_blank_values=True):
            given.setdefault(name, []).append(value)
        for parameter in self._in_query:
            yield from parameter.errors(given.pop(parameter.name, []))
        for name in given:
            yield FieldError(f"#/query/{name[:64]}", "is not a parameter of this operation")

    def _header_errors(self, scope: Scope) -> Iterator[FieldError]:
        for parameter in self._in_header:
            name = parameter.name.lower().encode()
            given = [value for key, value in scope["headers"] if key == name]
            if name.startswith(b"if-") and given:  # lists may be spread over lines
                given = [b", ".join(given)]
            yield from parameter.errors([value.decode("latin-1") for value in given])

    def _body_errors(self, body: bytes) -> Iterator[FieldError]:
        if not body:
            yield FieldError("", "a JSON body is needed")
            return
        try:
            document = strict_json.parse(body)
        except strict_json.MalformedJson as error:
            yield FieldError("", f"the body {error}")
            return
        assert self._body is not None  # asked for only then
        yield from self._body.errors(document)


def _without_body(scope: Scope) -> Scope:
    """The request as if it had no body, for an operation that takes none."""
    headers = [each for each in scope["headers"] if each[0] not in _ABOUT_BODY]
    return {**scope, "headers": headers}


def _require_json(scope: Scope) -> None:
    given = [value for name, value in scope["headers"] if name == b"content-type"]
    if len(given) != 1:
        raise UnsupportedMediaType("Send one Content-Type: application/json.")
    media_type, _, parameters = given[0].decode("latin-1").lower().partition(";")
    charset = parameters.strip().removeprefix("charset=").strip('"')
    if media_type.strip() != "application/json" or charset not in ("", "utf-8"):
        raise UnsupportedMediaType("The body must be application/json in UTF-8.")


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request, whose size the edge has bounded."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


class ContractValidationAPI(RequestValidationAPI):  # type: ignore[misc] # Connexion is untyped
    """Makes the validated operations of the contract."""

    def make_operation(self, operation: AbstractOperation) -> ValidatedOperation:
        """Compile one operation."""
        return ValidatedOperation(self.next_app, operation)


class ContractValidation(RequestValidationMiddleware):  # type: ignore[misc] # Connexion is untyped
    """The middleware, in the place of Connexion's."""

    api_cls = ContractValidationAPI
