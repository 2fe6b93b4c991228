"""Release files of real systems.

Sources: python-distro/distro, its tests/resources/distros; facter, its specs of release files;
the packages centos-release, sles-release, base-files, alpine-base and aaa_base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.collectors import release_files
from agent.machine import Machine
from tests.agent.trees import write_file

if TYPE_CHECKING:
    from pathlib import Path

SYSTEMS = {
    "centos-6": (
        {
            "centos-release": "CentOS release 6.10 (Final)\n",
            "redhat-release": "CentOS release 6.10 (Final)\n",
            "lsb-release": "LSB_VERSION=base-4.0-amd64:base-4.0-noarch\n",
        },
        ("CentOS", "6.10"),
    ),
    "rhel-5": (
        {"redhat-release": "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n"},
        ("Red Hat Enterprise Linux Server", "5.11"),
    ),
    "oracle-6": (
        {
            "oracle-release": "Oracle Linux Server release 6.10\n",
            "redhat-release": "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n",
        },
        ("Oracle Linux Server", "6.10"),
    ),
    "scientific-6": (
        {"redhat-release": "Scientific Linux release 6.10 (Carbon)\n"},
        ("Scientific Linux", "6.10"),
    ),
    "fedora-14": (
        {
            "fedora-release": "Fedora release 14 (Laughlin)\n",
            "redhat-release": "Fedora release 14 (Laughlin)\n",
        },
        ("Fedora", "14"),
    ),
    "amazon-2017": (
        {"system-release": "Amazon Linux AMI release 2017.03\n"},
        ("Amazon Linux AMI", "2017.03"),
    ),
    "xenserver-6": (
        {"redhat-release": "XenServer release 6.2.0-70446c (xenenterprise)\n"},
        ("XenServer", "6.2.0-70446c"),
    ),
    "mandriva-2010": (
        {
            "mandriva-release": "Mandriva Linux release 2010.0 (Official) for x86_64\n",
            "redhat-release": "Mandriva Linux release 2010.0 (Official) for x86_64\n",
            "lsb-release": "DISTRIB_ID=MandrivaLinux\nDISTRIB_RELEASE=2010.0\n",
        },
        ("Mandriva Linux", "2010.0"),
    ),
    "esx-4": ({"vmware-release": "VMware ESX 4.1 (Kandinsky)\n"}, ("VMware ESX", "4.1")),
    "sles-11": (
        {
            "SuSE-release": "SUSE Linux Enterprise Server 11 (x86_64)\n"
            "VERSION = 11\nPATCHLEVEL = 4\n"
        },
        ("SUSE Linux Enterprise Server", "11.4"),
    ),
    "sles-10": (
        {"SuSE-release": "SUSE Linux Enterprise Server 10 (i586)\nVERSION = 10\nPATCHLEVEL = 0\n"},
        ("SUSE Linux Enterprise Server", "10"),
    ),
    "opensuse-11": (
        {"SuSE-release": "openSUSE 11.4 (x86_64)\nVERSION = 11.4\nCODENAME = Celadon\n"},
        ("openSUSE", "11.4"),
    ),
    "debian-6": ({"debian_version": "6.0.10\n"}, ("Debian GNU/Linux", "6.0.10")),
    "debian-sid": ({"debian_version": "squeeze/sid\n"}, ("Debian GNU/Linux", "squeeze/sid")),
    "ubuntu-10": (
        {
            "lsb-release": "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_CODENAME=lucid\n"
            'DISTRIB_DESCRIPTION="Ubuntu 10.04.4 LTS"\n',
            "debian_version": "squeeze/sid\n",
        },
        ("Ubuntu", "10.04"),
    ),
    "mint-12": (
        {
            "lsb-release": "DISTRIB_ID=LinuxMint\nDISTRIB_RELEASE=12\nDISTRIB_CODENAME=lisa\n",
            "debian_version": "wheezy/sid\n",
        },
        ("Linux Mint", "12"),
    ),
    "alpine-2": ({"alpine-release": "2.3.6\n"}, ("Alpine Linux", "2.3.6")),
    "gentoo": ({"gentoo-release": "Gentoo Base System release 2.1\n"}, ("Gentoo", "2.1")),
    "gentoo-2006": (
        {"gentoo-release": "Gentoo Base System version 1.6.14\n"},
        ("Gentoo", "1.6.14"),
    ),
    "slackware-13": ({"slackware-version": "Slackware 13.37.0\n"}, ("Slackware", "13.37.0")),
    "arch-2010": ({"arch-release": ""}, ("Arch Linux", "rolling")),
    "arch-lsb": (
        {
            "arch-release": "",
            "lsb-release": "LSB_VERSION=1.4\nDISTRIB_ID=Arch\nDISTRIB_RELEASE=rolling\n"
            'DISTRIB_DESCRIPTION="Arch Linux"\n',
        },
        ("Arch Linux", "rolling"),
    ),
    "openwrt-12": (
        {"openwrt_release": 'DISTRIB_ID="OpenWrt"\nDISTRIB_RELEASE="12.09"\n'},
        ("OpenWrt", "12.09"),
    ),
}


@pytest.mark.parametrize(("files", "release"), SYSTEMS.values(), ids=SYSTEMS.keys())
def test_system_older_than_os_release_is_known_by_its_file(
    tmp_path: Path, files: dict[str, str], release: tuple[str, str]
) -> None:
    for name, text in files.items():
        write_file(tmp_path, f"/etc/{name}", text)
    assert release_files.collect(Machine(rootfs=str(tmp_path))) == release


def test_every_file_has_a_case() -> None:
    cases = {f"/etc/{name}" for files, _ in SYSTEMS.values() for name in files}
    untested = {path for path, _ in release_files.FILES} - cases
    # The same sentence as in redhat-release, and as in debian_version.
    assert untested == {
        "/etc/enterprise-release",
        "/etc/mageia-release",
        "/etc/mandrake-release",
        "/etc/altlinux-release",
        "/etc/UnitedLinux-release",
        "/etc/devuan_version",
    }


def test_empty_and_unknown_files_name_no_system(tmp_path: Path) -> None:
    write_file(tmp_path, "/etc/redhat-release", "\n")
    write_file(tmp_path, "/etc/lsb-release", "LSB_VERSION=1\n")
    assert release_files.collect(Machine(rootfs=str(tmp_path))) is None
