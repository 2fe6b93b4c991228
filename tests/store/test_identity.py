"""service/store/identity.py: one machine is one server, whatever changes about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.store.identity import Sibling, Traits, choose_sibling, traits_of
from service.times import HOUR, MINUTE
from tests.support.engine import Engine
from tests.support.identity import A, History, Machine, histories


@pytest.fixture
def history(engine: Engine) -> Iterator[History]:
    with closing(History(engine)) as made:
        yield made


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


def test_spooled_reports_stay_with_their_server(history: History) -> None:
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


def test_a_clock_that_is_set_within_a_boot_makes_no_clone(history: History) -> None:
    booted = replace(A, boot=99 * HOUR, boot_id="one")
    assert history.server_of(booted, 100 * HOUR) == 1
    set_back = replace(booted, boot=97 * HOUR)
    assert history.server_of(set_back, 101 * HOUR) == 1
    assert history.flags() == {("m", 0)}


def test_an_rtc_in_local_time_makes_no_clone(history: History) -> None:
    # Each boot reports once with a clock two hours ahead, before NTP sets it.
    for day in range(1, 5):
        boot = day * 24 * HOUR
        ahead = replace(A, boot=boot + 2 * HOUR, boot_id=f"boot {day}")
        assert history.server_of(ahead, boot + 2 * HOUR + MINUTE) == 1
        for minutes in range(5, 200, 5):
            right = replace(ahead, boot=boot)
            assert history.server_of(right, boot + minutes * MINUTE) == 1
    assert history.flags() == {("m", 0)}


def test_a_machine_without_rtc_stays_one_server(history: History) -> None:
    # Each boot begins in 1970, and then NTP sets the clock.
    for day in range(1, 4):
        start = replace(A, boot=MINUTE, boot_id=f"boot {day}")
        assert history.server_of(start, 2 * MINUTE) == 1
        for hour in (1, 2):
            right = replace(start, boot=day * 24 * HOUR)
            assert history.server_of(right, (day * 24 + hour) * HOUR) == 1
    assert history.flags() == {("m", 0)}


def test_a_late_report_of_an_earlier_boot_stays_with_its_server(history: History) -> None:
    first, second = replace(A, boot_id="one"), replace(A, boot=100 * HOUR, boot_id="two")
    history.server_of(first, 98 * HOUR)
    history.server_of(second, 102 * HOUR)
    assert history.server_of(first, 99 * HOUR) == 1


def test_containers_of_one_host_are_servers_of_their_own(history: History) -> None:
    one = replace(A, boot_id="of the host")
    other = replace(one, host="db", address="10.0.0.2")
    assert history.servers([one, other, one, other]) == [1, 2, 1, 2]


def test_a_server_that_starts_to_send_its_id_gets_a_new_history(history: History) -> None:
    version_1 = Machine(host=None, boot=None, id_maquina=None, version=None)
    version_2 = replace(A, id_maquina=None)
    assert history.servers([version_1, version_2, A, A, version_1]) == [1, 1, 2, 2, 1]
    assert history.flags() == {(None, 0), ("m", 0)}


_changes = st.sampled_from(["report", "reboot", "move", "rename", "reboot+move", "reboot+rename"])


@given(st.lists(_changes, min_size=1, max_size=25))
@settings(max_examples=30, deadline=None)
def test_a_machine_with_one_change_at_a_time_stays_one_server(
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


REPORTED = traits_of(replace(A, boot=5 * HOUR, boot_id="b").report(0))
UNLIKE = REPORTED._replace(
    booted_at=4 * HOUR,
    boot_id=None,
    arquitectura_proc="arm",
    marca_proc="",
    nombre_so="",
    version_so="",
)
ALIKE = REPORTED._replace(booted_at=4 * HOUR, boot_id=None)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        # The newest report of a server, and of another one that the report rather belongs to.
        (ALIKE._replace(booted_at=5 * HOUR), UNLIKE._replace(boot_id="b", nombre_host="db")),
        (ALIKE, UNLIKE._replace(booted_at=5 * HOUR, ipaddress="::1")),
        (ALIKE._replace(nombre_host="db"), UNLIKE._replace(ipaddress="::1")),
        (ALIKE._replace(ipaddress="::1"), UNLIKE),
        (UNLIKE, UNLIKE._replace(version_so="12")),
    ],
    ids=["boot", "start", "name", "address", "rest"],
)
def test_the_strongest_shared_trait_decides_between_siblings(less: Traits, more: Traits) -> None:
    siblings = [Sibling(1, False, 0, False, less), Sibling(2, False, 0, False, more)]
    assert choose_sibling(REPORTED, HOUR, siblings) == 2
    assert choose_sibling(REPORTED, HOUR, siblings[::-1]) == 2


def test_a_late_report_belongs_to_the_sibling_that_had_its_boot() -> None:
    newest = REPORTED._replace(boot_id="c")
    siblings = [Sibling(1, False, 2, False, newest), Sibling(2, False, 2, True, newest)]
    assert choose_sibling(REPORTED, 1, siblings) == 2
