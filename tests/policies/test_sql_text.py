"""The words of a statement: what differs, what it quotes, what it hides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.policies.rules.sql_text import (
    canonical,
    hidden_names,
    quoted_texts,
    without_double_quotes,
)
from service.policies.rules.statement import statement_faults


def test_blanks_and_comments_are_no_difference() -> None:
    first = "SELECT name -- all of them\nFROM  processes /* now */ WHERE name = 'a  b';"
    assert canonical(first) == canonical("SELECT name\nFROM processes WHERE name='a  b'")
    assert canonical(first) != canonical("SELECT name FROM processes WHERE name = 'a b'")


def test_a_name_in_double_quotes_is_no_text() -> None:
    assert without_double_quotes('SELECT "a""b`", \'"c"\'') == 'SELECT `a"b```, \'"c"\''


def test_texts_in_quotes_are_found_outside_comments() -> None:
    assert quoted_texts("SELECT 'it''s' -- 'no'\n, \"b\", 'c'") == {"it's", "c"}


@given(st.text(alphabet="ab'`[]()/*-\n\v\ufeff ;.0x|<>=:?", max_size=60))
def test_a_text_without_double_quotes_stays_as_it_is(sql: str) -> None:
    assert without_double_quotes(sql) == sql


@given(st.text(alphabet="ab'\"`[]()/*-\n ;.0x|<>=:?", max_size=60))
def test_the_canonical_form_is_one(sql: str) -> None:
    assert canonical(canonical(sql)) == canonical(sql)


@pytest.mark.parametrize(
    ("sql", "is_hidden"),
    [
        ("WITH processes AS (SELECT 1) SELECT * FROM processes", True),
        ("WITH a AS (SELECT 1), Processes (x) AS (SELECT 1) SELECT 1", True),
        ('WITH "processes" AS MATERIALIZED (SELECT 1) SELECT 1', True),
        ("WITH [processes]/**/AS NOT MATERIALIZED (SELECT 1) SELECT 1", True),
        ("WITH 'processes' AS (SELECT 1) SELECT 1", True),
        ("WITH processes \v AS (SELECT 1) SELECT 1", True),
        ("WITH processes \ufeff AS (SELECT 1) SELECT 1", True),
        ("WITH RECURSIVE processes(a)AS(SELECT 1) SELECT 1", True),
        ("SELECT 1 FROM (WITH processes AS (SELECT 1) SELECT 1)", True),
        ("WITH a AS (SELECT * FROM processes) SELECT 1 FROM processes AS b", False),
        ("SELECT processes.name AS processes FROM processes", False),
    ],
)
def test_names_that_a_with_clause_hides_are_found(sql: str, is_hidden: bool) -> None:
    assert bool(list(hidden_names(sql, {"processes"}))) is is_hidden


@pytest.mark.parametrize(
    ("sql", "line", "reason"),
    [
        ("", 1, "expected a SELECT"),
        ("-- nothing", 1, "expected a SELECT"),
        ("VALUES (1)", 1, "expected a SELECT, got VALUES"),
        ("EXPLAIN SELECT 1", 1, "expected a SELECT, got EXPLAIN"),
        ("SELECT 1;\nSELECT 2", 1, "one statement"),
        ("SELECT 1\nWHERE pid = :pid", 2, "no parameter but :ahora"),
        ("SELECT 1\nWHERE pid = ?", 2, "no parameter but :ahora"),
        ("SELECT\n current_timestamp", 2, "only clock"),
        ("SELECT 1,\n\ndate('now')", 3, "only clock"),
        ("SELECT strftime('%s', \"now\")", 1, "only clock"),
        ("SELECT date('2026-01-01', 'localtime')", 1, "only clock"),
        ("SELECT date()", 1, "without a time"),
        ("SELECT strftime('%s')", 1, "without a time"),
        ("WITH processes AS (SELECT 1) SELECT 1", 1, "may not hide"),
    ],
)
def test_faults_of_a_statement_have_their_line(sql: str, line: int, reason: str) -> None:
    ((at, said),) = statement_faults(sql, {"processes"})
    assert at == line
    assert reason in said


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        "SELECT 1; -- the end",
        "SELECT name FROM processes WHERE name = 'now'",
        "SELECT date(:ahora, '-1 day'), strftime('%H', :ahora)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
    ],
)
def test_right_statements_have_no_fault(sql: str) -> None:
    assert list(statement_faults(sql, {"processes"})) == []
