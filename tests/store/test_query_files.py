"""The format of query files: named queries, fragments and includes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.errors import InvalidQueryFileError
from service.store.queries import load_queries


def write(folder: Path, **files: str) -> Path:
    for stem, content in files.items():
        (folder / f"{stem}.sql").write_text(content, encoding="utf-8")
    return folder


def test_a_file_is_a_sequence_of_named_queries(tmp_path: Path) -> None:
    content = "-- name: one\n-- The one.\nSELECT 1;\n\n-- name: two\n-- And two.\nSELECT\n  2\n"
    assert load_queries(write(tmp_path, some=content)) == {"one": "SELECT 1", "two": "SELECT\n  2"}


def test_a_fragment_takes_the_place_of_each_line_that_includes_it(tmp_path: Path) -> None:
    fragment = "-- fragment: columns\n-- The columns.\na,\nb\n"
    query = (
        "-- name: all_rows\n-- All rows.\nSELECT\n  -- include: columns\nFROM t\n"
        "UNION ALL SELECT\n-- include: columns\nFROM u;\n"
    )
    assert load_queries(write(tmp_path, a=query, b=fragment)) == {
        "all_rows": "SELECT\n  a,\n  b\nFROM t\nUNION ALL SELECT\na,\nb\nFROM u"
    }


GOOD = "-- name: one\n-- The one.\nSELECT 1;\n"
PART = "-- fragment: part\n-- A part.\n1\n"
USER = "-- name: user\n-- Uses it.\nSELECT\n-- include: part\n"


@pytest.mark.parametrize(
    ("files", "file", "fault"),
    [
        ({"a": GOOD, "b": GOOD}, "b.sql", "'one' is given twice"),
        ({"a": GOOD + GOOD}, "a.sql", "'one' is given twice"),
        ({"a": GOOD + "-- name: two\n-- Nothing.\n\n"}, "a.sql", "'two' is empty"),
        ({"a": "-- name: two\n-- Nothing."}, "a.sql", "'two' is empty"),
        ({"a": "-- name: two\nSELECT 2;\n"}, "a.sql", "one-line comment under the name of 'two'"),
        ({"a": "-- name: Two\n-- Two.\nSELECT 2;\n"}, "a.sql", "lower_case, got 'Two'"),
        ({"a": "-- name: two words\n-- Two.\nSELECT 2;\n"}, "a.sql", "got 'two words'"),
        ({"a": "-- name:\n-- Two.\nSELECT 2;\n"}, "a.sql", "lower_case, got ''"),
        ({"a": "SELECT 0;\n" + GOOD}, "a.sql", "expected '-- name: …' before any other text"),
        ({"a": "-- Name: one\n-- The one.\nSELECT 1;\n"}, "a.sql", "before any other text"),
        ({"a": USER}, "a.sql", "'user' includes an unknown fragment, 'part'"),
        ({"a": USER + GOOD + PART, "b": PART}, "b.sql", "'part' is given twice"),
        ({"a": USER + PART, "b": "-- name: part\n-- P.\nSELECT 1\n"}, "b.sql", "given twice"),
        ({"a": GOOD, "b": PART}, "b.sql", "no query includes 'part'"),
        ({"a": USER + PART + "-- include: part\n"}, "a.sql", "'part' includes another one"),
        ({"a": "-- fragment: part\n1\n"}, "a.sql", "one-line comment under the name of 'part'"),
        ({"a": "-- fragment: part\n-- include: x\n1\n"}, "a.sql", "comment under the name"),
        ({"a": "-- fragment: part\n-- A part.\n"}, "a.sql", "'part' is empty"),
        ({"a": GOOD + "-- include: Part\n"}, "a.sql", "lower_case, got 'Part'"),
        ({"a": GOOD + "-- include: one\n"}, "a.sql", "includes an unknown fragment, 'one'"),
    ],
)
def test_a_malformed_file_is_refused_by_its_name(
    tmp_path: Path, files: dict[str, str], file: str, fault: str
) -> None:
    with pytest.raises(InvalidQueryFileError, match=re.escape(fault)) as refusal:
        load_queries(write(tmp_path, **files))
    assert str(refusal.value).startswith(f"{tmp_path / file}: ")
