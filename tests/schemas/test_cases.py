"""Every file of valid/, invalid/ and refused/ is a case: adding a file adds a test.

A file of valid/ is a document. One of invalid/ is {"document": …, "pointers": […]}: the schema
refuses the document, and its faults are told at these places. Those of refused/ have the same
form; the schema accepts them, and the service refuses what no schema can say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from service.errors import InvalidReportError
from service.ingest import validation
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.project import SCHEMAS_FOLDER
from tests.support.reports import report

CASES = Path(__file__).resolve().parent
FOLDERS = ("valid", "invalid", "refused")
SCHEMAS: dict[int, dict[str, Any]] = {
    int(path.stem.removeprefix("report.v")): json.loads(path.read_bytes())
    for path in SCHEMAS_FOLDER.glob("report.v*.json")
}
REFERENCE = {number: jsonschema.Draft202012Validator(SCHEMAS[number]) for number in SCHEMAS}
FAST = {number: validation._fast_validator(SCHEMAS[number]) for number in SCHEMAS}
VALIDATOR = ReportValidator()


def each_file_of(folder: str) -> pytest.MarkDecorator:
    paths = sorted((CASES / folder).iterdir())
    assert paths
    return pytest.mark.parametrize("path", paths, ids=[path.stem for path in paths])


def test_every_case_has_a_name_that_ends_in_json() -> None:
    paths = [path for folder in FOLDERS for path in (CASES / folder).iterdir()]
    assert [path for path in paths if path.suffix != ".json"] == []


@each_file_of("valid")
def test_a_valid_document_is_accepted_by_all_three(path: Path) -> None:
    document = json.loads(path.read_bytes())
    assert _verdicts(document) == (True, True)
    VALIDATOR.validate(read_json(path.read_bytes()))


@each_file_of("invalid")
def test_an_invalid_document_is_refused_by_all_three(path: Path) -> None:
    case = json.loads(path.read_bytes())
    assert _verdicts(case["document"]) == (False, False)
    assert _pointers(case["document"]) == sorted(case["pointers"])


@each_file_of("refused")
def test_values_that_no_schema_can_exclude_are_refused_by_the_service(path: Path) -> None:
    case = json.loads(path.read_bytes())
    assert _verdicts(case["document"]) == (True, True)
    assert _pointers(case["document"]) == sorted(case["pointers"])


@pytest.mark.parametrize(
    ("member", "row", "most"),
    [
        ("procesos", {"username": "juan", "pid": 1, "name": "python"}, 100_000),
        ("usuarios_activos", {"pid": None, "name": "juan"}, 10_000),
    ],
)
def test_a_list_has_a_maximum_length(member: str, row: dict[str, object], most: int) -> None:
    longest = report() | {member: [row] * most}
    assert FAST[1](longest)  # the reference needs seconds for such a list
    VALIDATOR.validate(read_json(json.dumps(longest).encode()))
    longer = report() | {member: [row] * (most + 1)}
    assert not FAST[1](longer)
    assert _pointers(longer) == [f"/{member}"]


def _verdicts(document: Any) -> tuple[bool, bool]:
    version = document.get("version_esquema", 1) if isinstance(document, dict) else 1
    known = type(version) in (int, float) and version in SCHEMAS
    number = int(version) if known else 1
    return REFERENCE[number].is_valid(document), FAST[number](document)


def _pointers(document: Any) -> list[str]:
    with pytest.raises(InvalidReportError) as refusal:
        VALIDATOR.validate(read_json(json.dumps(document).encode()))
    return sorted(fault.pointer for fault in refusal.value.faults)
