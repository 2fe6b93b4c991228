"""GET /openapi.json and /schemas/report.v….json: the files of the contract."""

from __future__ import annotations

import pytest

from service.project import SCHEMAS_FOLDER
from tests.support.live import LiveService

SCHEMAS = sorted(path.name for path in SCHEMAS_FOLDER.glob("report.v*.json"))


def test_the_description_is_served_as_it_stands(service: LiveService) -> None:
    answer = service.get("/openapi.json")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == (SCHEMAS_FOLDER / "openapi.json").read_bytes()


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_served_as_it_stands(service: LiveService, name: str) -> None:
    answer = service.get(f"/schemas/{name}")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.body == (SCHEMAS_FOLDER / name).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/schemas",
        "/schemas/",
        "/schemas/report.v0.json",
        "/schemas/openapi.json",
        "/schemas/..%2f..%2fREADME.md",
        "/schemas/../pyproject.toml",
        "/schemas/report.v1.json/",
    ],
)
def test_other_files_are_not_served(service: LiveService, path: str) -> None:
    assert service.get(path).status == 404


@pytest.mark.parametrize("path", ["/openapi.json", f"/schemas/{SCHEMAS[0]}"])
def test_documents_can_only_be_read(service: LiveService, path: str) -> None:
    answer = service.request("PUT", path, b"{}")
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
