"""The named queries: each is used where its file says, and each is SQL for our database."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.errors import InvalidQueryFileError
from service.store.engines.sqlite import SqliteDatabase
from service.store.queries import QUERIES_FOLDER, load_queries

STORE = Path(__file__).resolve().parent.parent.parent / "service" / "store"
QUERIES = load_queries()
FILES = {
    name: path.stem
    for path in sorted(QUERIES_FOLDER.glob("*.sql"))
    for name in re.findall(r"^-- name: (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
}
each_query = pytest.mark.parametrize("name", sorted(QUERIES))


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    database = SqliteDatabase(tmp_path_factory.mktemp("queries") / "compliance.db")
    database.migrate()
    with closing(sqlite3.connect(database.path)) as connection:
        yield connection


def texts(stem: str) -> Iterator[str]:
    """The texts of a store module, as patterns: `find_{kind}` matches every kind there is."""
    (module,) = STORE.rglob(f"{stem}.py")  # under read/ or write/
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.escape(node.value)
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[a-z_]+"
                for part in node.values
            )


@each_query
def test_each_query_is_used_by_the_store_module_that_its_file_is_named_for(name: str) -> None:
    patterns = [pattern for pattern in texts(FILES[name]) if re.search("[a-z]{2}", pattern)]
    assert any(re.fullmatch(pattern, name) for pattern in patterns)


@each_query
def test_each_query_can_be_prepared(migrated: sqlite3.Connection, name: str) -> None:
    parameters = dict.fromkeys(re.findall(r"(?<!:):([a-z_]+)", QUERIES[name]))
    assert migrated.execute(f"EXPLAIN {QUERIES[name]}", parameters).fetchall()


@each_query
def test_each_query_is_one_statement_that_any_engine_reads(name: str) -> None:
    text = QUERIES[name]
    assert ";" not in text
    assert "?" not in text  # parameters have names
    engines_own = r"\b(date|time|datetime|julianday|unixepoch|strftime|printf|format|json\w*)\s*\("
    assert not re.search(engines_own, text, re.IGNORECASE)
    assert not re.search(r"\b(INSERT OR|REPLACE INTO|PRAGMA|rowid)\b", text, re.IGNORECASE)


def test_every_name_in_the_files_is_loaded() -> None:
    assert FILES.keys() == QUERIES.keys()


def write(folder: Path, **files: str) -> Path:
    for stem, content in files.items():
        (folder / f"{stem}.sql").write_text(content, encoding="utf-8")
    return folder


def test_a_file_is_a_sequence_of_named_queries(tmp_path: Path) -> None:
    content = (
        "-- name: one\n-- Which is the one?\nSELECT 1;\n\n-- name: two\n-- And two?\nSELECT\n  2\n"
    )
    assert load_queries(write(tmp_path, some=content)) == {"one": "SELECT 1", "two": "SELECT\n  2"}


GOOD = "-- name: one\n-- Which is the one?\nSELECT 1;\n"


@pytest.mark.parametrize(
    ("files", "file", "fault"),
    [
        ({"a": GOOD, "b": GOOD}, "b.sql", "'one' is given twice"),
        ({"a": GOOD + GOOD}, "a.sql", "'one' is given twice"),
        ({"a": GOOD + "-- name: two\n-- Nothing?\n\n"}, "a.sql", "'two' is empty"),
        ({"a": "-- name: two\n-- Nothing?"}, "a.sql", "'two' is empty"),
        ({"a": "-- name: two\nSELECT 2;\n"}, "a.sql", "one-line comment under the name of 'two'"),
        ({"a": "-- name: Two\n-- Which?\nSELECT 2;\n"}, "a.sql", "lower_case, got 'Two'"),
        ({"a": "-- name: two words\n-- Which?\nSELECT 2;\n"}, "a.sql", "got 'two words'"),
        ({"a": "-- name:\n-- Which?\nSELECT 2;\n"}, "a.sql", "lower_case, got ''"),
        ({"a": "SELECT 0;\n" + GOOD}, "a.sql", "expected '-- name: …' before any other text"),
        ({"a": "-- Name: one\n-- Which?\nSELECT 1;\n"}, "a.sql", "before any other text"),
    ],
)
def test_a_malformed_file_is_refused_by_its_name(
    tmp_path: Path, files: dict[str, str], file: str, fault: str
) -> None:
    with pytest.raises(InvalidQueryFileError, match=re.escape(fault)) as refusal:
        load_queries(write(tmp_path, **files))
    assert str(refusal.value).startswith(f"{tmp_path / file}: ")
