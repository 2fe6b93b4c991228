from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from agent.collectors import processor, system_tool
from agent.collectors.arm_parts import part_name
from agent.collectors.processor import parse_brand, parse_family, parse_lscpu
from agent.machine import Machine
from tests.agent.collectors import cpuinfos
from tests.agent.collectors.cpuinfos import INTEL, MACHINES, NEOVERSE_N1
from tests.agent.trees import write_file

if TYPE_CHECKING:
    from pathlib import Path

# lscpu of util-linux 2.38 on an Ampere Altra
LSCPU_ALTRA = """Architecture:                    aarch64
  CPU op-mode(s):                32-bit, 64-bit
Vendor ID:                       ARM
  BIOS Vendor ID:                Ampere(R)
  Model name:                    Neoverse-N1
    BIOS Model name:             Ampere(R) Altra(R) Processor
    Model:                       1
"""
# lscpu in a virtual machine on an Apple computer
LSCPU_NAMELESS = """Architecture:           aarch64
Vendor ID:              Apple
  Model name:           -
    Model:              0
"""


@pytest.fixture(params=MACHINES.values(), ids=list(MACHINES))
def another(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Machine, cpuinfos.Machine]:
    write_file(tmp_path, "cpuinfo", request.param.cpuinfo)
    return Machine(procfs=str(tmp_path)), request.param


def test_every_machine_has_its_brand(another: tuple[Machine, cpuinfos.Machine]) -> None:
    machine, expected = another
    assert processor.collect(machine).brand == expected.brand


