"""The processor: its architecture and its brand.

The format of /proc/cpuinfo depends on the architecture. The tests give the source of each format.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from agent.collectors import macos, windows
from agent.collectors.arm_parts import part_name, vendor_name
from agent.collectors.system_tool import tool_output
from agent.machine import read_bytes, read_text

if TYPE_CHECKING:
    from agent.machine import Machine

_MAX_CPUINFO_BYTES = 16 << 20
_NO_NAMES = {"", "-", "unknown", "(null)"}


class Processor(NamedTuple):
    architecture: str
    brand: str


def collect(machine: Machine) -> Processor:
    if machine.procfs is None and machine.rootfs is None:
        if sys.platform == "win32":
            architecture, brand = windows.architecture(), windows.processor_name()
            return Processor(architecture, brand or architecture)
        if sys.platform == "darwin":
            architecture, brand = macos.processor()
            return Processor(architecture, brand or architecture)
    cpuinfo = _read_cpuinfo(machine)
    architecture = _architecture(machine, cpuinfo)
    brand = parse_brand(cpuinfo)
    if brand is None and machine.procfs is None and machine.rootfs is None:
        # lscpu also reads the firmware (SMBIOS).
        brand = parse_lscpu(tool_output("lscpu"))
    return Processor(architecture, brand or parse_fallback_brand(cpuinfo) or architecture)


def _read_cpuinfo(machine: Machine) -> str:
    """/proc/cpuinfo, or only its start if that contains the name of the first processor.

    On x86 the file has 1.5 KB for each of hundreds of equal processors, and some kernels measure
    the frequency of each one that is read. On ARM the processors may differ.
    """
    path = machine.proc("cpuinfo")
    try:
        start = read_bytes(path, 4096).decode("utf-8", "surrogateescape")
        if "\nmodel name" in start and "\nflags" in start:
            return start
        return read_text(path, _MAX_CPUINFO_BYTES)
    except OSError:  # not Linux, or missing in a copied tree
        return ""


def _architecture(machine: Machine, cpuinfo: str) -> str:
    """The output of `uname -m` on that machine.

    Most trees belong to this kernel and are seen from a container. The tree of another machine
    contains its architecture since Linux 6.1 (sys/kernel/arch). For an older one, the format of
    its cpuinfo decides if it belongs to another family.
    """
    here = _local_architecture()
    if machine.procfs is None:
        return here
    try:
        architecture = read_text(machine.proc("sys/kernel/arch")).strip()
    except OSError:
        architecture = ""
    if architecture:
        return architecture
    there = parse_family(cpuinfo)
    return here if there is None or _family(here) == _family(there) else there


def _local_architecture() -> str:
    if os.name == "posix":
        return os.uname().machine or "unknown"
    return windows.architecture()


def _family(architecture: str) -> str:
    """The common name of architectures that run the same programs."""
    families = {"x86": ("x86", "i386", "i486", "i586", "i686", "amd64"), "arm": ("arm", "aarch64")}
    for family, prefixes in families.items():
        if architecture.lower().startswith(prefixes):
            return family
    return architecture.lower().rstrip("el0123456789")


def parse_family(cpuinfo: str) -> str | None:
    """The architecture of a cpuinfo by members that only one has; None if there is none."""
    facts = _first_values(cpuinfo)
    flags = facts.get("flags", "").split()
    isa = facts.get("isa", facts.get("ISA", ""))
    if "CPU implementer" in facts:
        return (
            "aarch64"
            if facts.get("CPU architecture", "").startswith(("8", "9", "AArch64"))
            else "armv7l"
        )
    for matches, architecture in (
        ("lm" in flags, "x86_64"),
        ("fpu" in flags, "i686"),
        (facts.get("vendor_id") == "IBM/S390", "s390x"),
        (isa.startswith("rv64"), "riscv64"),
        (isa.startswith("rv32"), "riscv32"),
        ("loongarch64" in isa, "loongarch64"),
        ("cpu model" in facts and "mips" in isa, "mips"),
        ("cpu" in facts and "revision" in facts and "pvr" in facts["revision"], "ppc64"),
    ):
        if matches:
            return architecture
    return None


def parse_brand(cpuinfo: str) -> str | None:
    """The brand in /proc/cpuinfo, or None.

    On ARM the numbers come first: "ARMv7 Processor rev 4 (v7l)" names only an architecture.
    """
    facts = _first_values(cpuinfo)
    names = [_arm_names(cpuinfo)]
    names += [
        facts.get(key) for key in ("model name", "Model Name", "cpu model")
    ]  # x86, LoongArch, MIPS
    names.append(facts.get("cpu"))  # POWER, SPARC
    if facts.get("vendor_id") == "IBM/S390":
        names.append(_s390_name(cpuinfo))
    if facts.get("isa", "").startswith("rv"):
        names += [facts.get("uarch"), f"RISC-V {facts['isa']}"]
    names += [facts.get(key) for key in ("Hardware", "Model")]  # ARM boards
    return next((name for name in names if name and name.lower() not in _NO_NAMES), None)


def parse_fallback_brand(cpuinfo: str) -> str | None:
    """Vendor and numbers, for a processor without a name."""
    facts = _first_values(cpuinfo)
    implementer = _number(facts.get("CPU implementer"))
    if implementer is not None:
        vendor = vendor_name(implementer) or f"ARM implementer {implementer:#04x}"
        part = _number(facts.get("CPU part"))
        return vendor if part is None else f"{vendor} part {part:#05x}"
    if "vendor_id" in facts and "cpu family" in facts:
        return f"{facts['vendor_id']} family {facts['cpu family']} model {facts.get('model', '?')}"
    return facts.get("Processor") or facts.get("vendor_id")


def _arm_names(cpuinfo: str) -> str | None:
    """The distinct names of all processors, in order: many boards combine fast and slow ones."""
    names: list[str] = []
    implementer = None
    for key, value in _members(cpuinfo):
        if key == "CPU implementer":
            implementer = _number(value)
        elif key == "CPU part" and implementer is not None:
            name = part_name(implementer, _number(value) or 0)
            if name is not None and name not in names:
                names.append(name)
    return " + ".join(names) or None


def _s390_name(cpuinfo: str) -> str | None:
    """Vendor and model, from `processor 0: version = FF,  identification = …,  machine = 2964`."""
    for key, value in _members(cpuinfo):
        if key.startswith("processor ") and "machine = " in value:
            return f"IBM/S390 {value.rsplit('machine = ', 1)[1].strip()}"
    return "IBM/S390"


def _first_values(cpuinfo: str) -> dict[str, str]:
    facts: dict[str, str] = {}
    for key, value in _members(cpuinfo):
        facts.setdefault(key, value)
    return facts


def _members(cpuinfo: str) -> list[tuple[str, str]]:
    pairs = (line.partition(":") for line in cpuinfo.split("\n"))
    return [(key.strip(), " ".join(value.split())) for key, colon, value in pairs if colon]


def _number(text: str | None) -> int | None:
    try:
        return int(text or "", 0)
    except ValueError:
        return None


def parse_lscpu(text: str) -> str | None:
    """The names in the output of lscpu(1)."""
    wanted = ("BIOS Model name", "Model name")
    found: dict[str, list[str]] = {key: [] for key in wanted}
    for key, value in _members(text):
        if key in found and value.lower() not in _NO_NAMES and value not in found[key]:
            found[key].append(value)
    return " + ".join(found["Model name"] or found["BIOS Model name"]) or None
