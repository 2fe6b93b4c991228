"""schemas/openapi.json describes exactly the served routes, and their real answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from service.app import create_app
from service.config import Config
from service.project import SCHEMAS_FOLDER
from service.store.engines import open_database
from tests.support.judged import Judging
from tests.support.live import PROJECT, LiveService
from tests.support.routes import served_routes
from tests.support.tokens import make_token

DESCRIPTION: dict[str, Any] = json.loads((SCHEMAS_FOLDER / "openapi.json").read_bytes())
REPORT_SCHEMAS = sorted(SCHEMAS_FOLDER.glob("report.v*.json"))
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def test_the_description_is_valid_openapi_3_1() -> None:
    schema = schemathesis.openapi.from_dict(DESCRIPTION)
    assert schema.specification.version.startswith("3.1")
    schema.validate()


def test_the_description_lists_exactly_the_served_routes(tmp_path: Path) -> None:
    described = {
        (path, method)
        for path, item in DESCRIPTION["paths"].items()
        for method in item.keys() & METHODS
    }
    routes = served_routes(create_app(Config(data=tmp_path)))
    served = {
        (re.sub(r"\{(\w+)[^{}]*\}", r"{\1}", route.path), method.method.lower())
        for route in routes
        if "/pages/" not in route.source_info  # for readers, in HTML
        for method in route.methods
        if not method.internal
    }
    assert described == served


def test_head_takes_the_parameters_of_get() -> None:
    for path, item in DESCRIPTION["paths"].items():
        if "head" in item:
            assert item["head"].get("parameters") == item["get"].get("parameters"), path


@pytest.mark.parametrize("path", REPORT_SCHEMAS, ids=lambda path: path.name)
def test_the_components_equal_the_report_schemas(path: Path) -> None:
    # A copy, since many generators load one document only; this test keeps it a true one.
    prefix = "Report" + path.stem.removeprefix("report.").capitalize()
    schema = json.loads(path.read_bytes())
    root = {key: schema[key] for key in schema if key not in ("$schema", "$id", "$defs")}
    expected = {prefix: _moved(root, prefix)} | {
        _component(prefix, name): _moved(subschema, prefix)
        for name, subschema in schema["$defs"].items()
    }
    components = DESCRIPTION["components"]["schemas"]
    found = {name: components[name] for name in components if name.startswith(prefix)}
    assert found == expected


def test_the_examples_fit_their_schemas() -> None:
    checked = 0
    for content in _contents(DESCRIPTION):
        for example in content.get("examples", {}).values():
            jsonschema.validate(
                example["value"], content["schema"] | {"components": DESCRIPTION["components"]}
            )
            checked += 1
    assert checked > 10


# Every check but one, as an unknown method is 405 only after authentication. No schema can say that
# a period ends after it begins, that a server has a name, or that a moment lies within 400 days.
CHECKS = """
[checks]
enabled = true
unsupported_method.enabled = false

