from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

from agent.collectors.accounts import Accounts, parse_passwd
from agent.machine import Machine
from tests.agent.trees import write_file

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

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


def test_first_name_of_a_user_id_wins() -> None:
    assert parse_passwd(PASSWD) == {0: "root", 1000: "juan", 65534: "nobody"}


def test_user_of_this_machine_has_the_name_of_the_account() -> None:
    assert Accounts(Machine()).name(0) == pwd.getpwuid(0).pw_name


def test_user_without_an_account_is_its_id() -> None:
    accounts = Accounts(Machine())
    assert accounts.name(54321) == "54321"
    assert accounts.name(4294967294) == "4294967294"
    assert accounts.name(4294967295) == "4294967295"  # the number that means "none" in C


def test_tree_has_its_own_names(tmp_path: Path) -> None:
    write_file(tmp_path, "/etc/passwd", "capitana:x:0:0::/:/bin/sh\n")
    accounts = Accounts(Machine(rootfs=str(tmp_path)))
    assert accounts.name(0) == "capitana"
    assert accounts.name(1) == "1"


def test_tree_without_accounts_has_ids_instead_of_names_of_this_machine(
    tmp_path: Path,
) -> None:
    assert Accounts(Machine(rootfs=str(tmp_path))).name(0) == "0"


def test_user_id_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = pwd.getpwuid

    def counting(uid: int) -> pwd.struct_passwd:
        asked.append(uid)
        return real(uid)

    monkeypatch.setattr(pwd, "getpwuid", counting)
    accounts = Accounts(Machine())
    for _ in range(3):
        accounts.name(os.getuid())
        accounts.name(54321)
    assert asked == [os.getuid(), 54321]
