from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from agent.collectors import logins
from agent.collectors.logins import Login, parse_utmp
from agent.machine import Machine
from tests.agent.trees import write_file

if TYPE_CHECKING:
    from pathlib import Path

BOOT_TIME, INIT_PROCESS, LOGIN_PROCESS, USER_PROCESS, DEAD_PROCESS = 2, 5, 6, 7, 8
LAYOUTS = [("<", 384), (">", 384), ("<", 400), (">", 400)]


def record(  # noqa: PLR0917 — a record has many members
    kind: int, pid: int, user: bytes, line: bytes = b"pts/0", order: str = "<", size: int = 384
) -> bytes:
    """struct utmp as glibc lays it out: 32-bit times in 384 bytes, 64-bit times in 400."""
    times = "3i" if size == 384 else "3q"
    packed = struct.pack(
        f"{order}h2xi32s4s32s256s2h",
        *(kind, pid, line, line[-4:], user, b"203.0.113.9", 0, 0),
    )
    packed += struct.pack(f"{order}{times}", pid, 1_700_000_000, 5)
    return packed.ljust(size, b"\0")


def short(data: bytes) -> list[tuple[int | None, str]]:
    return [(login.pid, login.user) for login in parse_utmp(data)]


def of_tree(root: Path) -> tuple[str | None, list[tuple[int | None, str]]]:
    found = logins.collect(Machine(rootfs=str(root)))
    return found.source, [(login.pid, login.user) for login in found.logins]


@pytest.mark.parametrize(("order", "size"), LAYOUTS)
def test_logins_of_every_kind_of_machine_are_read(order: str, size: int) -> None:
    rows = [
        (BOOT_TIME, 0, b"reboot", b"~"),
        (INIT_PROCESS, 601, b"", b"tty1"),
        (LOGIN_PROCESS, 602, b"LOGIN", b"tty1"),
        (USER_PROCESS, 829, b"juan", b"pts/0"),
        (USER_PROCESS, 4_000_000, b"a" * 32, b"pts/1"),
        (DEAD_PROCESS, 900, b"gone", b"pts/2"),
    ]
    data = b"".join(record(*row, order=order, size=size) for row in rows)
    assert parse_utmp(data) == [
        Login(829, "juan", "pts/0", "203.0.113.9", 1_700_000_000),
        Login(4_000_000, "a" * 32, "pts/1", "203.0.113.9", 1_700_000_000),
    ]


@pytest.mark.parametrize(("order", "size"), LAYOUTS)
def test_a_login_that_stands_alone_is_read(order: str, size: int) -> None:
    data = record(USER_PROCESS, 829, b"juan", order=order, size=size)
    assert short(data) == [(829, "juan")]


@pytest.mark.parametrize(("order", "size"), LAYOUTS)
def test_a_record_that_is_cut_short_is_left_out(order: str, size: int) -> None:
    data = b"".join(record(USER_PROCESS, pid, b"juan", order=order, size=size) for pid in (1, 2, 3))
    assert short(data[:-100]) == [(1, "juan"), (2, "juan")]


def test_the_same_login_stands_as_often_as_it_is_there() -> None:
    assert short(record(USER_PROCESS, 7, b"ana") * 2) == [(7, "ana")] * 2


def test_a_login_without_a_process_has_no_number() -> None:
    data = record(USER_PROCESS, 0, b"juan") + record(USER_PROCESS, -1, b"ana")
    assert short(data) == [(None, "juan"), (None, "ana")]


def test_a_record_without_a_user_is_no_login() -> None:
    assert parse_utmp(record(USER_PROCESS, 5, b"")) == []


@pytest.mark.parametrize("data", [b"", b"\0", b"\7", b"\0" * 384, b"\xff" * 1000, b"x" * 383])
def test_rubbish_is_no_login_and_no_error(data: bytes) -> None:
    assert all(login.user for login in parse_utmp(data))


@pytest.mark.parametrize("path", ["/run/utmp", "/var/run/utmp"])
def test_a_tree_has_its_own_logins(tmp_path: Path, path: str) -> None:
    write_file(tmp_path, path, record(USER_PROCESS, 12, b"mar\xc3\xada"))
    assert of_tree(tmp_path) == ("utmp", [(12, "maría")])


def test_var_run_is_followed_inside_the_tree(tmp_path: Path) -> None:
    write_file(tmp_path, "/mnt/utmp", record(USER_PROCESS, 12, b"juan"))
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to("/mnt")
    assert of_tree(tmp_path) == ("utmp", [(12, "juan")])


def test_the_logins_of_a_tree_without_utmp_are_unknown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as Debian 13, whose logind keeps them in files that are private to it."""
    write_file(tmp_path, "/run/systemd/sessions/2", "USER=debian\nCLASS=user\nLEADER=1075\n")
    assert of_tree(tmp_path) == ("desconocida", [])
    assert caplog.messages == ["cannot tell who is logged in: there is no utmp file"]


def test_where_there_is_no_utmp_file_the_logins_are_those_that_psutil_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The answer of psutil itself depends on the logins of the test machine.
    suser: Any = psutil._ntuples.suser
    entries = [suser("juan", "pts/0", "host", 1.5, 829), suser("ana", None, "", 1.0, None)]
    monkeypatch.setattr(psutil, "users", lambda: entries)
    assert logins._psutil_logins() == [
        Login(829, "juan", "pts/0", "host", 1),
        Login(None, "ana", "", "", 1),
    ]
