"""The documentation and the product agree, in both directions."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import pkgutil
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import service.commands
from service.config import Config
from tests.support.documentation import page, section
from tests.support.live import PROJECT, LiveService

LONGEST_README = 180  # lines


README = page("README.md")
SERVICE = page("service/README.md")
SQL = page("sql/README.md")
OPENAPI = json.loads((PROJECT / "schemas" / "openapi.json").read_bytes())


def example_report() -> bytes:
    (document,) = re.findall(r"-d '(\{.*?\n\})'", README, re.DOTALL)
    return str(document).encode()


# --- the README ---


def test_the_readme_stays_short() -> None:
    assert len(README.splitlines()) <= LONGEST_README


RECEIVED_AT = "2026-11-23 08:00:00.012345"  # in the examples, whenever it was


def test_the_example_report_is_stored_and_answers_the_example_queries(
    fresh_service: LiveService,
) -> None:
    fresh_service.start()
    answer = fresh_service.post(example_report())
    assert answer.status == 201
    assert answer.body.decode() in README

    pattern = r'sqlite3 -box var/compliance\.db "([^"]+)"\n```\n\n```\n(┌.*?)```'
    asked = re.findall(pattern, README + SQL, re.DOTALL)
    assert len(asked) == (README + SQL).count("sqlite3 -box var/compliance.db") == 3
    for query, box in asked:
        with closing(sqlite3.connect(fresh_service.database)) as connection:
            cursor = connection.execute(query)
            found = [tuple(column[0] for column in cursor.description), *cursor]
        lines = re.findall(r"^│(.*)│$", box, re.MULTILINE)
        shown = [tuple(cell.strip() for cell in line.split("│")) for line in lines]
        names = found[0]
        assert [
            tuple(
                RECEIVED_AT if name == "recibido" and value != name else str(value or "")
                for name, value in zip(names, row, strict=True)
            )
            for row in found
        ] == shown


def test_the_example_of_a_fault_equals_the_real_answer(service: LiveService) -> None:
    spoilt = json.loads(example_report())
    spoilt["procesos"][1]["pid"] = "abc"
    (shown,) = re.findall(r"```json\n(\{\n.*?\n\})\n```", README, re.DOTALL)
    assert service.post(spoilt).json() == json.loads(shown)


def test_every_example_question_is_answered(fresh_service: LiveService) -> None:
    fresh_service.start()
    id_serv = fresh_service.post(example_report()).json()["id_serv"]
    questions = re.findall(r"curl 'http://127\.0\.0\.1:8000(/[^']+)'", README + SERVICE)
    assert len(questions) > 6
    for question in questions:
        answer = fresh_service.get(question.replace("/4711/", f"/{id_serv}/"))
        assert answer.status == 200, (question, answer.body)


# --- tables ---


def test_the_service_page_lists_every_setting_with_its_default() -> None:
    documented = dict(re.findall(r"^\| `COMPLIANCE_(\w+)` \| `([^`]+)` \|", SERVICE, re.MULTILINE))
    settings = {
        field.name.upper(): str(int(value) if isinstance(value, bool) else value or "none")
        for field in dataclasses.fields(Config)
        for value in [getattr(Config(), field.name)]
    }
    documented["DATA"] = documented["DATA"].removeprefix("./")
    assert documented == settings


def test_the_service_page_lists_every_route() -> None:
    documented = set(re.findall(r"^\| `(GET|POST|PUT|DELETE) (/[^`]*)` \|", SERVICE, re.MULTILINE))
    described = {
        (method.upper(), path)
        for path, item in OPENAPI["paths"].items()
        for method in item.keys() & {"get", "post", "put", "delete"}
    }
    assert documented == described


def test_the_service_page_lists_every_error_status() -> None:
    documented = set(re.findall(r"^\| `([45]\d\d)` \|", section(SERVICE, "API"), re.MULTILINE))
    described = {
        status
        for item in OPENAPI["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        for status in operation["responses"]
        if status >= "400"
    }
    assert documented == described


def test_the_service_page_lists_every_command() -> None:
    documented = set(re.findall(r"^\| `python -m service (\w+)` \|", SERVICE, re.MULTILINE))
    commands = {
        module.name
        for module in pkgutil.iter_modules(service.commands.__path__)
        if hasattr(importlib.import_module(f"service.commands.{module.name}"), "run")
    }
    assert documented == commands


@pytest.mark.parametrize("name", ["service", "agent"])
def test_the_layout_section_lists_every_folder_and_module(name: str) -> None:
    layout = section(page(f"{name}/README.md"), "Layout")
    rows = re.findall(r"^\| (`[^|]+) \|", layout, re.MULTILINE)
    folders = {folder for row in rows for folder in re.findall(r"`(\w+)/`", row)}
    modules = set(re.findall(r"`(\w+\.py)`", layout))
    found = [path for path in (PROJECT / name).iterdir() if not path.name.startswith("_")]
    assert folders == {path.name for path in found if path.is_dir()}
    assert modules == {path.name for path in found if path.suffix == ".py"}


def output_of(*command: str, **settings: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=PROJECT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_the_agent_page_lists_every_option_and_exit_code() -> None:
    usage = output_of("agent", "--help")
    settings = section(page("agent/README.md"), "Settings")
    options = set(re.findall(r"^ +(?:-h, )?(--[a-z-]+)", usage, re.MULTILINE))
    assert set(re.findall(r"`(--[a-z-]+)", settings)) == options
    codes = re.findall(
        r"(?:^  | {3,})(\d+) {2,}\w", usage.partition("exit codes:")[2], re.MULTILINE
    )
    documented = re.findall(r"^\| (\d[\d, ]*) \|", settings, re.MULTILINE)
    assert ", ".join(documented).split(", ") == codes


TOKEN_COMMANDS = [
    (path, line)
    for path in ("README.md", "service/README.md", "service/deploy/README.md", "agent/README.md")
    for line in re.findall(r"python -m service (token create [^`\n>)]*)", page(path))
]


@pytest.mark.parametrize(("path", "line"), TOKEN_COMMANDS)
def test_every_documented_way_to_create_a_token_works(path: str, line: str, tmp_path: Path) -> None:
    assert path
    secret = output_of("service", *line.split(), COMPLIANCE_DATA=str(tmp_path / "var"))
    assert re.fullmatch(r"ccs[ilaen]_[0-9A-Za-z]{36}\n", secret)


def test_the_tests_page_lists_every_benchmark() -> None:
    pattern = r"^\| `python -m tests\.benchmarks\.(\w+)` \|"
    documented = set(re.findall(pattern, page("tests/README.md"), re.MULTILINE))
    benchmarks = {
        path.stem
        for path in (PROJECT / "tests" / "benchmarks").glob("*.py")
        if "\ndef main()" in path.read_text(encoding="utf-8")
    }
    assert documented == benchmarks


def test_the_schemas_page_lists_every_file() -> None:
    documented = set(
        re.findall(r"^\| `([\w.]+\.json)` \|", page("schemas/README.md"), re.MULTILINE)
    )
    assert documented == {path.name for path in (PROJECT / "schemas").glob("*.json")}


# --- diagrams ---


def entities(diagram: str) -> dict[str, list[tuple[str, str, bool]]]:
    """The entities of a Mermaid ER diagram: (type, column, part of the primary key) of each."""
    found: dict[str, list[tuple[str, str, bool]]] = {}
    for name, body in re.findall(r"^  (\w+) \{\n(.*?)^  \}", diagram, re.MULTILINE | re.DOTALL):
        columns = [line.split(maxsplit=3) for line in body.splitlines()]
        found[name] = [(words[0], words[1], "PK" in words[2:3]) for words in columns]
    return found


@pytest.fixture(scope="module")
def schema(service: LiveService) -> dict[str, list[tuple[str, str, bool]]]:
    """The tables and views of a migrated database, as entities() gives them."""
    with closing(sqlite3.connect(service.database)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_schema"
            " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: [
                (kind.lower().removesuffix(" generated always"), column, key > 0)
                # With generated columns, whose type SQLite completes.
                for _, column, kind, _, _, key, _ in connection.execute(
                    f"PRAGMA table_xinfo({name})"
                )
            ]
            for (name,) in names
        }


def test_the_diagram_of_the_relations_shows_every_column(schema: dict[str, Any]) -> None:
    diagram = entities(section(SQL, "The three relations"))
    assert diagram.keys() == {"servers", "procesos", "usuarios_activos"}
    for name, columns in diagram.items():
        assert [column for _, column, _ in columns] == [column for _, column, _ in schema[name]]


def test_the_diagram_of_the_tables_shows_every_column(schema: dict[str, Any]) -> None:
    diagram = entities(section(SQL, "Tables"))
    tables = {name: columns for name, columns in schema.items() if columns[0][0]}
    views = {"servers", "procesos", "usuarios_activos"}
    osquery = {"processes", "logged_in_users", "os_version", "system_info"}
    assert diagram == {
        name: columns for name, columns in tables.items() if name not in views | osquery
    }
