from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from agent.collectors import operating_system
from agent.collectors.operating_system import OperatingSystem, from_os_release
from agent.collectors.os_release import parse_os_release
from agent.machine import Machine
from tests.agent.collectors.os_releases import DISTRIBUTIONS, Distribution
from tests.agent.trees import write_file

if TYPE_CHECKING:
    from pathlib import Path

KERNEL = OperatingSystem("Linux", "6.1.0-18-amd64")


@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS.keys())
def test_every_distribution_has_the_name_and_version_of_its_file(
    distribution: Distribution,
) -> None:
    named = from_os_release(parse_os_release(distribution.text), KERNEL)
    assert named == (distribution.name, distribution.version)


def test_version_is_the_first_nonempty_of_four_members() -> None:
    members = {"VERSION_ID": "1", "VERSION": "2", "BUILD_ID": "3", "PRETTY_NAME": "4"}
    for version in ("1", "2", "3", "4"):
        assert from_os_release(members, KERNEL).version == version
        members[next(key for key, value in members.items() if value == version)] = ""
    assert from_os_release(members, KERNEL).version == KERNEL.version


def test_empty_file_gives_linux_and_the_kernel_release() -> None:
    assert from_os_release(parse_os_release("\n# empty\n"), KERNEL) == ("Linux", "6.1.0-18-amd64")


def test_tree_is_read_below_its_root(tmp_path: Path) -> None:
    write_file(tmp_path, "/etc/os-release", "NAME=Void\nVERSION_ID=7\n")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))) == ("Void", "7")


def test_usr_lib_is_only_the_fallback(tmp_path: Path) -> None:
    write_file(tmp_path, "/usr/lib/os-release", "NAME=Second\nVERSION_ID=2\n")
    machine = Machine(rootfs=str(tmp_path))
    assert operating_system.collect(machine) == ("Second", "2")
    write_file(tmp_path, "/etc/os-release", "NAME=First\nVERSION_ID=1\n")
    assert operating_system.collect(machine) == ("First", "1")


def test_absolute_link_is_followed_inside_the_tree(tmp_path: Path) -> None:
    """NixOS: /etc/os-release -> /etc/static/os-release -> /nix/store/…-os-release, all absolute."""
    write_file(tmp_path, "/nix/store/abc-os-release", DISTRIBUTIONS["nixos-24.11"].text)
    static = tmp_path / "nix/store/etc"
    static.mkdir(parents=True)
    (static / "os-release").symlink_to("/nix/store/abc-os-release")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/static").symlink_to("/nix/store/etc")
    (tmp_path / "etc/os-release").symlink_to("/etc/static/os-release")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))) == ("NixOS", "24.11")


def test_relative_link_is_followed(tmp_path: Path) -> None:
    write_file(tmp_path, "/usr/lib/os-release", DISTRIBUTIONS["debian-13"].text)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").symlink_to("../usr/lib/os-release")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))) == ("Debian GNU/Linux", "13")


def test_broken_link_gives_the_fallback(tmp_path: Path) -> None:
    write_file(tmp_path, "/usr/lib/os-release", "NAME=Second\nVERSION_ID=2\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").symlink_to("/gone")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))).name == "Second"


def test_named_pipe_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    os.mkfifo(tmp_path / "etc/os-release")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))).name == "Linux"


@pytest.mark.parametrize("text", ["", "# nothing\n", "NAME=\n", "ID=centos\n"])
def test_os_release_without_a_name_gives_the_older_files(tmp_path: Path, text: str) -> None:
    write_file(tmp_path, "/etc/os-release", text)
    assert operating_system.collect(Machine(rootfs=str(tmp_path))).name == "Linux"
    write_file(tmp_path, "/etc/redhat-release", "CentOS release 6.10 (Final)\n")
    assert operating_system.collect(Machine(rootfs=str(tmp_path))) == ("CentOS", "6.10")


def test_older_file_without_a_version_has_the_kernel_release(tmp_path: Path) -> None:
    write_file(tmp_path, "/etc/redhat-release", "Some Linux\n")
    write_file(tmp_path, "/proc/sys/kernel/osrelease", "2.6.32\n")
    machine = Machine(procfs=str(tmp_path / "proc"), rootfs=str(tmp_path))
    assert operating_system.collect(machine) == ("Some Linux", "2.6.32")


def test_tree_without_files_has_the_name_and_release_of_its_kernel(tmp_path: Path) -> None:
    procfs = tmp_path / "proc"
    write_file(procfs, "sys/kernel/ostype", "Linux\n")
    write_file(procfs, "sys/kernel/osrelease", "5.15.0-tree\n")
    machine = Machine(procfs=str(procfs), rootfs=str(tmp_path))
    assert operating_system.collect(machine) == ("Linux", "5.15.0-tree")


def test_empty_tree_has_the_name_and_release_of_this_kernel(tmp_path: Path) -> None:
    machine = Machine(procfs=str(tmp_path), rootfs=str(tmp_path))
    assert operating_system.collect(machine) == (os.uname().sysname, os.uname().release)


def test_bytes_that_are_not_utf_8_are_kept(tmp_path: Path) -> None:
    write_file(tmp_path, "/etc/os-release", b'NAME="caf\xe9"\nVERSION_ID=1\n')
    assert operating_system.collect(Machine(rootfs=str(tmp_path))) == ("caf\udce9", "1")