[[operations]]
include-path-regex = "^/periodo"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path = ["/etiquetas", "/exenciones"]
checks.positive_data_acceptance.enabled = false
"""


@pytest.mark.torture
@pytest.mark.timeout(300)  # it takes 30 s of processor time
def test_schemathesis_finds_no_fault(tmp_path: Path) -> None:
    live = LiveService(tmp_path / "var", COMPLIANCE_PROXIES="127.0.0.1")
    secret = make_token(live.data, "admin")
    # It revokes random tokens, and must not hit its own.
    live.execute("UPDATE token SET id = 987654321")
    for scope in ("lectura", "ingest", "admin"):
        make_token(live.data, scope)
    with closing(open_database(live.database)) as database:
        Judging(database).take_up("minero", at=0)
    written = f'[auth.openapi.token]\nbearer = "{secret}"\n' + CHECKS
    (tmp_path / "schemathesis.toml").write_text(written)
    try:
        run = run_schemathesis(live.start(), tmp_path)
        assert run.returncode == 0, run.stdout + run.stderr
        # Routes without a successful answer are warnings: an admin enrols nobody, and queries are
        # off, since no schema can say what is SQL.
        warned = re.findall(r"^  - (\w+ /.*)$", run.stdout, re.MULTILINE)
        # There is no violation to export, and a ZIP has no schema.
        expected = {"POST /consulta", "POST /inscripcion"} | {
            "GET /violaciones/{violation}/evidencia",
            "HEAD /violaciones/{violation}/evidencia",
            "GET /servers/{id_serv}/evidencia (200)",
            "GET /violaciones/{violation}/evidencia (200)",
        }
        # No end of a waiver in an example lies within 400 days for ever, few random periods end
        # after they begin, no random CSV names a server, and no message was sent.
        unsaid = re.compile(r"\S+ /(exenciones|periodo|etiquetas$|notificaciones/)")
        assert {each for each in warned if not unsaid.match(each)} == expected, run.stdout
        # It leaves out the address of the description itself.
        operations = sum(len(item.keys() & METHODS) for item in DESCRIPTION["paths"].values())
        assert f"Tested: {operations - 1}\n" in run.stdout
        assert " failed\n" not in live.log  # what problems.py says of an unexpected exception
        assert secret not in live.log
    finally:
        live.stop()


def run_schemathesis(service: LiveService, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    # As a user would run it: every phase. The seed makes it repeatable.
    environ = {name: v for name, v in os.environ.items() if not name.startswith("SCHEMATHESIS_")}
    environ |= {"SCHEMATHESIS_HOOKS": "tests.support.client_addresses", "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{service.url}/openapi.json",
            "--phases=examples,coverage,fuzzing,stateful",
            "--mode=all",
            "--max-examples=20",
            "--seed=20200215",
            "--generation-database=none",
            "--request-timeout=10",
            "--no-color",
        ],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.torture
@pytest.mark.timeout(300)
def test_without_a_token_only_public_routes_answer(fresh_service: LiveService) -> None:
    make_token(fresh_service.data, "admin")
    live = fresh_service.start()
    schema = schemathesis.openapi.from_dict(DESCRIPTION)
    for path, item in DESCRIPTION["paths"].items():
        for method in item.keys() & METHODS:
            statuses = _statuses(live, schema[path][method.upper()])
            if item[method].get("security") == []:
                assert statuses <= {200, 400}
            else:
                assert statuses in ({401}, {400, 401}, {401, 404}, {400, 401, 404}), (method, path)


def _statuses(live: LiveService, operation: Any) -> set[int]:
    """The statuses of valid and invalid requests without a token."""
    found = set()

    @settings(max_examples=5, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    def ask(case: Any) -> None:
        for shown in (case.headers, case.cookies):
            for name in ("Authorization", "sesion"):
                shown.pop(name, None)
        found.add(case.call(base_url=live.url, timeout=10).status_code)

    for mode in schemathesis.GenerationMode:
        with suppress(Unsatisfiable):  # a route without parameters has no invalid request
            of_cases: Any = given(operation.as_strategy(generation_mode=mode))
            of_cases(ask)()
    return found


def _component(prefix: str, name: str) -> str:
    return prefix + "".join(word.capitalize() for word in name.split("_"))


def _moved(node: Any, prefix: str) -> Any:
    """The schema with its references to its own $defs turned into such to components."""
    if isinstance(node, list):
        return [_moved(item, prefix) for item in node]
    if not isinstance(node, dict):
        return node
    moved = {key: _moved(value, prefix) for key, value in node.items()}
    if "$ref" in moved:
        name = moved["$ref"].removeprefix("#/$defs/")
        moved["$ref"] = f"#/components/schemas/{_component(prefix, name)}"
    return moved


def _contents(node: Any) -> list[dict[str, Any]]:
    """Every description of a body with a schema, wherever it stands."""
    if isinstance(node, list):
        return [content for item in node for content in _contents(item)]
    if not isinstance(node, dict):
        return []
    found = [content for item in node.values() for content in _contents(item)]
    media_types = node.get("content")
    return found + (list(media_types.values()) if isinstance(media_types, dict) else [])
