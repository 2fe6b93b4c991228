"""The views with the names of osquery show the newest report of each server, and nothing older."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from service.report import Login, Process, Profile, Report
from service.times import HOUR
from tests.support.stores import Stores, stores

WEB = Profile(
    "10.0.0.1", "x86_64", "Intel", "Linux", "12", 2, "web-1", "6.1", "0.1", "logind", 1_000_000
)
MAIL = WEB._replace(ipaddress="10.0.0.2", nombre_host="mail-1")
INIT: Process = (1, "init", "root", 1_500_000)
CRON: Process = (7, "cron", "root", None)
JUAN: Login = (829, "juan", "pts/0", "10.9.9.9", 2_500_000)
ANA: Login = (830, "ana", None, None, None)


def report(hour: int, profile: Profile, *rows: Process | Login, machine: str | None) -> Report:
    processes = [row for row in rows if len(row) == 4]
    logins = [row for row in rows if len(row) == 5]
    digest = repr((hour, profile)).encode()
    details = [(0, f"/bin/{name}", f"{name} -x") for _, name, _, _ in processes]
    return Report(hour * HOUR, profile, processes, logins, digest, details, machine)


@pytest.fixture
def both() -> Iterator[Stores]:
    """Two servers with two reports each, and a late report of the first."""
    web_later = WEB._replace(version_so="13", nucleo="6.12", marca_proc="ARM", ipaddress="10.0.0.3")
    mail_later = MAIL._replace(version_so="13", arquitectura_proc="aarch64", nombre_host="mail-2")
    with stores() as made:
        made.add(report(1, WEB, INIT, CRON, JUAN, ANA, machine="m1"))
        made.add(report(2, MAIL, CRON, JUAN, machine=None))
        made.add(report(3, web_later, INIT, JUAN, machine="m1"))
        made.add(report(4, mail_later, CRON, ANA, machine=None))
        late = report(2, WEB, CRON, ANA, machine="m1")
        made.add(replace(late, digest=b"late"))
        yield made


def test_processes_are_those_that_run_now(both: Stores) -> None:
    query = (
        "SELECT server, pid, name, path, cmdline, cwd, root, start_time, parent, username"
        " FROM processes ORDER BY server, pid"
    )
    assert both.rows(query) == [
        (1, 1, "init", "/bin/init", "init -x", None, None, 1, 0, "root"),
        (2, 7, "cron", "/bin/cron", "cron -x", None, None, None, 0, "root"),
    ]


def test_logged_in_users_are_those_whose_login_is_open_now(both: Stores) -> None:
    query = "SELECT server, type, user, tty, host, time, pid FROM logged_in_users ORDER BY server"
    assert both.rows(query) == [
        (1, "user", "juan", "pts/0", "10.9.9.9", 2, 829),
        (2, "user", "ana", None, None, None, 830),
    ]


def test_os_version_is_that_of_the_newest_report(both: Stores) -> None:
    query = "SELECT server, name, version, kernel_version, arch FROM os_version ORDER BY server"
    assert both.rows(query) == [
        (1, "Linux", "13", "6.12", "x86_64"),
        (2, "Linux", "13", "6.1", "aarch64"),
    ]


def test_system_info_is_that_of_the_newest_report(both: Stores) -> None:
    query = (
        "SELECT server, hostname, uuid, cpu_type, cpu_brand, computer_name, local_hostname,"
        " address FROM system_info ORDER BY server"
    )
    assert both.rows(query) == [
        (1, "web-1", "m1", "x86_64", "ARM", "web-1", "web-1", "10.0.0.3"),
        (2, "mail-2", None, "aarch64", "Intel", "mail-2", "mail-2", "10.0.0.2"),
    ]
