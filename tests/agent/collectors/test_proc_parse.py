"""Parses the files of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.collectors.proc_reader import (
    complete_name,
    parse_stat_name,
    parse_stat_numbers,
    parse_status_uid,
)

if TYPE_CHECKING:
    pass


@pytest.mark.parametrize(
    ("stat", "name"),
    [
        (b"1 (systemd) S 0 1 1 0", b"systemd"),
        (b"2 (a) b (c) S 0 1", b"a) b (c"),
        (b"3 (two words) S 0 1", b"two words"),
        (b"4 (two\nlines) S 0 1", b"two\nlines"),
        (b"5 ()) S 0 1", b")"),
        (b"6 (() S 0 1", b"("),
        (b"7 () S 0 1", b""),
        (b"8 (\xff\xfe) S 0 1", b"\xff\xfe"),
        (b"", None),
        (b"9", None),
        (b"10 (cut", None),
        (b") (", None),
    ],
)
def test_name_is_between_the_first_and_the_last_parenthesis(
    stat: bytes, name: bytes | None
) -> None:
    assert parse_stat_name(stat) == name


# From a running machine; only the name can contain arbitrary bytes.
STAT = b"(%b) S 812 4211 4211 34816 4300 4194304 9 0 0 0 1 2 0 0 20 0 1 0 80417 9 1 18446 1 1 0"


@pytest.mark.parametrize("name", [b"sh", b"a) S 9 9 (b", b"1 2 3 4", b"\xff)"])
def test_parent_and_start_are_found_behind_every_name(name: bytes) -> None:
    assert parse_stat_numbers(b"4211 " + STAT % name) == (812, 80417)


@pytest.mark.parametrize(
    "stat", [b"", b"1", b"1 (sh", b"1 (sh) S 1 2 3", b"1 (sh) S x" + b" 1" * 30]
)
def test_truncated_stat_has_neither_parent_nor_start(stat: bytes) -> None:
    assert parse_stat_numbers(stat) == (None, None)


@pytest.mark.parametrize(
    ("status", "uid"),
    [
        (b"Name:\tsh\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n", 1000),
        (b"Name:\tsh\nUid:\t4294967294\t0\t0\t0\n", 4294967294),
        (b"Name:\tUid:\\nUid:\t7\nUid:\t1\t2\t3\t4\n", 1),
        (b"Name:\tsh\n", None),
        (b"Name:\tsh\nUid:", None),
        (b"Name:\tsh\nUid:\tx\t0\t0\t0\n", None),
        (b"", None),
    ],
)
def test_real_user_is_the_first_of_four(status: bytes, uid: int | None) -> None:
    assert parse_status_uid(status) == uid


@pytest.mark.parametrize(
    ("name", "cmdline", "whole"),
    [
        ("gnome-keyring-d", b"/usr/bin/gnome-keyring-daemon\0--start\0", "gnome-keyring-daemon"),
        ("gnome-keyring-d", b"gnome-keyring-daemon --start", "gnome-keyring-daemon"),
        ("gnome-keyring-d", b"/usr/bin/gnome-keyring-daemon --start\0", "gnome-keyring-daemon"),
        ("gnome-keyring-d", b"/usr/bin/python3\0gnome-keyring-daemon\0", "gnome-keyring-d"),
        ("exactly-fifteen", b"/bin/exactly-fifteen\0", "exactly-fifteen"),
        ("a name with spac", b"/opt/a name with spaces\0-v\0", "a name with spaces"),
        ("kworker/0:1-events", b"", "kworker/0:1-events"),
        ("two\nlines-in-it-", b"two\nlines-in-it-all\0", "two\nlines-in-it-all"),
    ],
)
def test_truncated_name_is_completed_from_the_command_line(
    name: str, cmdline: bytes, whole: str
) -> None:
    assert complete_name(name, cmdline) == whole
