from __future__ import annotations

import pytest

from agent.collectors.process_name import complete_name


@pytest.mark.parametrize(
    ("name", "cmdline", "whole"),
    [
        ("gnome-keyring-d", b"/usr/bin/gnome-keyring-daemon\0--start\0", "gnome-keyring-daemon"),
        ("gnome-keyring-d", b"gnome-keyring-daemon --start", "gnome-keyring-daemon"),
        ("gnome-keyring-d", b"/usr/bin/gnome-keyring-daemon --start\0", "gnome-keyring-daemon"),
        ("gnome-keyring-d", b"gnome-keyring-daemon --d=/a/b\0\0\0", "gnome-keyring-daemon"),
        ("gnome-keyring-d", b"/usr/bin/python3\0gnome-keyring-daemon\0", "gnome-keyring-d"),
        ("exactly-fifteen", b"/bin/exactly-fifteen\0", "exactly-fifteen"),
        ("a name with spa", b"/opt/a name with spaces\0-v\0", "a name with spaces"),
        ("a name with spa", b"/opt/a name with spaces\0", "a name with spaces"),
        ("my long program", b"/opt/my long program here\0-v\0", "my long program here"),
        ("a-long-name-in-", b"/my folder/a-long-name-in-it\0", "a-long-name-in-it"),
        ("kworker/0:1-events", b"", "kworker/0:1-events"),
        ("two\nlines-in-it", b"two\nlines-in-it-all\0", "two\nlines-in-it-all"),
        ("short", b"/opt/short-as-it-is\0", "short"),
    ],
)
def test_truncated_name_is_completed_from_the_command_line(
    name: str, cmdline: bytes, whole: str
) -> None:
    assert complete_name(name.encode(), cmdline) == whole


@pytest.mark.parametrize(
    "whole", ["process-name-töööö", "Шредингерэ", "プロセスの名前です", "ñ" * 8, "🐕🐕🐕🐕🐕"]
)
def test_name_is_cut_and_compared_in_bytes(whole: str) -> None:
    comm = whole.encode()[:15]
    assert complete_name(comm, f"/opt/{whole}\0-x\0".encode()) == whole
    assert complete_name(comm, b"", f"/opt/{whole}") == whole


@pytest.mark.parametrize(
    ("name", "cmdline", "executable", "whole"),
    [
        ("gnome-keyring-d", b"", "/usr/bin/gnome-keyring-daemon", "gnome-keyring-daemon"),
        ("gnome-keyring-d", b"title: x", "/usr/bin/gnome-keyring-daemon", "gnome-keyring-daemon"),
        ("my long program", b"/opt/my long program here\0", "/opt/my long program here", None),
        (
            "a-name-by-a-lin",
            b"/bin/a-name-by-a-link\0",
            "/opt/a-name-by-a-linker",
            "a-name-by-a-link",
        ),
        ("a-name-given-by", b"", "/usr/bin/python3.11", "a-name-given-by"),
        ("short", b"", "/usr/bin/shorter", "short"),
    ],
)
def test_executable_completes_what_the_command_line_does_not(
    name: str, cmdline: bytes, executable: str, whole: str | None
) -> None:
    expected = whole or executable.rsplit("/", 1)[1]
    assert complete_name(name.encode(), cmdline, executable) == expected


@pytest.mark.parametrize(
    ("comm", "name"),
    [
        ("process-name-tö".encode()[:15], "process-name-t"),
        ("Шрединг".encode() + b"\xd0", "Шрединг"),
        (b"short\xc3", "short\udcc3"),
        (b"\xff" + b"x" * 13 + b"\xc3", "\udcff" + "x" * 13 + "\udcc3"),
    ],
)
def test_character_that_the_kernel_cut_is_left_out(comm: bytes, name: str) -> None:
    assert complete_name(comm, b"") == name


def test_title_of_many_words_is_searched_in_linear_time() -> None:
    assert complete_name(b"a" * 15, b"b " * 30_000) == "a" * 15
