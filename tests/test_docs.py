"""What the documentation says is so, and what there is it says."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import service.commands
from service.config import Config
from tests.support.live import PROJECT, LiveService

README = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(path for path in PROJECT.glob("*/README.md") if path.parent.name[0] != ".")
ROUTES = json.loads((PROJECT / "schemas" / "openapi.json").read_bytes())["paths"]


def test_the_readme_lists_every_setting_with_its_default() -> None:
    documented = dict(re.findall(r"^\| `COMPLIANCE_(\w+)` \| `([^`]+)` \|", README, re.MULTILINE))
    settings = {
        field.name.upper(): str(getattr(Config(), field.name) or "none")
        for field in dataclasses.fields(Config)
    }
    documented["DATA"] = documented["DATA"].removeprefix("./")
    assert documented == settings


def test_the_readme_lists_every_route() -> None:
    documented = set(re.findall(r"^\| `(GET|POST|DELETE) (/[^`]*)` \|", README, re.MULTILINE))
    described = {
        (method.upper(), path)
        for path, item in ROUTES.items()
        for method in item.keys() & {"get", "post", "put", "delete"}
    }
    assert documented == described


def test_the_readme_lists_every_command() -> None:
    documented = set(re.findall(r"^\| `python -m service (\w+)` \|", README, re.MULTILINE))
    commands = {
        module.name
        for module in pkgutil.iter_modules(service.commands.__path__)
        if hasattr(importlib.import_module(f"service.commands.{module.name}"), "run")
    }
    assert documented == commands


def test_the_readme_lists_every_benchmark() -> None:
    pattern = r"^\| `python -m tests\.benchmarks\.(\w+)` \|"
    documented = set(re.findall(pattern, README, re.MULTILINE))
    benchmarks = {
        path.stem
        for path in (PROJECT / "tests" / "benchmarks").glob("*.py")
        if "\ndef main()" in path.read_text(encoding="utf-8")
    }
    assert documented == benchmarks


@pytest.mark.parametrize("page", [PROJECT / "README.md", *PAGES], ids=lambda path: path.parent.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_schemas_page_lists_every_file() -> None:
    page = (PROJECT / "schemas" / "README.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([\w.]+\.json)` \|", page, re.MULTILINE))
    assert documented == {path.name for path in (PROJECT / "schemas").glob("*.json")}


def test_the_example_report_is_stored_and_answers_the_example_questions(
    fresh_service: LiveService,
) -> None:
    fresh_service.start()
    (document,) = re.findall(r"-d '(\{.*?\n\})'", README, re.DOTALL)
    answer = fresh_service.post(document.encode())
    assert answer.status == 201
    assert answer.body.decode() in README

    asked = re.findall(
        r'sqlite3 -box var/compliance\.db "([^"]+)"\n```\n\n```\n(┌.*?)```', README, re.DOTALL
    )
    assert len(asked) == README.count("sqlite3 -box var/compliance.db") == 3
    for query, box in asked:
        with closing(sqlite3.connect(fresh_service.database)) as connection:
            cursor = connection.execute(query)
            told = [tuple(column[0] for column in cursor.description), *cursor]
        lines = re.findall(r"^│(.*)│$", box, re.MULTILINE)
        shown = [tuple(cell.strip() for cell in line.split("│")) for line in lines]
        assert [tuple("" if v is None else str(v) for v in row) for row in told] == shown


def test_the_example_of_a_fault_is_the_real_answer(service: LiveService) -> None:
    (document,) = re.findall(r"-d '(\{.*?\n\})'", README, re.DOTALL)
    spoilt = json.loads(document)
    spoilt["procesos"][1]["pid"] = "abc"
    (shown,) = re.findall(r"```json\n(\{\n.*?\n\})\n```", README, re.DOTALL)
    assert service.post(spoilt).json() == json.loads(shown)


def test_what_an_auditor_asks_is_answered(fresh_service: LiveService) -> None:
    fresh_service.start()
    (document,) = re.findall(r"-d '(\{.*?\n\})'", README, re.DOTALL)
    id_serv = fresh_service.post(document.encode()).json()["id_serv"]
    questions = re.findall(r"curl 'http://127\.0\.0\.1:8000(/[^']+)'", README)
    assert len(questions) > 5
    for question in questions:
        answer = fresh_service.get(question.replace("/4711/", f"/{id_serv}/"))
        assert answer.status == 200, (question, answer.body)
