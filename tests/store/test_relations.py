"""The three relations equal those of a plain store, row for row."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from service.report import Process, ProcessDetails, Profile, Report
from service.store.write.reports import Stored
from service.store.write.spans import node_of
from tests.support import plain_store
from tests.support.generated import PROCESSES, REPORTS
from tests.support.stores import Stores, stores


def assert_equal_relations(both: Stores) -> None:
    for relation in plain_store.RELATIONS:
        ours = plain_store.rows(both.rows, relation)
        assert ours == plain_store.rows(both.plain.execute, relation), relation


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(REPORTS, st.booleans()), min_size=1, max_size=14))
def test_the_relations_equal_those_of_a_plain_store(
    reports: list[tuple[Report, bool]],
) -> None:
    with stores() as both:
        for report, to_a_new_worker in reports:
            if to_a_new_worker:
                both.restart()
            both.add(report)
        assert_equal_relations(both)
        assert_unique_keys(both)


@settings(max_examples=25, deadline=None)
@given(st.lists(REPORTS, min_size=2, max_size=10))
def test_keys_are_stable_while_reports_arrive(reports: list[Report]) -> None:
    with stores() as both:
        seen: dict[tuple[str, int], tuple[object, ...]] = {}
        for report in reports:
            both.add(report, received_at=report.taken_at)
            now = {
                (relation, row[0]): row
                for relation in ("procesos", "usuarios_activos")
                for row in both.rows(f"SELECT * FROM {relation}")
            }
            assert seen.items() <= now.items()
            seen = now


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(PROCESSES, max_size=5), min_size=40, max_size=60))
def test_a_long_history_reads_back_at_every_moment(history: list[list[Process]]) -> None:
    template = Report(0, Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12"), [], [], b"")
    with stores() as both:
        for hour, processes in enumerate(history):
            report = replace(
                template, taken_at=hour, processes=processes, digest=hour.to_bytes(16, "big")
            )
            id_serv = both.add(report, received_at=hour).id_serv
            # A record is read while it is the newest, and again below when it is long past.
            assert processes_of(both, id_serv) == sorted(processes, key=repr)
        for id_serv, processes in enumerate(history, start=1):
            assert processes_of(both, id_serv) == sorted(processes, key=repr)


ALIKE: list[Process] = [(1, "sh", "ana", None), (1, "sh", "ana", 0)]
_several_alike = st.lists(st.sampled_from(ALIKE), max_size=6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(_several_alike, st.booleans()), min_size=3, max_size=8))
def test_of_equal_processes_the_first_goes_on_the_longest(
    history: list[tuple[list[Process], bool]],
) -> None:
    profile = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12", 2)
    with stores() as both:
        for hour, (processes, to_a_new_worker) in enumerate(history):
            details: list[ProcessDetails] = [(hour, f"{at}", None) for at in range(len(processes))]
            if to_a_new_worker:
                both.restart()
            both.add(Report(hour, profile, processes, [], hour.to_bytes(16, "big"), details))
        assert_equal_relations(both)


def test_equal_processes_keep_their_order_if_they_take_slots_of_others() -> None:
    profile = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12", 2)
    one, two, three, new = (process(pid) for pid in range(4))
    with stores() as both:
        # The two new processes take the slot of `three`, which ends, and the lower one of `one`.
        for hour, processes in enumerate([[one, two, three], [two, three], [two, new, new]]):
            details: list[ProcessDetails] = [(at, None, None) for at in range(len(processes))]
            digest = hour.to_bytes(16, "big")
            both.add(Report(hour, profile, list(processes), [], digest, details))
        both.restart()
        both.add(Report(3, profile, [two, new], [], b"3", [(8, None, None), (9, None, None)]))
        assert_equal_relations(both)


@given(st.lists(REPORTS, min_size=1, max_size=5))
@settings(max_examples=15, deadline=None)
def test_the_very_same_report_is_stored_once(reports: list[Report]) -> None:
    with stores() as both:
        first = [both.add(report, received_at=0) for report in reports]
        again = [both.add(report, received_at=1) for report in reports]
        assert again == [Stored(stored.id_serv, new=False) for stored in first]
        assert_equal_relations(both)


def test_a_new_report_writes_only_its_changes() -> None:
    profile = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12")
    many: list[Process] = [(pid, "python", "juan", None) for pid in range(300)]
    with stores() as both:
        both.add(Report(1, profile, many, [], b"1" * 16), received_at=1)
        both.add(Report(2, profile, many, [], b"2" * 16), received_at=2)
        changed: list[Process] = [*many[:-1], (999, "python", "juan", None)]
        both.add(Report(3, profile, changed, [], b"3" * 16), received_at=3)
        ((spans,),) = both.rows("SELECT count(*) FROM process_span")
        assert spans == 301


def test_a_null_name_is_stored_once() -> None:
    profile = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12")
    with stores() as both:
        for hour in range(3):
            processes: list[Process] = [(hour, None, None, None), (hour, "sh", None, None)]
            digest = bytes([hour]) * 16
            both.add(Report(hour, profile, processes, [(None,) * 5], digest), received_at=hour)
            for table in both.store._intern_tables:
                table._committed.clear()  # as another process, that remembers nothing
        assert both.rows("SELECT count(*) FROM program") == [(2,)]
        assert both.rows("SELECT count(*) FROM account") == [(1,)]


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_span_stands_at_the_number_with_the_most_trailing_zeros(first: int, length: int) -> None:
    def trailing_zeros(number: int) -> int:
        return (number & -number).bit_length()

    covered = range(first, first + length)
    assert node_of(first, first + length) == max(covered, key=trailing_zeros)


def process(pid: int) -> Process:
    return (pid, "sh", "ana", None)


def processes_of(both: Stores, id_serv: int) -> list[tuple[object, ...]]:
    query = "SELECT pid, name, username, NULL FROM procesos WHERE id_serv = ?"
    return sorted(both.rows(query, (id_serv,)), key=repr)


def assert_unique_keys(both: Stores) -> None:
    for relation, key in (("procesos", "id_proc"), ("usuarios_activos", "id_usr")):
        ((rows, keys),) = both.rows(f"SELECT count(*), count(DISTINCT {key}) FROM {relation}")
        assert rows == keys
