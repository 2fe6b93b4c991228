"""macOS, simulated: its tools are read from literal text."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from agent.collectors import operating_system, processor
from agent.collectors.macos import parse_sw_vers, parse_sysctl
from agent.machine import Machine

SONOMA = "ProductName:\t\tmacOS\nProductVersion:\t\t14.4.1\nBuildVersion:\t\t23E224\n"
RESPONSE = (
    "ProductName:\t\tmacOS\nProductVersion:\t\t13.3.1\n"
    "ProductVersionExtra:\t(a)\nBuildVersion:\t\t22E772610a\n"
)
CATALINA = "ProductName:\tMac OS X\nProductVersion:\t10.15.7\nBuildVersion:\t19H2\n"

M2 = "machdep.cpu.brand_string: Apple M2 Pro\nhw.optional.arm64: 1\nsysctl.proc_translated: 0\n"
ROSETTA = (
    "machdep.cpu.brand_string: VirtualApple @ 2.50GHz\n"
    "hw.optional.arm64: 1\nsysctl.proc_translated: 1\n"
)
INTEL = "machdep.cpu.brand_string: Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz\n"

SW_VERS = ("/usr/bin/sw_vers",)
SYSCTL = (
    *("/usr/sbin/sysctl", "-i", "machdep.cpu.brand_string"),
    *("hw.optional.arm64", "sysctl.proc_translated"),
)
NATIVE = ("/usr/bin/arch", "-arm64", "/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string")
OWN_VERSION = ("/usr/sbin/sysctl", "-n", "kern.osproductversion")


class System:
    """output: by command; other commands are missing
    compatibility: the values of SYSTEM_VERSION_COMPAT that the commands were given
    """

    def __init__(self) -> None:
        self.output: dict[tuple[str, ...], str] = {}
        self.machine = "arm64"
        self.compatibility: dict[tuple[str, ...], str | None] = {}

    def run(self, command: tuple[str, ...], **options: Any) -> SimpleNamespace:
        self.compatibility[command] = options["env"].get("SYSTEM_VERSION_COMPAT")
        if command not in self.output:
            raise FileNotFoundError(2, "No such file or directory", command[0])
        return SimpleNamespace(stdout=self.output[command].encode())


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    found = System()
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(
        os, "uname", lambda: SimpleNamespace(machine=found.machine, release="23.4.0")
    )
    monkeypatch.setattr(subprocess, "run", found.run)
    monkeypatch.setenv("SYSTEM_VERSION_COMPAT", "1")
    monkeypatch.setitem(sys.modules, "platform", None)
    return found


@pytest.mark.parametrize(
    ("text", "version"),
    [(SONOMA, "14.4.1"), (RESPONSE, "13.3.1 (a)"), (CATALINA, "10.15.7"), ("", ""), ("x\n", "")],
)
def test_version_is_that_of_the_product(text: str, version: str) -> None:
    assert parse_sw_vers(text) == version


def test_version_is_not_the_one_for_old_programs(system: System) -> None:
    system.output[SW_VERS] = SONOMA
    assert operating_system.collect(Machine()) == ("macOS", "14.4.1")
    assert system.compatibility == {SW_VERS: "0"}


def test_version_without_sw_vers_is_that_of_sysctl_or_the_kernel(system: System) -> None:
    assert operating_system.collect(Machine()) == ("macOS", "23.4.0")
    system.output[OWN_VERSION] = "14.4.1\n"
    assert operating_system.collect(Machine()) == ("macOS", "14.4.1")
    assert system.compatibility == {SW_VERS: "0", OWN_VERSION: "0"}


@pytest.mark.parametrize(
    ("text", "machine", "architecture", "brand"),
    [
        (M2, "arm64", "arm64", "Apple M2 Pro"),
        (M2, "x86_64", "arm64", "Apple M2 Pro"),
        (ROSETTA, "x86_64", "arm64", "VirtualApple @ 2.50GHz"),
        ("sysctl.proc_translated: 1\n", "x86_64", "arm64", None),
        (INTEL, "x86_64", "x86_64", "Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz"),
        (INTEL + "hw.optional.arm64: 0\n", "x86_64", "x86_64", INTEL[26:-1]),
        ("", "arm64", "arm64", None),
        ("", "", "unknown", None),
    ],
)
def test_architecture_is_that_of_the_machine(
    text: str, machine: str, architecture: str, brand: str | None
) -> None:
    assert parse_sysctl(text, machine) == (architecture, brand)


def test_native_processor_is_read_by_one_command(system: System) -> None:
    system.output[SYSCTL] = M2
    assert processor.collect(Machine()) == ("arm64", "Apple M2 Pro")
    assert list(system.compatibility) == [SYSCTL]


def test_translated_python_has_the_brand_of_the_machine(system: System) -> None:
    system.machine = "x86_64"
    system.output[SYSCTL] = ROSETTA
    assert processor.collect(Machine()) == ("arm64", "VirtualApple @ 2.50GHz")
    system.output[NATIVE] = "Apple M2 Pro\n"
    assert processor.collect(Machine()) == ("arm64", "Apple M2 Pro")


def test_missing_sysctl_gives_the_architecture(system: System) -> None:
    assert system.output == {}
    assert processor.collect(Machine()) == ("arm64", "arm64")
