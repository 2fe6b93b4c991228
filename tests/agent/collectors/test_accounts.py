from __future__ import annotations

import os
import pwd
import threading
from pathlib import Path

import pytest

from agent.collectors import accounts, deadline
from agent.collectors.accounts import collect, parse_passwd
from agent.machine import Machine
from tests.agent.trees import write_file

PASSWD = """root:x:0:0:root:/root:/bin/bash
toor:x:0:0:another root:/root:/bin/sh

juan:x:1000:1000:Juan Nu\xf1ez,,,:/home/juan:/bin/zsh
broken:x:abc:0
short:x
# comment:x:7:7::/:/bin/sh
+@admins:x:5:5:::
+::::::
:x:6:6:::
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"""


@pytest.fixture(autouse=True)
def nothing_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_answers", {})
    monkeypatch.setattr(deadline, "_unanswered", {})


def test_first_name_of_a_user_id_wins() -> None:
    assert parse_passwd(PASSWD) == {0: "root", 1000: "juan", 65534: "nobody"}


def test_user_of_this_machine_has_the_name_of_the_account() -> None:
    assert collect(Machine(), [0]) == {0: pwd.getpwuid(0).pw_name}


def test_user_without_an_account_is_its_id() -> None:
    # 4294967295 is the number that means "none" in C.
    uids = [54321, 4294967294, 4294967295, 1 << 40]
    assert collect(Machine(), uids) == {uid: str(uid) for uid in uids}


def test_tree_has_its_own_names(tmp_path: Path) -> None:
    write_file(tmp_path, "/etc/passwd", "capitana:x:0:0::/:/bin/sh\n")
    assert collect(Machine(rootfs=str(tmp_path)), [0, 1]) == {0: "capitana", 1: "1"}


def test_tree_without_accounts_has_ids_instead_of_names_of_this_machine(
    tmp_path: Path,
) -> None:
    assert collect(Machine(rootfs=str(tmp_path)), [0]) == {0: "0"}


@pytest.mark.parametrize(
    "path", ["/usr/lib/passwd", "/var/lib/extrausers/passwd", "/usr/etc/passwd"]
)
def test_accounts_stand_in_other_files_as_well(tmp_path: Path, path: str) -> None:
    """altfiles of ostree systems, extrausers of Ubuntu Core, an ostree system at rest."""
    write_file(tmp_path, "/etc/passwd", "root:x:0:0::/:/bin/sh\ncore:x:1000:1000::/:/bin/sh\n")
    write_file(tmp_path, path, "superuser:x:0:0::/:/bin/sh\nchrony:x:996:996::/:/bin/sh\n")
    names = collect(Machine(rootfs=str(tmp_path)), [0, 996, 1000])
    assert names == {0: "root", 996: "chrony", 1000: "core"}


def test_database_that_does_not_read_the_other_files_is_completed_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of musl, which knows /etc/passwd only."""
    file = write_file(tmp_path, "passwd", "chrony:x:54321:1::/:/bin/sh\n")
    monkeypatch.setattr(accounts, "_FILES", (str(file),))
    assert collect(Machine(), [54321, 54322]) == {54321: "chrony", 54322: "54322"}


def test_user_id_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = pwd.getpwuid

    def counting(uid: int) -> pwd.struct_passwd:
        asked.append(uid)
        return real(uid)

    monkeypatch.setattr(pwd, "getpwuid", counting)
    collect(Machine(), [54321, os.getuid(), 54321])
    assert sorted(asked) == sorted({os.getuid(), 54321})


class SlowDatabase:
    """A user database that gives a name each time when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[int] = []
        self.let = threading.Semaphore(0)
        monkeypatch.setattr(pwd, "getpwuid", self._look_up)

    def _look_up(self, uid: int) -> pwd.struct_passwd:
        self.asked.append(uid)
        self.let.acquire()
        return pwd.struct_passwd((f"user-{uid}", "x", uid, uid, "", "/", "/bin/sh"))


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> SlowDatabase:
    return SlowDatabase(monkeypatch)


def test_users_that_a_slow_database_does_not_give_in_time_are_their_ids(
    database: SlowDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    database.let.release(2)
    names = collect(Machine(), [70003, 70001, 70002, 70000], seconds=0.2)
    assert names == {70000: "user-70000", 70001: "user-70001", 70002: "70002", 70003: "70003"}
    [record] = caplog.records
    assert "the user database: no answer within" in record.getMessage()
    assert "2 users" in record.getMessage()
    database.let.release(9)


def test_slow_database_gets_through_all_users_in_several_reports(database: SlowDatabase) -> None:
    uids = [70000, 70001, 70002]
    for known in range(1, 4):
        database.let.release(1)
        names = collect(Machine(), uids, seconds=0.2)
        assert sorted(names.values())[-known:] == [f"user-{uid}" for uid in uids[:known]]
        database.let.release(1)  # the lookup in progress ends after the report, and is not used
        deadline._unanswered["the user database"].join(5)


def test_database_that_still_hangs_is_not_asked_again(
    database: SlowDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert collect(Machine(), [70000], seconds=0.1) == {70000: "70000"}
    assert database.asked == [70000]
    assert "no answer since an earlier report" in caplog.text
    database.let.release(1)
