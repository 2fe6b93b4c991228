"""The oracle's identity: by name, address, start and boot id, against the newest record."""

from __future__ import annotations

from tests.support.plain_identity import Machine, sibling_of
from tests.support.plain_time import HOUR, MINUTE, SECOND, Arrival, stored
from tests.support.time_histories import MONDAY

HERE = Machine("web-1", "10.0.0.1", MONDAY, "boot-1")


def test_the_first_report_of_an_identity_is_sibling_0() -> None:
    assert sibling_of(HERE, {}) == 0


def test_a_machine_whose_name_or_address_changes_stays_the_same() -> None:
    later = HERE._replace(booted_at=MONDAY + HOUR, boot_id="boot-2")
    assert sibling_of(later._replace(nombre_host="web-2"), {0: HERE}) == 0
    assert sibling_of(later._replace(ipaddress="10.0.0.2"), {0: HERE}) == 0


def test_another_name_and_another_address_are_another_server() -> None:
    clone = Machine("web-2", "10.0.0.2", MONDAY + HOUR, "boot-2")
    assert sibling_of(clone, {0: HERE}) == 1
    assert sibling_of(clone, {0: HERE, 1: clone}) == 1


def test_a_start_before_that_of_the_newest_record_is_another_server() -> None:
    minute_before = HERE._replace(booted_at=MONDAY - MINUTE, boot_id=None)
    assert sibling_of(minute_before, {0: HERE}) == 0
    assert sibling_of(minute_before._replace(booted_at=MONDAY - MINUTE - 1), {0: HERE}) == 1
    assert sibling_of(minute_before._replace(nombre_host="web-2"), {0: HERE}) == 1


def test_equal_boot_ids_win_over_the_start() -> None:
    set_back = HERE._replace(booted_at=MONDAY - 2 * HOUR)
    assert sibling_of(set_back, {0: HERE}) == 0


def test_of_several_siblings_the_start_decides_then_the_name_then_the_address() -> None:
    siblings = {
        0: Machine("web-1", "10.0.0.9", MONDAY, None),
        1: Machine("web-2", "10.0.0.1", MONDAY, None),
        2: Machine("web-1", "10.0.0.2", MONDAY + HOUR, None),
    }
    asked = Machine("web-1", "10.0.0.1", MONDAY + HOUR, None)
    assert sibling_of(asked, siblings) == 2
    assert sibling_of(asked._replace(booted_at=MONDAY + 2 * HOUR), siblings) == 0
    assert sibling_of(Machine("web-3", "10.0.0.1", None, None), siblings) == 1


def test_rtc_in_local_time_until_ntp_is_one_server_by_its_boot_id() -> None:
    arrivals = []
    for day in range(4):
        boot = MONDAY + day * 24 * HOUR
        ahead = Machine("vm", "10.0.0.1", boot + 2 * HOUR, f"boot-{day}")
        t = boot + 2 * HOUR + MINUTE
        arrivals.append(Arrival("vm", t, boot + MINUTE, machine=ahead))
        right = ahead._replace(booted_at=boot)
        arrivals += [
            Arrival("vm", boot + i * 5 * MINUTE, boot + i * 5 * MINUTE + SECOND, machine=right)
            for i in range(1, 4)
        ]
    records = stored(arrivals)
    assert {x.server for x in records} == {("vm", 0)}
    assert [x.number for x in records] == list(range(1, 17))
    assert [x.reloj for x in records if x.reloj] == ["adelantado"] * 3  # the first is rule 1
