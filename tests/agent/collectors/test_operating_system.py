from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from agent.collectors import operating_system
from agent.collectors.operating_system import OperatingSystem, named_by, parse_os_release
from agent.machine import Machine
from tests.agent.collectors.os_releases import DISTRIBUTIONS, Distribution
from tests.agent.trees import write_file

if TYPE_CHECKING:
    from pathlib import Path

KERNEL = OperatingSystem("Linux", "6.1.0-18-amd64")


@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS.keys())
def test_every_distribution_is_named_by_its_own_file(distribution: Distribution) -> None:
    named = named_by(parse_os_release(distribution.text), KERNEL)
    assert named == (distribution.name, distribution.version)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=plain", "plain"),
        ('NAME="two words"', "two words"),
        ("NAME='two words'", "two words"),
        (r'NAME="a \"quoted\" \$5 \`x\` \\ word"', r'a "quoted" $5 `x` \ word'),
        (r'NAME="C:\new"', r"C:\new"),
        (r"NAME='it is \n and $HOME'", r"it is \n and $HOME"),
        (r"NAME='a \$ b \\ c'", r"a \$ b \\ c"),
        (r"NAME='ends in \'", "ends in \\"),
        (r"NAME=two\ words", "two words"),
        (r"NAME=it\'s", "it's"),
        ("NAME=word # comment", "word"),
        ("NAME=a#b", "a#b"),
        ('NAME="a # b"', "a # b"),
        ("  NAME=indented", "indented"),
        ('NAME="never closed', "never closed"),
        ("NAME='", ""),
        ('NAME="ends in \\', "ends in \\"),
        ('NAME=""', ""),
        ('NAME="with carriage return"\r', "with carriage return"),
        ("NAME=wörter", "wörter"),
        ('NAME="a=b"', "a=b"),
        ('NAME="  blanks around  "', "blanks around"),
        ('NAME="line\u2028separator"', "line\u2028separator"),
    ],
)
def test_a_value_is_read_as_a_shell_would(line: str, value: str) -> None:
    assert parse_os_release(f"ID=x\n{line}\nID_LIKE=y\n") == {
        "ID": "x",
        "NAME": value,
        "ID_LIKE": "y",
    }


@pytest.mark.parametrize("line", ["# NAME=comment", "", "just words", "=x", "1NAME=x", "NA ME=x"])
def test_a_line_that_is_no_assignment_is_left_out(line: str) -> None:
    assert parse_os_release(f"NAME=first\n{line}\n") == {"NAME": "first"}


def test_the_last_of_two_assignments_counts() -> None:
    assert parse_os_release("NAME=first\nNAME=last\n") == {"NAME": "last"}


def test_a_byte_order_mark_does_not_hide_the_first_line() -> None:
    assert parse_os_release("\ufeffNAME=first\n") == {"NAME": "first"}


def test_the_version_is_the_first_of_four_members_that_says_something() -> None:
    members = {"VERSION_ID": "1", "VERSION": "2", "BUILD_ID": "3", "PRETTY_NAME": "4"}
    for version in ("1", "2", "3", "4"):
        assert named_by(members, KERNEL).version == version
        members[next(key for key, value in members.items() if value == version)] = ""
    assert named_by(members, KERNEL).version == KERNEL.version


def test_a_file_that_says_nothing_is_linux_of_the_kernels_release() -> None:
    assert named_by(parse_os_release("\n# empty\n"), KERNEL) == ("Linux", "6.1.0-18-amd64")


def test_a_tree_is_read_below_its_root(tmp_path: Path) -> None:
    write_file(tmp_path, "/etc/os-release", "NAME=Void\nVERSION_ID=7\n")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))) == ("Void", "7")


def test_usr_lib_is_the_second_place_and_only_that(tmp_path: Path) -> None:
    write_file(tmp_path, "/usr/lib/os-release", "NAME=Second\nVERSION_ID=2\n")
    machine = Machine(rootfs=str(tmp_path))
    assert operating_system.collect(machine) == ("Second", "2")
    write_file(tmp_path, "/etc/os-release", "NAME=First\nVERSION_ID=1\n")
    assert operating_system.collect(machine) == ("First", "1")


def test_an_absolute_link_is_followed_inside_the_tree(tmp_path: Path) -> None:
    """NixOS: /etc/os-release -> /etc/static/os-release -> /nix/store/…-os-release, all absolute."""
    write_file(tmp_path, "/nix/store/abc-os-release", DISTRIBUTIONS["nixos-24.11"].text)
    static = tmp_path / "nix/store/etc"
    static.mkdir(parents=True)
    (static / "os-release").symlink_to("/nix/store/abc-os-release")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/static").symlink_to("/nix/store/etc")
    (tmp_path / "etc/os-release").symlink_to("/etc/static/os-release")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))) == ("NixOS", "24.11")


def test_the_usual_relative_link_is_followed(tmp_path: Path) -> None:
    write_file(tmp_path, "/usr/lib/os-release", DISTRIBUTIONS["debian-13"].text)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").symlink_to("../usr/lib/os-release")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))) == ("Debian GNU/Linux", "13")


def test_a_link_that_leads_nowhere_leads_to_the_second_place(tmp_path: Path) -> None:
    write_file(tmp_path, "/usr/lib/os-release", "NAME=Second\nVERSION_ID=2\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").symlink_to("/gone")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))).name == "Second"


def test_a_named_pipe_in_its_place_does_not_stop_the_agent(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    os.mkfifo(tmp_path / "etc/os-release")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))).name == "Linux"


def test_without_any_file_the_trees_kernel_says_what_it_is(tmp_path: Path) -> None:
    procfs = tmp_path / "proc"
    write_file(procfs, "sys/kernel/ostype", "Linux\n")
    write_file(procfs, "sys/kernel/osrelease", "5.15.0-tree\n")
    machine = Machine(procfs=str(procfs), rootfs=str(tmp_path))
    assert operating_system.collect(machine) == ("Linux", "5.15.0-tree")


def test_without_anything_this_kernel_says_what_it_is(tmp_path: Path) -> None:
    machine = Machine(procfs=str(tmp_path), rootfs=str(tmp_path))
    assert operating_system.collect(machine) == (os.uname().sysname, os.uname().release)


def test_bytes_that_are_no_text_do_not_stop_the_agent(tmp_path: Path) -> None:
    write_file(tmp_path, "/etc/os-release", b'NAME="caf\xe9"\nVERSION_ID=1\n')
    assert operating_system.collect(Machine(rootfs=str(tmp_path))) == ("caf\udce9", "1")
