"""A query of an administrator reads copies of the relations, and can do nothing else."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.auth.audit_log import AuditLog
from service.errors import (
    GuardEndedError,
    InvalidSqlError,
    QueriesBusyError,
    QueriesOffError,
    QuestionAbandonedError,
    SqlLimitError,
    StorageUnavailableError,
)
from service.policies.guard.guard_connection import GuardConnection, ProcessLimits
from service.policies.queries import query_runner
from service.policies.queries.query_faults import check_text
from service.policies.queries.query_runner import QueryRunner, SqlQuery
from service.policies.queries.query_slots import slot
from service.policies.rules.places import TABLES_SCRIPT
from service.store.queries import load_queries
from service.store.read.moments import Moment
from service.store.read.relation_copies import RelationCopies
from service.store.read.silence import Silence
from service.times import HOUR, MINUTE
from tests.support.bad_sql import REFUSED
from tests.support.examples import CRON, JUAN, PROFILE, SSHD, report
from tests.support.stores import Stores, stores

NOW = 3 * HOUR + MINUTE
ASKER: dict[str, str | int | None] = {"token": 7, "name": "ana", "source": "10.0.0.9"}
QUERY_PROCESS = "service.policies.queries.query_process"
WAITING = "WITH RECURSIVE t(a) AS (SELECT pid FROM processes UNION ALL SELECT a + 1 FROM t)"
OTHER = PROFILE._replace(ipaddress="10.0.0.2")


@pytest.fixture(scope="module")
def filled() -> Iterator[Stores]:
    """Server 1 is heard at hours 1 and 3; server 2 is silent since hour 1; one report is late."""
    with stores() as made:
        made.add(report(1, CRON, JUAN))
        made.add(report(1, SSHD, JUAN, profile=OTHER))
        made.add(report(3, CRON, SSHD, JUAN))
        made.add(replace(report(2, SSHD), digest=b"late"), 3 * HOUR + 1)
        yield made


@pytest.fixture
def runner(filled: Stores, tmp_path: Path) -> QueryRunner:
    return made(filled, tmp_path)


def made(filled: Stores, folder: Path, **settings: Any) -> QueryRunner:
    script = TABLES_SCRIPT.read_text(encoding="utf-8")
    copies = RelationCopies(filled.path, load_queries(), Silence(clock=lambda: NOW), script)
    places = [folder / "1.lock", folder / "2.lock"]
    given = {"is_on": True} | settings
    return QueryRunner(copies, AuditLog(folder / "audit.jsonl"), places, **given)


def rows(runner: QueryRunner, sql: str, **asked: Any) -> list[list[Any]]:
    return [list(row) for row in runner.answer(SqlQuery(sql, **asked), ASKER).rows]


NAMES = "SELECT servidor, name FROM procesos_vigentes ORDER BY servidor, id_proc"


def test_the_relations_are_those_of_now_or_of_a_moment(runner: QueryRunner) -> None:
    assert rows(runner, NAMES) == [[1, "cron"], [1, "sshd"]]
    at = Moment(HOUR + MINUTE)
    assert rows(runner, NAMES, moment=at) == [[1, "cron"], [2, "sshd"]]
    known = Moment(4 * HOUR, 2 * HOUR)  # before the last report of server 1 arrived
    sql = "SELECT servidor, recibido, estado FROM servers_vigentes ORDER BY 1"
    shown = "1970-01-01 01:00:00.000000"
    assert rows(runner, sql, moment=known) == [
        [1, shown, "silencioso"],
        [2, shown, "silencioso"],
    ]


def test_rows_of_silent_servers_stand_apart(runner: QueryRunner) -> None:
    assert rows(runner, NAMES, of_silent=True) == [[2, "sshd"]]
    logins = "SELECT servidor, username FROM usuarios_vigentes"
    assert rows(runner, logins) == [[1, "juan"]]
    assert rows(runner, logins, of_silent=True) == [[2, "juan"]]
    assert rows(runner, "SELECT servidor, estado FROM servers_vigentes ORDER BY 1") == [
        [1, "al_dia"],
        [2, "silencioso"],
    ]


def test_the_moment_is_the_only_clock(runner: QueryRunner) -> None:
    asked = {"moment": Moment(HOUR + MINUTE)}
    assert rows(runner, "SELECT :ahora", **asked) == [["1970-01-01 01:01:00.000000"]]
    with pytest.raises(InvalidSqlError, match="only clock"):
        rows(runner, "SELECT date('now')")


def test_a_longer_answer_is_cut_and_says_so(runner: QueryRunner) -> None:
    numbers = "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n WHERE a < {})"
    for most, is_cut in ((1000, False), (1001, True)):
        found = runner.answer(SqlQuery(f"{numbers.format(most)} SELECT a FROM n"), ASKER)
        assert (len(found.rows), found.rows[-1], found.is_cut) == (1000, [1000], is_cut)
    large = f"{numbers.format(9)} SELECT replace('{'x' * 999}', 'x', '{'y' * 999}') FROM n"
    found = runner.answer(SqlQuery(large), ASKER)
    assert (len(found.rows), found.is_cut) == (4, True)  # of a megabyte each


def test_an_answer_without_any_row_is_none_whose_first_row_is_too_long(runner: QueryRunner) -> None:
    text = f"WITH t (a) AS (SELECT replace('{'x' * 999}', 'x', '{'y' * 999}'))"
    with pytest.raises(SqlLimitError, match="its first row has more than 4194304 characters"):
        rows(runner, f"{text} SELECT a, a, a, a, a FROM t")
    found = runner.answer(SqlQuery("SELECT pid FROM processes WHERE pid < 0"), ASKER)
    assert (found.rows, found.is_cut) == ([], False)


def test_a_query_is_logged_before_it_runs(runner: QueryRunner, tmp_path: Path) -> None:
    token = "ccsa_" + "0" * 36
    with pytest.raises(InvalidSqlError):
        rows(runner, f"SELECT '{token}' FROM sqlite_master", moment=Moment(HOUR, 2 * HOUR))
    (line,) = (tmp_path / "audit.jsonl").read_text().splitlines()
    entry = json.loads(line)
    del entry["hora"]
    assert entry == ASKER | {
        "hecho": "query asked",
        "sql": "SELECT 'ccsa_***' FROM sqlite_master",
        "length": 69,
        "fecha_hora": "1970-01-01 01:00:00.000000",
        "conocido_en": "1970-01-01 02:00:00.000000",
        "estado": "al_dia",
    }


def test_no_query_runs_that_cannot_be_logged(filled: Stores, tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    runner = made(filled, tmp_path)
    with pytest.raises(StorageUnavailableError):
        rows(runner, "SELECT 1")
    assert not (tmp_path / "1.lock").exists()


def test_no_query_runs_while_queries_are_off(filled: Stores, tmp_path: Path) -> None:
    runner = made(filled, tmp_path, is_on=False)
    with pytest.raises(QueriesOffError, match="COMPLIANCE_QUERIES=1"):
        rows(runner, "SELECT 1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1 FROM procesos", "no such table: procesos: here it is procesos_vigentes"),
        ("SELECT 1 FROM token", "no such table: token: expected one of etiquetas, fin_de_vida"),
        (
            "SELECT sql FROM sqlite_master",
            "sqlite_master: there is no such relation: expected one of etiquetas",
        ),
        ("SELECT 1 FROM processes AS window, proceso", "proceso: there is no such relation"),
        ("SELECT 1 FROM processes AS l\u0131mit, proceso", "proceso: there is no such relation"),
        ("SELECT nam FROM processes", "no such column: nam: processes has server, pid, name"),
        ("SELECT random()", r"not allowed: the function random\(\): expected one of abs, avg"),
        ("SELECT 1;\nDELETE FROM x", "line 1: expected one statement"),
        ("SELECT name\nFROM processes\nWHERE pid = :pid", "line 3: expected no parameter but"),
        ("PRAGMA user_version", "line 1: expected a SELECT, got PRAGMA"),
        (
            "WITH proceso AS (SELECT 1) SELECT * FROM proceso AS a, taken.proceso",
            "there is no such relation",
        ),
        ("WITH processes AS (SELECT 1) SELECT 1", "a WITH clause may not hide a relation"),
        ("", "line 1: expected a SELECT"),
        ("SELECT '" + "x" * 8000 + "'", "expected at most 8000 characters, got 8009"),
        ("SELECT 1\0", "without NUL"),
        ("SELECT FROM", 'near "FROM": syntax error'),
    ],
)
def test_errors_say_what_was_expected(runner: QueryRunner, sql: str, said: str) -> None:
    with pytest.raises(InvalidSqlError, match=said):
        rows(runner, sql)


def test_a_query_without_an_end_is_stopped(
    runner: QueryRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_runner, "SECONDS", 0.2)
    with pytest.raises(SqlLimitError, match="more time"):
        rows(runner, f"{WAITING} SELECT max(a) FROM t")


class Waiting(threading.Thread):
    """A query that would not end before its client leaves."""

    def __init__(self, runner: QueryRunner, left: threading.Event) -> None:
        super().__init__()
        self._runner = runner
        self._left = left
        self.runs = threading.Event()
        self.error: BaseException | None = None
        self.start()

    def _is_abandoned(self) -> bool:
        self.runs.set()
        return self._left.is_set()

    def run(self) -> None:
        try:
            self._runner.answer(
                SqlQuery(f"{WAITING} SELECT max(a) FROM t"), ASKER, self._is_abandoned
            )
        except Exception as error:  # noqa: BLE001 — the test looks at it
            self.error = error


def test_a_third_query_is_refused_and_one_whose_client_left_makes_room(
    filled: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_runner, "SECONDS", 60.0)
    left = threading.Event()
    waiting = [Waiting(made(filled, tmp_path), left) for _ in range(2)]
    for each in waiting:
        assert each.runs.wait(60)
    runner = made(filled, tmp_path)
    with pytest.raises(QueriesBusyError) as refused:
        rows(runner, "SELECT 1")
    assert (str(refused.value)[:19], refused.value.retry_after) == ("2 queries run now, ", 5)
    left.set()
    for each in waiting:
        each.join(60)
        assert isinstance(each.error, QuestionAbandonedError)
    assert rows(runner, "SELECT 1") == [[1]]


def test_a_query_that_outlives_its_service_keeps_its_place(tmp_path: Path) -> None:
    places = [tmp_path / "1.lock"]
    with slot(places) as place:
        query = GuardConnection(ProcessLimits(), QUERY_PROCESS, locks=[place])
    # The place is given up here, as by a worker that was killed.
    try:
        with pytest.raises(QueriesBusyError), slot(places):
            pass
    finally:
        query.end()
    with slot(places):
        pass


def test_a_client_that_leaves_is_noticed_while_the_relations_are_sent() -> None:
    left = threading.Event()
    query = GuardConnection(ProcessLimits(), QUERY_PROCESS, left.is_set)
    os.kill(query.pid, signal.SIGSTOP)  # it reads nothing
    threading.Timer(0.1, left.set).start()
    with pytest.raises(GuardEndedError):
        list(query.ask({"do": "run"}, b"x" * 10_000_000))


STUBBORN = (
    f"SELECT 1 FROM (SELECT replace('{'a' * 900}', 'a', '{'a' * 900}') || name AS n"
    " FROM processes LIMIT 1) WHERE instr(n, substr(n, 1, 400000) || 'b')"
)


@pytest.mark.torture
def test_a_step_that_nothing_interrupts_ends_its_process(
    filled: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_runner, "SECONDS", 0.2)
    runner = made(filled, tmp_path, limits=ProcessLimits(answer=15.0))
    with pytest.raises(SqlLimitError, match="processor or memory"):
        rows(runner, STUBBORN)
    assert rows(runner, NAMES) == [[1, "cron"], [1, "sshd"]]


@pytest.mark.torture
def test_no_query_reads_or_changes_anything_else(
    runner: QueryRunner, filled: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_runner, "SECONDS", 0.1)
    before = filled.path.read_bytes()
    for sql in REFUSED:
        with pytest.raises(InvalidSqlError):
            rows(runner, sql)
    assert filled.path.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.lock", "audit.jsonl"]


@pytest.mark.parametrize("sql", ["SELECT 1;", "-- why\nSELECT 1", "WITH a AS (SELECT 1) TABLE a"])
def test_texts_of_one_select_pass(sql: str) -> None:
    check_text(sql)
