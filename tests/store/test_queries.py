"""The named queries: each is used by the module of its file, and runs on a migrated database."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from service.store.engines.sqlite import CREATEDB_FOLDER
from service.store.queries import QUERIES_FOLDER, load_queries
from service.store.slots import SLOTS_PER_RECORD
from service.times import HOUR
from tests.support.engine import ENGINES, Engine

STORE = Path(__file__).resolve().parents[2] / "service" / "store"
QUERIES = load_queries()
FILES = {
    name: path.stem
    for path in sorted(QUERIES_FOLDER.glob("*.sql"))
    for name in re.findall(r"^-- name: (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
}
each_query = pytest.mark.parametrize("name", sorted(QUERIES))


@pytest.fixture(scope="module", params=ENGINES)
def migrated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    engine = ENGINES[request.param](tmp_path_factory.mktemp("queries") / "compliance.db")
    engine.migrated().close()
    with closing(engine):
        yield engine


@cache
def string_constants(module: str) -> set[str]:
    (path,) = STORE.rglob(f"{module}.py")  # under read/ or write/
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@each_query
def test_the_module_of_its_file_contains_the_name_of_each_query(name: str) -> None:
    assert name in string_constants(FILES[name])


@each_query
def test_each_query_can_be_prepared(migrated: Engine, name: str) -> None:
    parameters = dict.fromkeys(re.findall(r"(?<!:):([a-z_]+)", QUERIES[name]))
    assert migrated.rows(f"EXPLAIN {QUERIES[name]}", parameters)


@each_query
def test_each_query_is_one_statement_that_any_engine_reads(name: str) -> None:
    text = QUERIES[name]
    assert ";" not in text
    assert "?" not in text  # parameters have names
    engines_own = r"\b(date|time|datetime|julianday|unixepoch|strftime|printf|format|json\w*)\s*\("
    assert not re.search(engines_own, text, re.IGNORECASE)
    assert not re.search(r"\b(INSERT OR|REPLACE INTO|PRAGMA|rowid)\b", text, re.IGNORECASE)


@each_query
def test_the_aliases_of_each_query_are_words(name: str) -> None:
    assert re.findall(r"\bAS ([a-z]{1,2})\b", QUERIES[name]) == []


def test_every_name_in_the_files_is_loaded() -> None:
    assert FILES.keys() == QUERIES.keys()


def test_changes_of_processes_and_of_logins_are_one_query_over_two_tables() -> None:
    of_processes = QUERIES["process_changes"]
    for ours, theirs in (
        ("process_span", "login_span"),
        ("program_id", "account_id"),
        ("program.name", "NULL"),
        ("program", "account"),
    ):
        of_processes = of_processes.replace(ours, theirs)
    assert of_processes.split() == QUERIES["login_changes"].split()


def test_the_views_and_the_queries_have_the_slot_factor_of_the_code() -> None:
    files = [*CREATEDB_FOLDER.glob("*.sql"), *QUERIES_FOLDER.glob("*.sql")]
    texts = "\n".join(path.read_text(encoding="utf-8") for path in files)
    factors = re.findall(r"\bid \* (\d+) \+ \w+\.slot", texts)
    assert len(factors) >= 5
    assert set(factors) == {str(SLOTS_PER_RECORD)}


def test_the_backfill_counts_arrivals_in_the_hours_of_the_code() -> None:
    script = (CREATEDB_FOLDER / "0003_sightings.sql").read_text(encoding="utf-8")
    assert set(re.findall(r"received_at / (\d+)", script)) == {str(HOUR)}


@pytest.mark.parametrize("name", ["find_same_report", "siblings", "latest_places"])
def test_storing_a_report_does_not_read_the_history_of_its_server(
    migrated: Engine, name: str
) -> None:
    parameters = dict.fromkeys(re.findall(r"(?<!:):([a-z_]+)", QUERIES[name]))
    plan = [
        str(row[-1]) for row in migrated.rows(f"EXPLAIN QUERY PLAN {QUERIES[name]}", parameters)
    ]
    sought = [step for step in plan if step.startswith("SEARCH same")]
    assert all("taken_at>? AND" in step or "placed_at>? AND" in step for step in sought)
    assert not any("TEMP B-TREE" in step or step.startswith("SCAN") for step in plan)
