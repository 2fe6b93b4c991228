"""The oracle's identity: by name, address, start and boot id, against the newest record."""

from __future__ import annotations

from tests.support.plain_identity import Known, Machine, sibling_of
from tests.support.plain_time import HOUR, MINUTE, SECOND, Arrival, stored
from tests.support.time_histories import MONDAY, YEAR

HOUR_1, HOUR_3 = MONDAY + HOUR, MONDAY + 3 * HOUR
HERE = Machine("web-1", "10.0.0.1", MONDAY, "boot-1")


def test_the_first_report_of_an_identity_is_sibling_0() -> None:
    assert sibling_of(HERE, {}) == 0


def test_a_machine_whose_name_or_address_changes_stays_the_same() -> None:
    later = HERE._replace(booted_at=MONDAY + HOUR, boot_id="boot-2")
    assert sibling_of(later._replace(nombre_host="web-2"), {0: Known(HERE)}) == 0
    assert sibling_of(later._replace(ipaddress="10.0.0.2"), {0: Known(HERE)}) == 0


def test_another_name_and_another_address_are_another_server() -> None:
    clone = Machine("web-2", "10.0.0.2", MONDAY + HOUR, "boot-2")
    assert sibling_of(clone, {0: Known(HERE)}) == 1
    assert sibling_of(clone, {0: Known(HERE), 1: Known(clone)}) == 1


def test_a_start_before_that_of_the_newest_record_is_another_server() -> None:
    minute_before = HERE._replace(booted_at=MONDAY - MINUTE, boot_id=None)
    assert sibling_of(minute_before, {0: Known(HERE)}) == 0
    assert sibling_of(minute_before._replace(booted_at=MONDAY - MINUTE - 1), {0: Known(HERE)}) == 1
    assert sibling_of(minute_before._replace(nombre_host="web-2"), {0: Known(HERE)}) == 1


def test_equal_boot_ids_win_over_the_start() -> None:
    set_back = HERE._replace(booted_at=MONDAY - 2 * HOUR)
    assert sibling_of(set_back, {0: Known(HERE)}) == 0


def test_a_boot_does_not_come_back() -> None:
    known = Known(HERE._replace(boot_id="boot-2"), 100, frozenset({"boot-1", "boot-2"}))
    assert sibling_of(HERE, {0: known}, 101) == 1
    assert sibling_of(HERE, {0: known}, 100) == 0
    assert sibling_of(HERE._replace(boot_id="boot-3"), {0: known}, 101) == 0


def test_a_late_report_may_be_of_an_earlier_start() -> None:
    before = HERE._replace(booted_at=MONDAY - HOUR, boot_id=None)
    assert sibling_of(before, {0: Known(HERE, 100)}, 100) == 0
    assert sibling_of(before, {0: Known(HERE, 100)}, 101) == 1


def test_one_boot_id_with_another_name_and_address_is_another_server() -> None:
    container = Machine("web-2", "10.0.0.2", MONDAY, "boot-1")
    assert sibling_of(container, {0: Known(HERE)}) == 1


def test_of_several_siblings_the_start_decides_then_the_name_then_the_address() -> None:
    siblings = {
        0: Known(Machine("web-1", "10.0.0.9", MONDAY, None)),
        1: Known(Machine("web-2", "10.0.0.1", MONDAY, None)),
        2: Known(Machine("web-1", "10.0.0.2", MONDAY + HOUR, None)),
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
    assert [x.reloj for x in records if x.reloj] == ["adelantado"] * 4


def test_a_late_report_of_the_boot_before_stays_with_its_server() -> None:
    first = Machine("web-1", "10.0.0.1", MONDAY, "boot-1")
    second = Machine("web-1", "10.0.0.1", MONDAY + 2 * HOUR, "boot-2")
    records = stored(
        [
            Arrival("web", HOUR_1, HOUR_1 + SECOND, machine=first),
            Arrival("web", HOUR_3, HOUR_3 + SECOND, machine=second),
            Arrival(
                "web",
                MONDAY + 65 * MINUTE,
                MONDAY + 131 * MINUTE,
                processes=("spooled",),
                machine=first,
            ),
        ]
    )
    assert [x.server for x in records] == [("web", 0)] * 3


def test_a_machine_without_rtc_is_one_server_whose_boots_all_start_in_2020() -> None:
    in_2020 = MONDAY - 6 * YEAR
    arrivals = []
    for day in range(3):
        real = MONDAY + day * 24 * HOUR
        fake = Machine("pi", "10.0.0.1", in_2020, f"boot-{day}")
        right = fake._replace(booted_at=real)
        arrivals += [
            Arrival("pi", in_2020 + MINUTE, real + MINUTE, machine=fake),
            Arrival("pi", real + 5 * MINUTE, real + 5 * MINUTE + SECOND, machine=right),
            Arrival("pi", real + 10 * MINUTE, real + 10 * MINUTE + SECOND, machine=right),
        ]
    assert [x.server[1] for x in stored(arrivals)] == [0] * 9


def test_containers_of_one_host_are_servers_of_their_own_though_they_share_its_boot_id() -> None:
    one = Machine("app-1", "10.0.0.1", MONDAY, "boot-of-the-host")
    other = Machine("app-2", "10.0.0.2", MONDAY + HOUR, "boot-of-the-host")
    records = stored(
        [
            Arrival(
                "image",
                MONDAY + 60 * MINUTE,
                MONDAY + 60 * MINUTE + SECOND,
                processes=("app-1",),
                machine=one,
            ),
            Arrival(
                "image",
                MONDAY + 61 * MINUTE,
                MONDAY + 61 * MINUTE + SECOND,
                processes=("app-2",),
                machine=other,
            ),
        ]
    )
    assert [x.server[1] for x in records] == [0, 1]