def test_tree_of_another_family_has_its_own_architecture(
    another: tuple[Machine, cpuinfos.Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, expected = another
    monkeypatch.setattr(processor, "_local_architecture", lambda: "sparc64")
    assert processor.collect(machine).architecture == expected.architecture


@pytest.mark.parametrize(
    ("here", "cpuinfo", "architecture"),
    [
        ("x86_64", INTEL, "x86_64"),
        ("i686", INTEL, "i686"),
        ("x86_64", cpuinfos.NAMELESS_X86, "x86_64"),
        ("aarch64", cpuinfos.ARM_V7, "aarch64"),
        ("armv6l", cpuinfos.RASPBERRY_PI_ZERO, "armv6l"),
        ("ppc64le", cpuinfos.POWER9, "ppc64le"),
        ("mipsel", cpuinfos.MIPS, "mipsel"),
        ("x86_64", NEOVERSE_N1, "aarch64"),
        ("aarch64", INTEL, "x86_64"),
        ("x86_64", "", "x86_64"),
    ],
)
def test_tree_of_the_same_family_has_the_architecture_of_this_kernel(
    here: str, cpuinfo: str, architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "_local_architecture", lambda: here)
    write_file(tmp_path, "cpuinfo", cpuinfo)
    assert processor.collect(Machine(procfs=str(tmp_path))).architecture == architecture


def test_architecture_file_of_a_tree_wins(tmp_path: Path) -> None:
    write_file(tmp_path, "cpuinfo", cpuinfos.POWER9)
    write_file(tmp_path, "sys/kernel/arch", "ppc64le\n")
    assert processor.collect(Machine(procfs=str(tmp_path))).architecture == "ppc64le"


def test_brand_without_cpuinfo_is_the_architecture(tmp_path: Path) -> None:
    found = processor.collect(Machine(procfs=str(tmp_path)))
    assert found == (os.uname().machine, os.uname().machine)


def test_this_machine_has_an_architecture_and_a_brand() -> None:
    found = processor.collect(Machine())
    assert found.architecture == os.uname().machine
    assert found.brand


@pytest.mark.parametrize(
    "text", ["", "\n\n", "no colon", ":", "CPU implementer\t: what\nCPU part\t: 0xd0c", "a:b:c"]
)
def test_invalid_cpuinfo_has_no_brand_and_no_family(text: str) -> None:
    assert parse_brand(text) is None
    assert parse_family(text) in {None, "armv7l"}


def test_all_processors_of_a_large_arm_machine_are_read(tmp_path: Path) -> None:
    ordinary = "processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n\n"
    write_file(tmp_path, "cpuinfo", ordinary * 1000 + cpuinfos.BIG_LITTLE)
    brand = processor.collect(Machine(procfs=str(tmp_path))).brand
    assert brand == "ARM Neoverse-N1 + ARM Cortex-A55 + ARM Cortex-A76"


def test_only_the_start_of_an_x86_cpuinfo_is_read(tmp_path: Path) -> None:
    flags = INTEL.replace("fpu ", "fpu " + "x" * 1500 + " ")
    write_file(tmp_path, "cpuinfo", flags * 500)
    assert len(processor._read_cpuinfo(Machine(procfs=str(tmp_path)))) == 4096
    found = processor.collect(Machine(procfs=str(tmp_path)))
    assert found.brand == "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz"


@pytest.mark.parametrize(
    ("implementer", "part", "name"),
    [
        (0x41, 0xD40, "ARM Neoverse-V1"),
        (0x41, 0xD4F, "ARM Neoverse-V2"),
        (0x43, 0x0AF, "Cavium ThunderX2-99xx"),
        (0x46, 0x001, "Fujitsu A64FX"),
        (0x48, 0xD01, "HiSilicon Kunpeng-920"),
        (0x4E, 0x004, "NVIDIA Carmel"),
        (0x51, 0xC00, "Qualcomm Falkor"),
        (0x61, 0x023, "Apple Firestorm-M1"),
        (0xC0, 0xAC3, "Ampere-1"),
        (0x41, 0x926, "ARM926"),
        (0x41, 0xFFF, None),
        (0xEE, 0xD0C, None),
    ],
)
def test_arm_numbers_have_names(implementer: int, part: int, name: str | None) -> None:
    assert part_name(implementer, part) == name


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        (LSCPU_ALTRA, "Neoverse-N1"),
        (LSCPU_ALTRA.replace("Neoverse-N1", "-"), "Ampere(R) Altra(R) Processor"),
        (LSCPU_NAMELESS, None),
        ("", None),
        ("Model name: Cortex-A53\nModel name: Cortex-A72\n", "Cortex-A53 + Cortex-A72"),
    ],
)
def test_lscpu_is_parsed(text: str, brand: str | None) -> None:
    assert parse_lscpu(text) == brand


def _fake_lscpu(folder: Path, script: str) -> None:
    tool = folder / "lscpu"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)


def test_lscpu_runs_only_for_this_machine_and_only_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_lscpu(tmp_path, "echo 'Model name: What Lscpu Says'")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(processor, "_read_cpuinfo", lambda _machine: cpuinfos.APPLE_VIRTUAL)
    assert processor.collect(Machine()).brand == "What Lscpu Says"
    assert processor.collect(Machine(procfs=str(tmp_path))).brand == "Apple part 0x000"
    assert processor.collect(Machine(rootfs=str(tmp_path))).brand == "Apple part 0x000"
    monkeypatch.setattr(processor, "_read_cpuinfo", lambda _machine: NEOVERSE_N1)
    assert processor.collect(Machine()).brand == "ARM Neoverse-N1"


@pytest.mark.parametrize("script", ["sleep 60", "exit 1", "printf '\\377'"])
def test_failing_tool_gives_the_fallback_brand(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_lscpu(tmp_path, f"exec 2>/dev/null; {script}")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(system_tool, "TOOL_SECONDS", 0.2)
    monkeypatch.setattr(processor, "_read_cpuinfo", lambda _machine: cpuinfos.APPLE_VIRTUAL)
    assert processor.collect(Machine()).brand == "Apple part 0x000"


def test_missing_tool_gives_the_architecture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(processor, "_read_cpuinfo", lambda _machine: "")
    assert processor.collect(Machine()).brand == os.uname().machine
