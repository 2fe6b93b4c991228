"""Windows, simulated: a registry in memory, and kernel32 with one function."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from agent.collectors import host, identity, operating_system, processor, windows
from agent.collectors.windows import parse_release
from agent.machine import Machine
from tests.agent import registry

CURRENT_VERSION = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
PROCESSOR = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
ENVIRONMENT = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
GUID = "9f0b1c2d-3e4f-5a6b-7c8d-9e0f1a2b3c4d"
WINDOWS_11 = {
    "ProductName": "Windows 10 Pro",
    "InstallationType": "Client",
    "EditionID": "Professional",
    "DisplayVersion": "23H2",
    "CurrentVersion": "6.3",
    "CurrentMajorVersionNumber": 10,
    "CurrentMinorVersionNumber": 0,
    "CurrentBuild": "22631",
    "CurrentBuildNumber": "22631",
    "UBR": 4317,
}
MACHINE: registry.Registry = {
    CURRENT_VERSION: WINDOWS_11,
    PROCESSOR: {"ProcessorNameString": "Intel(R) Core(TM) i7-1365U          "},
    ENVIRONMENT: {"PROCESSOR_ARCHITECTURE": "AMD64"},
    r"SOFTWARE\Microsoft\Cryptography": {"MachineGuid": GUID},
}


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Windows without the module platform, which would start cmd or query WMI."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "uname")
    monkeypatch.setattr(sys, "getwindowsversion", lambda: (10, 0, 22631, 2, ""), raising=False)
    monkeypatch.setitem(sys.modules, "platform", None)
    monkeypatch.delenv("PROCESSOR_ARCHITECTURE", raising=False)
    monkeypatch.delenv("PROCESSOR_ARCHITEW6432", raising=False)
    registry.install(monkeypatch, MACHINE)
    return monkeypatch


@pytest.mark.usefixtures("system")
def test_all_facts_come_from_the_64_bit_registry() -> None:
    assert operating_system.collect(Machine()) == ("Windows 11 Pro", "22631.4317")
    assert host.kernel(Machine()) == "10.0.22631.4317"
    assert processor.collect(Machine()) == ("AMD64", "Intel(R) Core(TM) i7-1365U")
    assert identity.collect(Machine()) == identity.app_specific_id(GUID.replace("-", ""))


@pytest.mark.parametrize(
    ("product", "kind", "build", "name"),
    [
        ("Windows 10 Pro", "Client", "19045", "Windows 10 Pro"),
        ("Windows 10 Pro", "Client", "21999", "Windows 10 Pro"),
        ("Windows 10 Enterprise", "Client", "22000", "Windows 11 Enterprise"),
        ("Windows 11 Home", "Client", "26100", "Windows 11 Home"),
        ("Windows 10 IoT Enterprise LTSC", "Client", "26100", "Windows 11 IoT Enterprise LTSC"),
        ("Windows 8.1 Pro", "Client", "9600", "Windows 8.1 Pro"),
        ("Windows Server 2019 Standard", "Server", "17763", "Windows Server 2019 Standard"),
        ("Windows Server 2022 Datacenter", "Server Core", "20348", None),
        ("Windows Server 2025 Standard", "Server", "26100", None),
        ("Azure Stack HCI", "Server Core", "25398", None),
        ("Windows Server 2012 R2 Standard", "Server", "9600", None),
        # Without ProductName, and with that of a client.
        ("", "Client", "17763", "Windows 10"),
        ("", "Server", "17763", "Windows Server 2019"),
        ("Windows 10 Enterprise", "Client", "17763", "Windows 10 Enterprise"),
        ("Windows 10 Enterprise", "Server", "17763", "Windows Server 2019"),
        ("Windows 10 Enterprise", "Server Core", "26100", "Windows Server 2025"),
        ("", "Nano Server", "14393", "Windows Server 2016"),
        ("", "Server", "9600", "Windows Server"),
        ("", "Client", "22631", "Windows 11"),
        ("", "", "9600", "Windows"),
        ("Windows Server 2022 Standard", "", "22000", "Windows Server 2022 Standard"),
    ],
)
def test_product_is_named_by_installation_type_and_build(
    product: str, kind: str, build: str, name: str | None
) -> None:
    values = {"ProductName": product, "InstallationType": kind, "CurrentBuildNumber": build}
    found = parse_release(values, (10, 0, 1))
    assert found == (name or product, build, f"10.0.{build}")


@pytest.mark.parametrize(
    ("values", "build"),
    [
        ({"CurrentBuildNumber": "20348", "UBR": 2700}, "20348.2700"),
        ({"CurrentBuild": "20348", "UBR": 0}, "20348.0"),
        ({"CurrentBuildNumber": "", "CurrentBuild": "20348"}, "20348"),
        ({"CurrentBuildNumber": "20348", "UBR": "text"}, "20348"),
        ({"CurrentBuildNumber": "none", "UBR": 7}, "19045.7"),
        ({}, "19045"),
    ],
)
def test_build_has_its_update_revision(values: dict[str, object], build: str) -> None:
    found = parse_release(values, (10, 0, 19045))
    assert (found.build, found.kernel) == (build, f"10.0.{build}")


def test_denied_registry_gives_the_build_of_the_kernel(system: pytest.MonkeyPatch) -> None:
    registry.install(system, MACHINE, denied=(CURRENT_VERSION, PROCESSOR, ENVIRONMENT))
    system.setenv("PROCESSOR_ARCHITECTURE", "AMD64")
    assert operating_system.collect(Machine()) == ("Windows 11", "22631")
    assert processor.collect(Machine()) == ("AMD64", "AMD64")


def kernel32(machine: int, answered: int = 1) -> Callable[[str], Any]:
    """Loads a kernel32.dll whose IsWow64Process2() gives this machine."""

    def is_wow64_process_2(process: int, program: Any, native: Any) -> int:
        assert process == -1
        program._obj.value, native._obj.value = 0, machine
        return answered

    def get_current_process() -> int:
        return -1

    library = SimpleNamespace(
        IsWow64Process2=is_wow64_process_2, GetCurrentProcess=get_current_process
    )
    return {"kernel32": library}.__getitem__


@pytest.mark.parametrize(
    ("machine", "own", "architecture"),
    [
        (0xAA64, "AMD64", "ARM64"),  # an x64 Python, emulated on ARM
        (0x8664, "x86", "AMD64"),  # a 32-bit Python
        (0x014C, "x86", "x86"),
        (0x0200, "IA64", "IA64"),  # not in the table
    ],
)
def test_architecture_is_that_of_the_machine(
    machine: int, own: str, architecture: str, system: pytest.MonkeyPatch
) -> None:
    registry.install(system, {})
    system.setenv("PROCESSOR_ARCHITECTURE", own)
    system.setattr(ctypes, "WinDLL", kernel32(machine), raising=False)
    assert windows.architecture() == architecture


def test_architecture_without_the_call_is_in_the_registry(system: pytest.MonkeyPatch) -> None:
    system.setenv("PROCESSOR_ARCHITECTURE", "x86")
    system.setattr(ctypes, "WinDLL", kernel32(0xAA64, answered=0), raising=False)
    assert windows.architecture() == "AMD64"
    system.setattr(ctypes, "WinDLL", lambda _name: SimpleNamespace(), raising=False)
    assert windows.architecture() == "AMD64"


def test_architecture_without_call_and_registry_is_in_the_environment(
    system: pytest.MonkeyPatch,
) -> None:
    registry.install(system, {})
    assert windows.architecture() == "unknown"
    system.setenv("PROCESSOR_ARCHITECTURE", "x86")
    assert windows.architecture() == "x86"
    system.setenv("PROCESSOR_ARCHITEW6432", "AMD64")
    assert windows.architecture() == "AMD64"
    system.setitem(sys.modules, "ctypes", None)  # a Python without it
    assert windows.architecture() == "AMD64"
