from __future__ import annotations

import json
import re
import zoneinfo
from typing import Any

import pytest

from booking_service.api.contract import contract
from tests.doubles import ask
from tests.examples import OPERATIONS, Operation
from tests.unit.api.conftest import Service


def references(node: Any) -> set[str]:
    if isinstance(node, list):
        return {each for item in node for each in references(item)}
    if isinstance(node, dict):
        found = {each for value in node.values() for each in references(value)}
        return found | ({node["$ref"]} if "$ref" in node else set())
    return set()


class TestBundle:
    def test_refers_to_names_only(self) -> None:
        for reference in references(contract()):
            kind, name = reference.removeprefix("#/components/").split("/")
            assert name in contract()["components"][kind]

    def test_names_every_enum(self) -> None:
        schemas = contract()["components"]["schemas"]
        named = [name for name, schema in schemas.items() if "enum" in schema]
        written = json.dumps(contract()).count('"enum": [')

        assert written == len(named)

    def test_uses_every_name(self) -> None:
        used = {reference.rpartition("/")[2] for reference in references(contract())}
        schemas = set(contract()["components"]["schemas"])

        assert schemas <= used

    def test_is_served_as_it_is(self, service: Service) -> None:
        answer = ask(service.app, "GET", "/openapi.json")

        assert answer.status_code == 200
        assert answer.json() == contract()

    def test_has_no_marks_of_a_template(self) -> None:
        assert "{{" not in json.dumps(contract())


class TestOperations:
    @pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
    def test_are_named_verb_and_noun(self, operation: Operation) -> None:
        verbs = "list|get|create|update|replace|delete|cancel|release"

        assert re.fullmatch(rf"({verbs})(_[a-z]+)+", operation.id)

    @pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
    def test_document_what_every_request_may_meet(self, operation: Operation) -> None:
        expected = {"400"} | ({"401", "403", "503"} if operation.needs_token else set())

        assert expected <= set(operation.definition["responses"])


class TestTimezones:
    def test_are_all_known_here(self) -> None:
        listed = set(contract()["components"]["schemas"]["Timezone"]["enum"])

        assert listed <= zoneinfo.available_timezones()


class TestDocs:
    def test_load_nothing_from_elsewhere(self, service: Service) -> None:
        page = ask(service.app, "GET", "/docs")

        sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert sources
        for source in sources:
            assert source.startswith("/docs/")
            assert ask(service.app, "GET", source).status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]

    def test_a_file_that_is_not_there_is_a_404(self, service: Service) -> None:
        for path in ("/docs/nothing.js", "/docs/..%2f..%2fsecret", "/docs/__init__.py"):
            assert ask(service.app, "GET", path).status_code == 404
