"""The three relations are exact: equal, row for row, to those of a store that keeps every row."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from service.database import Database
from service.queries import load_queries
from service.report import Login, Process, Profile, Report
from service.store.reports import ReportStore, Stored
from service.store.spans import node_of
from tests import plain_store

# Few values each, so that reports share servers, times, pids, programs and whole rows.
PIDS = st.integers(1, 4)
NAMES = st.sampled_from([None, "", "cron", "sshd"])
PROCESSES: st.SearchStrategy[Process] = st.tuples(PIDS, NAMES, NAMES)
LOGINS: st.SearchStrategy[Login] = st.tuples(st.none() | PIDS, NAMES)
REPORTS = st.builds(
    Report,
    taken_at=st.integers(0, 12).map(lambda hour: hour * 3_600_000_000 + hour),
    profile=st.builds(
        Profile,
        ipaddress=st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1"]),
        arquitectura_proc=st.just("x86_64"),
        marca_proc=st.just("Intel"),
        nombre_so=st.just("Linux"),
        version_so=st.sampled_from(["11", "12"]),
    ),
    processes=st.lists(PROCESSES, max_size=6),
    logins=st.lists(LOGINS, max_size=3),
    digest=st.binary(min_size=16, max_size=16),
)


@contextmanager
def stores() -> Iterator[tuple[ReportStore, sqlite3.Connection, sqlite3.Connection]]:
    """Our store, a connection to its database, and a plain store."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "compliance.db")
        database.migrate()
        ours = sqlite3.connect(database.path)
        plain = sqlite3.connect(":memory:")
        plain.executescript(plain_store.TABLES)
        try:
            yield ReportStore(database, load_queries()), ours, plain
        finally:
            plain.close()
            ours.close()
            database.close()


def assert_equal_relations(ours: sqlite3.Connection, plain: sqlite3.Connection) -> None:
    for relation in plain_store.RELATIONS:
        assert plain_store.rows(ours, relation) == plain_store.rows(plain, relation), relation


@settings(max_examples=150, deadline=None)
@given(st.lists(REPORTS, min_size=1, max_size=14))
def test_the_relations_equal_those_of_a_plain_store(reports: list[Report]) -> None:
    with stores() as (store, ours, plain):
        for report in reports:
            stored = store.add(report, received_at=report.taken_at)
            if stored.new:
                plain_store.insert(plain, report, stored.id_serv)
        assert_equal_relations(ours, plain)
        keys_are_unique(ours)


@settings(max_examples=50, deadline=None)
@given(st.lists(REPORTS, min_size=2, max_size=10))
def test_keys_are_stable_while_reports_arrive(reports: list[Report]) -> None:
    with stores() as (store, ours, _):
        seen: dict[tuple[str, int], tuple[object, ...]] = {}
        for report in reports:
            store.add(report, received_at=report.taken_at)
            now = {
                (relation, row[0]): row
                for relation in ("procesos", "usuarios_activos")
                for row in ours.execute(f"SELECT * FROM {relation}")
            }
            assert seen.items() <= now.items()
            seen = now


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(PROCESSES, max_size=5), min_size=40, max_size=60))
def test_a_long_history_reads_back_at_every_moment(history: list[list[Process]]) -> None:
    template = Report(0, Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12"), [], [], b"")
    with stores() as (store, ours, _):
        for hour, processes in enumerate(history):
            report = replace(
                template, taken_at=hour, processes=processes, digest=hour.to_bytes(16, "big")
            )
            id_serv = store.add(report, received_at=hour).id_serv
            # A record is read while it is the newest, and again below when it is long past.
            assert processes_of(ours, id_serv) == sorted(processes, key=repr)
        for id_serv, processes in enumerate(history, start=1):
            assert processes_of(ours, id_serv) == sorted(processes, key=repr)


@given(st.lists(REPORTS, min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_the_very_same_report_is_stored_once(reports: list[Report]) -> None:
    with stores() as (store, ours, plain):
        first = [store.add(report, received_at=0) for report in reports]
        again = [store.add(report, received_at=1) for report in reports]
        assert again == [Stored(stored.id_serv, new=False) for stored in first]
        for report, stored in zip(reports, first, strict=True):
            if stored.new:
                plain_store.insert(plain, report, stored.id_serv)
        assert_equal_relations(ours, plain)


def test_a_new_report_writes_only_what_appeared_and_what_went() -> None:
    profile = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12")
    many: list[Process] = [(pid, "python", "juan") for pid in range(300)]
    with stores() as (store, ours, _):
        store.add(Report(1, profile, many, [], b"1" * 16), received_at=1)
        store.add(Report(2, profile, many, [], b"2" * 16), received_at=2)
        changed: list[Process] = [*many[:-1], (999, "python", "juan")]
        store.add(Report(3, profile, changed, [], b"3" * 16), received_at=3)
        (spans,) = ours.execute("SELECT count(*) FROM process_span").fetchone()
        assert spans == 301


def test_a_name_that_the_system_denied_is_kept_once_as_well() -> None:
    profile = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12")
    with stores() as (store, ours, _):
        for hour in range(3):
            processes: list[Process] = [(hour, None, None), (hour, "sh", None)]
            digest = bytes([hour]) * 16
            store.add(Report(hour, profile, processes, [(None, None)], digest), received_at=hour)
            for dictionary in store._dictionaries:
                dictionary._committed.clear()  # as another process, that remembers nothing
        assert ours.execute("SELECT count(*) FROM program").fetchone() == (2,)
        assert ours.execute("SELECT count(*) FROM account").fetchone() == (1,)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_span_stands_at_the_number_with_the_most_trailing_zeros(first: int, length: int) -> None:
    def trailing_zeros(number: int) -> int:
        return (number & -number).bit_length()

    covered = range(first, first + length)
    assert node_of(first, first + length) == max(covered, key=trailing_zeros)


def processes_of(connection: sqlite3.Connection, id_serv: int) -> list[tuple[object, ...]]:
    query = "SELECT pid, name, username FROM procesos WHERE id_serv = ?"
    return sorted(connection.execute(query, (id_serv,)), key=repr)


def keys_are_unique(connection: sqlite3.Connection) -> None:
    for relation, key in (("procesos", "id_proc"), ("usuarios_activos", "id_usr")):
        rows, keys = connection.execute(
            f"SELECT count(*), count(DISTINCT {key}) FROM {relation}"
        ).fetchone()
        assert rows == keys
