"""A case for each option of each program in the tables of the masking rule.

The lists here repeat the tables on purpose: without an entry of the rule its case fails, and
without a case here a new entry fails.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agent.collectors import masking
from agent.collectors.masking import masked

# The next word is the secret.
SEPARATE = {
    "sshpass": "-p",
    "redis-cli": "-a",
    "ldapsearch": "-w",
    "ldapadd": "-w",
    "ldapmodify": "-w",
    "ldapdelete": "-w",
    "ldapwhoami": "-w",
    "ldappasswd": "-w -s -a",
    "mongo": "-p",
    "mongosh": "-p",
    "mongodump": "-p",
    "mongorestore": "-p",
    "sqlcmd": "-P",
    "bcp": "-P",
    "isql": "-P",
    "zip": "-P",
    "unzip": "-P",
    "openssl": "-k -K",
    "mosquitto_pub": "-P",
    "mosquitto_sub": "-P",
    "ipmitool": "-P",
    "snmpget": "-c -A -X",
    "snmpwalk": "-c -A -X",
    "login": "-p",
    "net": "-P",
    "cqlsh": "-p",
    "rdesktop": "-p",
}
# The rest of the word is the secret.
ATTACHED = {
    "mysql": "-p",
    "mysqldump": "-p",
    "mysqladmin": "-p",
    "mysqlimport": "-p",
    "mysqlcheck": "-p",
    "mysqlshow": "-p",
    "mysqlslap": "-p",
    "mysqlbinlog": "-p",
    "mysqlpump": "-p",
    "mysqlsh": "-p",
    "mariadb": "-p",
    "mariadb-dump": "-p",
    "mariadb-admin": "-p",
    "mariadb-check": "-p",
    "mariadb-import": "-p",
    "mytop": "-p",
    "innobackupex": "-p",
    "sshpass": "-p",
    "7z": "-p",
    "7za": "-p",
    "7zr": "-p",
    "rar": "-p -hp",
    "unrar": "-p",
    "xfreerdp": "/p:",
    "sqlcmd": "-P",
    "redis-cli": "-a",
    "mongo": "-p",
}
# The value is a user, this separator, and the secret.
USER_AND_SECRET = {
    ("curl", ":"): "-u --user -U --proxy-user",
    ("http", ":"): "-a --auth",
    ("https", ":"): "-a --auth",
    ("smbclient", "%"): "-U --user",
    ("rpcclient", "%"): "-U --user",
    ("net", "%"): "-U --user",
    ("smbget", "%"): "-U --user",
}


def pairs(table: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(program, option) for program, options in table.items() for option in options.split()]


USER_OPTIONS = [
    (program, separator, option)
    for (program, separator), options in USER_AND_SECRET.items()
    for option in options.split()
]


@pytest.mark.parametrize(("program", "option"), pairs(SEPARATE))
def test_word_after_a_secret_option_is_masked(program: str, option: str) -> None:
    assert masked([program, option, "S3cret", "end"]) == f"{program} {option} *** end"


@pytest.mark.parametrize(("program", "option"), pairs(ATTACHED))
def test_rest_of_a_secret_option_is_masked(program: str, option: str) -> None:
    assert masked([program, f"{option}S3cret", "end"]) == f"{program} {option}*** end"


@pytest.mark.parametrize(("program", "separator", "option"), USER_OPTIONS)
def test_secret_behind_a_user_is_masked(program: str, separator: str, option: str) -> None:
    value, shown = f"me{separator}S3cret", f"me{separator}***"
    assert masked([program, option, value, "end"]) == f"{program} {option} {shown} end"
    joined = f"{option}=" if option.startswith("--") else option
    assert masked([program, joined + value, "end"]).endswith(f"{shown} end")
    assert masked([program, option, "me", "end"]) == f"{program} {option} me end"


def test_cases_cover_every_option_of_the_rule() -> None:
    assert pairs(masking._NEXT) == pairs(SEPARATE)
    assert pairs(masking._GLUED) == pairs(ATTACHED)
    of_rule = {
        (program, separator): options for program, (options, separator) in masking._USERS.items()
    }
    assert of_rule == USER_AND_SECRET
