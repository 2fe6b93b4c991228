r"""The release files of systems older than os-release(5), and of those without it.

Sources of the formats: python-distro/distro (tests/resources/distros), facter
(lib/facter/resolvers), fusioninventory-agent (Task/Inventory/Linux/Distro) and the packages
themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from agent.machine import read_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.machine import Machine

_MAX_BYTES = 4096
# `CentOS release 6.10 (Final)`, `SUSE Linux Enterprise Server 11 (x86_64)`, `Slackware 13.37.0`.
_RELEASE = re.compile(r"(.*?\S)\s+(?:release|version)\s+(\S+)", re.IGNORECASE)
_NUMBER = re.compile(r"(.*?\S)\s+v?(\d[\w.-]*)")
_ASSIGNMENT = re.compile(r"(\w+)\s*=\s*[\"']?([^\"'\n]*)")
# The names that os-release gives to these systems.
_LSB_NAMES = {
    "Arch": "Arch Linux",
    "Debian": "Debian GNU/Linux",
    "LinuxMint": "Linux Mint",
    "MandrivaLinux": "Mandriva Linux",
    "ManjaroLinux": "Manjaro Linux",
}


class Release(NamedTuple):
    """version is "" if the file does not have it."""

    name: str
    version: str


def collect(machine: Machine) -> Release | None:
    """What the first file that names a system says; None if there is none."""
    for path, parse in FILES:
        # Expected: a system has few of them.
        try:
            text = read_text(machine.root(path), _MAX_BYTES)
        except OSError:
            continue
        release = parse(text)
        if release is not None:
            return release
    return None


def parse_sentence(text: str) -> Release | None:
    """`CentOS release 6.10 (Final)`; a name alone has no version."""
    line = text.strip().split("\n", 1)[0].strip()
    found = _RELEASE.match(line) or _NUMBER.match(line)
    if found:
        return Release(found.group(1), found.group(2))
    return Release(line, "") if line else None


def parse_suse(text: str) -> Release | None:
    """The sentence, then `VERSION = 11` and, for enterprise systems, `PATCHLEVEL = 4`."""
    release = parse_sentence(text)
    facts = _assignments(text)
    if release is None or "VERSION" not in facts:
        return release
    # As SLES 11.4 writes it in its os-release. A patch level of 0 is the release itself.
    level = facts.get("PATCHLEVEL", "0")
    return Release(release.name, facts["VERSION"] + (f".{level}" if level != "0" else ""))


def parse_lsb(text: str) -> Release | None:
    """`DISTRIB_ID=Ubuntu` and `DISTRIB_RELEASE=10.04`; Red Hat's file has neither."""
    facts = _assignments(text)
    identifier = facts.get("DISTRIB_ID")
    if not identifier:
        return None
    return Release(_LSB_NAMES.get(identifier, identifier), facts.get("DISTRIB_RELEASE", ""))


def _assignments(text: str) -> dict[str, str]:
    pairs = (_ASSIGNMENT.match(line.strip()) for line in text.split("\n"))
    return {pair.group(1): pair.group(2).strip() for pair in pairs if pair}


def _version_of(name: str) -> Callable[[str], Release | None]:
    """The parser of a file that holds a version only."""

    def parse(text: str) -> Release | None:
        return Release(name, text.strip().split("\n", 1)[0].strip())

    return parse


def _gentoo(text: str) -> Release | None:
    """`Gentoo Base System release 2.1`; os-release says Gentoo."""
    release = parse_sentence(text)
    return None if release is None else Release("Gentoo", release.version)


def _arch(_text: str) -> Release | None:
    """The file is empty."""
    return Release("Arch Linux", "rolling")


# A derived system also has the file of the system that it comes from, so the special ones come
# first: Oracle Linux says Red Hat in redhat-release, Ubuntu has Debian's debian_version.
FILES: tuple[tuple[str, Callable[[str], Release | None]], ...] = (
    ("/etc/oracle-release", parse_sentence),
    ("/etc/enterprise-release", parse_sentence),  # Oracle's, until 5.5
    ("/etc/centos-release", parse_sentence),
    ("/etc/fedora-release", parse_sentence),
    ("/etc/mageia-release", parse_sentence),
    ("/etc/mandriva-release", parse_sentence),
    ("/etc/mandrake-release", parse_sentence),
    ("/etc/altlinux-release", parse_sentence),
    ("/etc/redhat-release", parse_sentence),
    ("/etc/system-release", parse_sentence),  # Amazon Linux
    ("/etc/vmware-release", parse_sentence),
    ("/etc/SuSE-release", parse_suse),
    ("/etc/UnitedLinux-release", parse_suse),
    ("/etc/alpine-release", _version_of("Alpine Linux")),
    ("/etc/gentoo-release", _gentoo),
    ("/etc/slackware-version", parse_sentence),
    ("/etc/openwrt_release", parse_lsb),
    ("/etc/lsb-release", parse_lsb),
    ("/etc/arch-release", _arch),
    ("/etc/devuan_version", _version_of("Devuan GNU/Linux")),
    ("/etc/debian_version", _version_of("Debian GNU/Linux")),
)
