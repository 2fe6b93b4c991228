"""service/store/identity.py: which server a report speaks of, also where machines are cloned."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.report import Profile, Report
from service.store.engines.sqlite import SqliteDatabase
from service.store.identity import Sibling, Traits, choose_sibling, traits_of
from service.store.queries import load_queries
from service.store.write.reports import ReportStore

MINUTE = 60_000_000
HOUR = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with the one id of these tests, as it is at a moment."""

    host: str | None = "web"
    address: str = "10.0.0.1"
    boot: int | None = 1 * HOUR
    id_maquina: str | None = "m"
    version: int | None = 2

    def report(self, taken_at: int) -> Report:
        profile = Profile(self.address, "x86_64", "Intel", "Debian", "12", self.version)
        profile = profile._replace(nombre_host=self.host, booted_at=self.boot)
        # Its processes say which machine it was, so that none is the very same report.
        processes = [(1, f"{self.host} {self.address}", "root", self.boot)]
        digest = f"{self}{taken_at}".encode()[:200]
        return Report(taken_at, profile, [*processes], [], digest, (), self.id_maquina)


class History:
    """A store, and the servers that its reports were taken to speak of."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.store = ReportStore(database, load_queries())
        self._connection = sqlite3.connect(database.path)
        self._clock = count(100 * HOUR, MINUTE)

    def server_of(self, machine: Machine, taken_at: int | None = None) -> int:
        """Stores a report of a machine, taken now unless said otherwise."""
        report = machine.report(next(self._clock) if taken_at is None else taken_at)
        return self.stored(report)

    def stored(self, report: Report) -> int:
        id_serv = self.store.add(report, 0, self.store.plan(report)).id_serv
        return int(self._one("SELECT server_id FROM report WHERE id = ?", id_serv))

    def servers(self, machines: Sequence[Machine]) -> list[int]:
        return [self.server_of(machine) for machine in machines]

    def flags(self) -> set[tuple[str | None, int]]:
        query = "SELECT DISTINCT id_maquina, id_clonado FROM servers"
        return set(self._connection.execute(query))

    def _one(self, query: str, *parameters: object) -> int:
        return int(self._connection.execute(query, parameters).fetchone()[0])

    def close(self) -> None:
        self._connection.close()


@contextmanager
def histories() -> Iterator[History]:
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "compliance.db")
        database.migrate()
        with closing(database), closing(History(database)) as history:
            yield history


@pytest.fixture
def history() -> Iterator[History]:
    with histories() as made:
        yield made


A = Machine()


# --- one machine is one server ---


@pytest.mark.parametrize(
    "later",
    [
        replace(A, address="10.0.0.2"),
        replace(A, host="db"),
        replace(A, boot=2 * HOUR),
        replace(A, boot=2 * HOUR, address="10.0.0.2"),
        replace(A, boot=2 * HOUR, host="db"),
        replace(A, host=None, address="10.0.0.2"),
        replace(A, host="", address="10.0.0.2"),
        replace(A, boot=None),
        replace(A, boot=None, address="10.0.0.2"),
        replace(A, boot=A.boot - MINUTE if A.boot else None),
    ],
    ids=str,
)
def test_a_machine_that_changes_stays_one_server(history: History, later: Machine) -> None:
    assert len(set(history.servers([A, A, later, later]))) == 1
    assert history.flags() == {("m", 0)}


@pytest.mark.parametrize("host", [None, "web"])
def test_two_servers_with_one_address_are_two(history: History, host: str | None) -> None:
    other = replace(A, id_maquina="other", host=host)
    assert history.servers([A, other, A, other]) == [1, 2, 1, 2]
    assert history.flags() == {("m", 0), ("other", 0)}


def test_what_comes_from_a_spool_stays_with_its_server(history: History) -> None:
    moved = replace(A, address="10.0.0.2")
    now = 100 * HOUR
    assert history.server_of(A, now) == 1
    assert history.server_of(moved, now + HOUR) == 1
    assert history.server_of(replace(moved, boot=now + HOUR), now + 2 * HOUR) == 1
    for minutes in (10, 20, 70, 80, -10):
        machine = A if minutes < 60 else moved
        assert history.server_of(machine, now + minutes * MINUTE) == 1


def test_a_start_with_a_clock_that_lost_an_hour_makes_no_clone(history: History) -> None:
    # As on a machine without a battery: its clock goes on from when it was last saved.
    now = 100 * HOUR
    history.server_of(A, now)
    assert history.server_of(replace(A, boot=now - HOUR), now - HOUR + MINUTE) == 1
    assert history.server_of(replace(A, boot=now - HOUR), now + HOUR) == 1


def test_an_agent_that_begins_to_tell_the_id_begins_a_new_history(history: History) -> None:
    version_1 = Machine(host=None, boot=None, id_maquina=None, version=None)
    version_2 = replace(A, id_maquina=None)
    assert history.servers([version_1, version_2, A, A, version_1]) == [1, 1, 2, 2, 1]
    assert history.flags() == {(None, 0), ("m", 0)}


_changes = st.sampled_from(["report", "reboot", "move", "rename", "reboot+move", "reboot+rename"])


@given(st.lists(_changes, min_size=1, max_size=25))
@settings(max_examples=30, deadline=None)
def test_whatever_happens_to_a_machine_one_thing_at_a_time_it_is_one_server(
    changes: list[str],
) -> None:
    machine = A
    with histories() as history:
        for number, change in enumerate(changes, start=2):
            assert history.server_of(machine) == 1
            if "reboot" in change:
                machine = replace(machine, boot=number * HOUR)
            if "move" in change:
                machine = replace(machine, address=f"10.0.0.{number}")
            if "rename" in change:
                machine = replace(machine, host=f"web-{number}")
        assert history.flags() == {("m", 0)}


# --- clones are told apart ---


@pytest.mark.parametrize("boot", [1 * HOUR, 2 * HOUR, None])
def test_another_name_and_address_are_another_machine_at_once(
    history: History, boot: int | None
) -> None:
    clone = Machine("db", "10.0.0.2", boot)
    assert history.servers([A, clone, A, A, clone, clone, A]) == [1, 2, 1, 1, 2, 2, 1]
    history.server_of(replace(A, id_maquina="other"))
    assert history.flags() == {("m", 1), ("other", 0)}


@given(
    st.sampled_from([("web", "10.0.0.1"), ("web", "10.0.0.2"), ("db", "10.0.0.1"), (None, "::1")]),
    st.lists(st.booleans(), min_size=2, max_size=20),
)
@settings(max_examples=40, deadline=None)
def test_clones_that_were_started_at_two_moments_become_two_servers(
    other: tuple[str | None, str], turns: list[bool]
) -> None:
    older, younger = A, Machine(*other, 2 * HOUR)
    of_the_older, of_the_younger = [], []
    with histories() as history:
        for is_younger in turns:
            if is_younger:
                of_the_younger.append(history.server_of(younger))
            elif of_the_younger:
                of_the_older.append(history.server_of(older))
            else:  # it could as well be started anew before the younger one reports
                history.server_of(older)
        if of_the_older:
            assert history.flags() == {("m", 1)}
    assert len(set(of_the_older)) <= 1
    assert len(set(of_the_younger)) <= 1
    assert not set(of_the_older) & set(of_the_younger)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=20),
    st.sampled_from(["host", "address"]),
)
@settings(max_examples=30, deadline=None)
def test_clones_that_differ_stay_apart_while_they_are_started_anew(
    turns: list[tuple[int, bool]], difference: str
) -> None:
    clones = [
        replace(A, boot=number * HOUR, host=f"web-{number}")
        if difference == "host"
        else replace(A, boot=number * HOUR, address=f"10.0.0.{number}")
        for number in (1, 2, 3)
    ]
    with histories() as history:
        # Three rounds tell them apart, however they begin.
        for _ in range(3):
            history.servers(clones)
        own = history.servers(clones)
        assert len(set(own)) == 3
        for at, (number, anew) in enumerate(turns, start=4):
            if anew:
                clones[number] = replace(clones[number], boot=at * HOUR)
            assert history.server_of(clones[number]) == own[number]


def test_a_late_report_of_a_clone_goes_to_its_own_history(history: History) -> None:
    younger = replace(A, boot=2 * HOUR)
    start = 100 * HOUR
    at = [start + number * HOUR for number in range(8)]
    told = [A, younger, A, younger, A, younger]
    assert [history.server_of(m, t) for m, t in zip(told, at, strict=False)] == [1, 1, 2, 1, 2, 1]
    late = start + 3 * HOUR + MINUTE
    assert [history.server_of(machine, late) for machine in (A, younger)] == [2, 1]


def test_a_report_that_is_sent_again_is_found_with_whichever_clone_has_it(
    history: History,
) -> None:
    first = A.report(100 * HOUR)
    assert history.stored(first) == 1
    younger = replace(A, boot=2 * HOUR)
    for hour in (101, 103, 105):
        history.server_of(younger, hour * HOUR)
        history.server_of(A, (hour + 1) * HOUR)
    assert history.server_of(A, 107 * HOUR) == 2
    assert history.store.plan(first) is not None
    assert history.store.add(first, 0).new is False
    assert history.store.add(A.report(104 * HOUR), 0).new is False
    assert history.stored(first) == 1


def test_a_report_that_is_sent_again_is_found_beside_one_of_the_same_moment(
    history: History,
) -> None:
    first = A.report(100 * HOUR)
    assert history.stored(first) == 1
    assert history.server_of(replace(A, boot=2 * HOUR), 100 * HOUR) == 1
    assert history.store.add(first, 0).new is False


def test_of_several_that_a_report_may_speak_of_it_is_the_most_alike(history: History) -> None:
    clones = [Machine("a", "10.0.0.1", None), Machine("b", "10.0.0.2", None)]
    assert history.servers(clones) == [1, 2]
    assert history.server_of(Machine("b", "10.0.0.1", None)) == 2  # the name is the stronger one
    assert history.server_of(Machine("c", "10.0.0.1", None)) == 1
    assert history.server_of(Machine(None, "10.9.9.9", None)) == 1  # the first of equals


REPORTED = traits_of(replace(A, boot=5 * HOUR).report(0))
UNLIKE = REPORTED._replace(
    booted_at=4 * HOUR, arquitectura_proc="arm", marca_proc="", nombre_so="", version_so=""
)
ALIKE = REPORTED._replace(booted_at=4 * HOUR)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        # (before, after) of a server, and of another that the report rather speaks of
        ((ALIKE, None), (UNLIKE._replace(booted_at=5 * HOUR, ipaddress="::1"), None)),
        ((ALIKE._replace(nombre_host="db"), None), (UNLIKE._replace(ipaddress="::1"), None)),
        ((ALIKE._replace(ipaddress="::1"), None), (UNLIKE, None)),
        ((UNLIKE, None), (UNLIKE._replace(version_so="12"), None)),
        ((ALIKE, ALIKE), (UNLIKE, UNLIKE._replace(booted_at=6 * HOUR))),
        ((None, ALIKE._replace(booted_at=4 * HOUR)), (None, REPORTED)),
        ((UNLIKE, None), (None, REPORTED)),
    ],
    ids=["start", "name", "address", "rest", "order of starts", "after", "before or after"],
)
def test_the_strongest_of_what_two_servers_have_in_common_with_a_report_decides(
    less: tuple[Traits | None, Traits | None], more: tuple[Traits | None, Traits | None]
) -> None:
    siblings = [Sibling(1, False, *less), Sibling(2, False, *more)]
    assert choose_sibling(REPORTED, siblings) == 2
    assert choose_sibling(REPORTED, siblings[::-1]) == 2


def test_a_report_older_than_all_is_held_against_the_first(history: History) -> None:
    moved = replace(A, address="10.0.0.2")
    assert history.servers([A, moved, replace(moved, host="db")]) == [1, 1, 1]
    assert history.server_of(A, HOUR) == 1


def test_a_plan_is_made_anew_where_the_clones_became_others_in_between(history: History) -> None:
    younger = replace(A, boot=2 * HOUR)
    history.server_of(A, 100 * HOUR)
    planned = A.report(110 * HOUR)
    plan = history.store.plan(planned)
    assert plan is not None
    assert plan.server_id == 1
    # The plan says server 1. A clone appears, which takes that server for itself.
    history.server_of(younger, 101 * HOUR)
    stored = history.store.add(planned, 0, plan)
    assert history._one("SELECT server_id FROM report WHERE id = ?", stored.id_serv) == 2


def test_a_plan_for_a_server_holds_only_as_long_as_its_siblings_are_the_same(
    history: History,
) -> None:
    a, b = Machine("a", "10.0.0.1", None), Machine("b", "10.0.0.2", None)
    history.servers([a])
    between = Machine("b", "10.0.0.1", None).report(200 * HOUR)
    plan = history.store.plan(between)  # a machine that was renamed, for all that is known
    assert plan is not None
    assert plan.server_id == 1
    history.servers([b])  # and now there is one of that name; server 1 has nothing new
    stored = history.store.add(between, 0, plan)
    assert history._one("SELECT server_id FROM report WHERE id = ?", stored.id_serv) == 2


def test_a_machine_that_got_a_new_name_and_address_with_a_new_start_is_not_flagged() -> None:
    with histories() as history:
        before = history.server_of(Machine("web", "10.0.0.1", HOUR), taken_at=2 * HOUR)
        after = history.server_of(Machine("db", "10.0.0.2", 3 * HOUR), taken_at=4 * HOUR)
        assert before != after  # it could as well be another
        assert history.flags() == {("m", 0)}
