"""Parses the files of a process."""

from __future__ import annotations

import pytest

from agent.collectors.proc_reader import (
    parse_stat_name,
    parse_stat_numbers,
    parse_status_name,
    parse_status_parent,
    parse_status_uid,
)


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
    ("stat", "numbers"),
    [
        (b"", (None, None)),
        (b"1", (None, None)),
        (b"1 (sh", (None, None)),
        (b"1 (sh) S 1 2 3", (1, None)),
        (b"1 (sh) S x" + b" 1" * 30, (None, 1)),
        (b"1 (sh) S " + b"9" * 5000 + b" 1" * 30, (None, 1)),
    ],
)
def test_number_missing_in_stat_does_not_lose_the_other(
    stat: bytes, numbers: tuple[int | None, int | None]
) -> None:
    assert parse_stat_numbers(stat) == numbers


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
    ("status", "parent"),
    [
        (b"Name:\tsh\nPid:\t7\nPPid:\t1\nUid:\t0\n", 1),
        (b"Name:\tPPid:\\nPPid:\t9\nPPid:\t2\n", 2),
        (b"Name:\tsh\n", None),
        (b"Name:\tsh\nPPid:\tx\n", None),
    ],
)
def test_parent_stands_in_status_as_well(status: bytes, parent: int | None) -> None:
    assert parse_status_parent(status) == parent


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (b"Name:\tsh\nUid:\t0\n", b"sh"),
        (b"Name:\ttwo\\nlines\n", b"two\nlines"),
        (rb"Name:	back\\nslash", rb"back\nslash"),
        (b"Name:\t\n", b""),
        (b"State:\tS\n", None),
    ],
)
def test_name_in_status_is_unescaped(status: bytes, name: bytes | None) -> None:
    assert parse_status_name(status) == name
