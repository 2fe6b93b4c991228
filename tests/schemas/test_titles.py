"""The titles in the schemas: faults quote them as the expected value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from service.project import SCHEMAS_FOLDER


def subschemas(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        if "type" in node:
            yield path, node
        for key, value in node.items():
            yield from subschemas(value, f"{path}/{key}")


EVERY_SUBSCHEMA = [
    pytest.param(node, id=f"{file.stem}{path}")
    for file in sorted(SCHEMAS_FOLDER.glob("report.v*.json"))
    for path, node in subschemas(json.loads(file.read_bytes()))
]


@pytest.mark.parametrize("subschema", EVERY_SUBSCHEMA)
def test_the_numbers_in_a_title_are_the_bounds(subschema: dict[str, Any]) -> None:
    expectation, _, samples = subschema["title"].partition(" such as ")
    if samples:  # the title shows samples in place of the bounds
        for sample in samples.split(" or "):
            assert re.search(subschema["pattern"], sample)
            assert subschema["minLength"] <= len(sample) <= subschema["maxLength"]
        return
    keywords = ("minimum", "maximum", "maxItems", "maxLength")
    bounds = [subschema[keyword] for keyword in keywords if keyword in subschema]
    version = re.findall(r"\(version (\d+)\)", expectation)
    numbers = [int(number) for number in re.findall(r"\d+", expectation.partition(" (version")[0])]
    assert numbers == bounds
    assert subschema.get("$id", "").removeprefix("urn:compliance-continuo:schemas:report.v") == (
        version[0] if version else ""
    )


@pytest.mark.parametrize("subschema", EVERY_SUBSCHEMA)
def test_everything_has_a_title_and_a_bound(subschema: dict[str, Any]) -> None:
    types = subschema["type"] if isinstance(subschema["type"], list) else [subschema["type"]]
    bounds = {
        "string": {"maxLength", "pattern"},
        "integer": {"minimum", "maximum"},
        "array": {"maxItems", "items"},
        "object": {"required", "properties"},
        "null": set(),
    }
    assert subschema["title"].isascii()
    for name in types:
        assert bounds[name] <= subschema.keys()
    assert "object" not in types or subschema["additionalProperties"] is False
    assert "uniqueItems" not in subschema
