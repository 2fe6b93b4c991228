"""Facts of macOS: version and processor, from its tools."""

from __future__ import annotations

import os

from agent.collectors.system_tool import tool_output

_BRAND = "machdep.cpu.brand_string"
_HAS_ARM64 = "hw.optional.arm64"
_IS_TRANSLATED = "sysctl.proc_translated"
# The brand that Rosetta shows to the programs that it translates.
_ROSETTA_BRAND = "VirtualApple"


def version() -> str:
    """The version of the product, such as 14.4.1 or 13.3.1 (a).

    A program built for macOS 10.15 sees 10.16 for every later version, unless
    SYSTEM_VERSION_COMPAT is 0.
    """
    return (
        parse_sw_vers(tool_output("/usr/bin/sw_vers", SYSTEM_VERSION_COMPAT="0"))
        or tool_output(
            "/usr/sbin/sysctl", "-n", "kern.osproductversion", SYSTEM_VERSION_COMPAT="0"
        ).strip()
        or os.uname().release
    )


def parse_sw_vers(text: str) -> str:
    """ProductVersion in the output of sw_vers(1), and the letter of a Rapid Security Response."""
    facts = _members(text)
    parts = (facts.get("ProductVersion", ""), facts.get("ProductVersionExtra", ""))
    return " ".join(part for part in parts if part)


def processor() -> tuple[str, str | None]:
    """The architecture of the machine (arm64, x86_64), and the brand of its processor.

    A Python for x86-64 is translated on Apple silicon, and uname(3) then says x86_64. So is the
    sysctl that it starts, unless arch(1) chooses the other half of that program.
    """
    shown = tool_output("/usr/sbin/sysctl", "-i", _BRAND, _HAS_ARM64, _IS_TRANSLATED)
    architecture, brand = parse_sysctl(shown, os.uname().machine)
    if brand is not None and brand.startswith(_ROSETTA_BRAND):
        native = ("/usr/bin/arch", "-arm64", "/usr/sbin/sysctl", "-n", _BRAND)
        brand = tool_output(*native).strip() or brand
    return architecture, brand


def parse_sysctl(text: str, machine: str) -> tuple[str, str | None]:
    """Architecture and brand in the output of sysctl(8); an Intel Mac lacks some variables.

    machine: by uname(3)
    """
    facts = _members(text)
    is_arm64 = "1" in {facts.get(_HAS_ARM64), facts.get(_IS_TRANSLATED)}
    return "arm64" if is_arm64 else machine or "unknown", facts.get(_BRAND) or None


def _members(text: str) -> dict[str, str]:
    """The values by their names, of lines such as `ProductVersion:\t\t14.4.1`."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}
