"""The contract as one document that keeps the names of its parts.

``openapi.yaml`` refers to files; Connexion would inline what they hold and lose
the names that SDK generators need. Here every reference to something that the
root names becomes a reference to that name, and only the rest is inlined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from booking_service.config import ROOT

METHODS = frozenset({"get", "put", "post", "delete", "patch"})
Document = dict[str, Any]
Target = tuple[Path, str]


class _Bundler:
    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.files: dict[Path, Document] = {}
        self.names: dict[Target, str] = {}

    def bundle(self) -> Document:
        document = self.load(self.root)
        for kind, named in document["components"].items():
            for name, part in named.items():
                if "$ref" in part:
                    target = self.target(part["$ref"], self.root)
                    self.names[target] = f"#/components/{kind}/{name}"
        result = cast(Document, self.rewrite(document, self.root))
        result["components"] = {
            kind: {name: self.definition(part) for name, part in named.items()}
            for kind, named in document["components"].items()
        }
        return result

    def load(self, file: Path) -> Document:
        if file not in self.files:
            self.files[file] = yaml.safe_load(file.read_text(encoding="utf-8"))
        return self.files[file]

    def target(self, reference: str, file: Path) -> Target:
        path, _, pointer = reference.partition("#")
        return ((file.parent / path).resolve() if path else file), pointer

    def resolve(self, target: Target) -> Any:
        node: Any = self.load(target[0])
        for part in target[1].strip("/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def definition(self, part: Any) -> Any:
        if "$ref" not in part:
            return self.rewrite(part, self.root)
        target = self.target(part["$ref"], self.root)
        return self.rewrite(self.resolve(target), target[0])

    def rewrite(self, node: Any, file: Path) -> Any:
        if isinstance(node, list):
            return [self.rewrite(each, file) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" not in node:
            return {key: self.rewrite(value, file) for key, value in node.items()}
        target = self.target(node["$ref"], file)
        if target in self.names:
            return {"$ref": self.names[target]}
        return self.rewrite(self.resolve(target), target[0])


@cache
def contract() -> Mapping[str, Any]:
    """The whole contract; the caller leaves it as it is."""
    return _Bundler(ROOT / "openapi.yaml").bundle()


def dereferenced(node: Any) -> Any:
    """A part of the contract with the definitions in place of their names."""
    if isinstance(node, list):
        return [dereferenced(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        found: Any = contract()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return dereferenced(found)
    return {key: dereferenced(value) for key, value in node.items()}


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every operation: its path, its method in lower case, and its definition."""
    for path, item in contract()["paths"].items():
        for method, definition in item.items():
            if method in METHODS:
                yield path, method, definition
