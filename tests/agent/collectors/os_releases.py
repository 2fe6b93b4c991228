"""os-release files of real distributions, without their URLs, and the expected results.

Sources: chef/os_release (a collection of these files); python-distro/distro, its
tests/resources/distros; base-files of Debian trixie before its release; google/osv-scalibr for
NixOS and Gentoo; base-files of void-linux/void-packages.
"""

from __future__ import annotations

from typing import NamedTuple


class Distribution(NamedTuple):
    text: str
    name: str
    version: str


DISTRIBUTIONS = {
    "debian-13": Distribution(
        """PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
NAME="Debian GNU/Linux"
VERSION_ID="13"
VERSION="13 (trixie)"
VERSION_CODENAME=trixie
DEBIAN_VERSION_FULL=13.1
ID=debian
""",
        "Debian GNU/Linux",
        "13",
    ),
    "debian-sid": Distribution(
        """PRETTY_NAME="Debian GNU/Linux trixie/sid"
NAME="Debian GNU/Linux"
VERSION_CODENAME=trixie
ID=debian
""",
        "Debian GNU/Linux",
        "Debian GNU/Linux trixie/sid",
    ),
    "ubuntu-24.04": Distribution(
        """PRETTY_NAME="Ubuntu 24.04.3 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.3 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
LOGO=ubuntu-logo
""",
        "Ubuntu",
        "24.04",
    ),
    "rhel-9": Distribution(
        """NAME="Red Hat Enterprise Linux"
VERSION="9.6 (Plow)"
ID="rhel"
ID_LIKE="fedora"
VERSION_ID="9.6"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Red Hat Enterprise Linux 9.6 (Plow)"
ANSI_COLOR="0;31"
LOGO="fedora-logo-icon"
CPE_NAME="cpe:/o:redhat:enterprise_linux:9::baseos"

REDHAT_BUGZILLA_PRODUCT="Red Hat Enterprise Linux 9"
REDHAT_BUGZILLA_PRODUCT_VERSION=9.6
REDHAT_SUPPORT_PRODUCT="Red Hat Enterprise Linux"
REDHAT_SUPPORT_PRODUCT_VERSION="9.6"
""",
        "Red Hat Enterprise Linux",
        "9.6",
    ),
    "amazon-linux-2023": Distribution(
        """NAME="Amazon Linux"
VERSION="2023"
ID="amzn"
ID_LIKE="fedora"
VERSION_ID="2023"
PLATFORM_ID="platform:al2023"
PRETTY_NAME="Amazon Linux 2023"
ANSI_COLOR="0;33"
CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2023"
SUPPORT_END="2028-03-01"
""",
        "Amazon Linux",
        "2023",
    ),
    "fedora-42": Distribution(
        """NAME="Fedora Linux"
VERSION="42 (Forty Two)"
ID=fedora
VERSION_ID=42
VERSION_CODENAME=""
PLATFORM_ID="platform:f42"
PRETTY_NAME="Fedora Linux 42 (Forty Two)"
ANSI_COLOR="0;38;2;60;110;180"
DEFAULT_HOSTNAME="fedora"
SUPPORT_END=2026-05-13
""",
        "Fedora Linux",
        "42",
    ),
    "alpine-3.22": Distribution(
        """NAME="Alpine Linux"
ID=alpine
VERSION_ID=3.22.1
PRETTY_NAME="Alpine Linux v3.22"
""",
        "Alpine Linux",
        "3.22.1",
    ),
    "arch-arm": Distribution(
        """NAME="Arch Linux ARM"
PRETTY_NAME="Arch Linux ARM"
ID=archarm
ID_LIKE=arch
BUILD_ID=rolling
ANSI_COLOR="38;2;23;147;209"
LOGO=archlinux-logo""",
        "Arch Linux ARM",
        "rolling",
    ),
    "manjaro": Distribution(
        """NAME="Manjaro Linux"
PRETTY_NAME="Manjaro Linux"
ID=manjaro
ID_LIKE=arch
BUILD_ID=rolling
ANSI_COLOR="32;1;24;144;200"
LOGO=manjarolinux""",
        "Manjaro Linux",
        "rolling",
    ),
    "gentoo": Distribution(
        """NAME=Gentoo
ID=gentoo
PRETTY_NAME="Gentoo Linux"
ANSI_COLOR="1;32"
VERSION_ID="2.17\"""",
        "Gentoo",
        "2.17",
    ),
    "gentoo-before-2022": Distribution(
        """NAME=Gentoo
ID=gentoo
PRETTY_NAME="Gentoo/Linux"
ANSI_COLOR="1;32"
""",
        "Gentoo",
        "Gentoo/Linux",
    ),
    "nixos-24.11": Distribution(
        """ID="nixos"
LOGO="nix-snowflake"
NAME=NixOS
PRETTY_NAME="NixOS 24.11 (Vicuna)"
SUPPORT_END="2025-06-30"
VARIANT=""
VARIANT_ID=""
VENDOR_NAME=NixOS
VERSION="24.11 (Vicuna)"
VERSION_CODENAME=vicuna
VERSION_ID="24.11"
""",
        "NixOS",
        "24.11",
    ),
    "opensuse-tumbleweed": Distribution(
        """NAME="openSUSE Tumbleweed"
# VERSION="20240823"
ID="opensuse-tumbleweed"
ID_LIKE="opensuse suse"
VERSION_ID="20240823"
PRETTY_NAME="openSUSE Tumbleweed"
ANSI_COLOR="0;32"
# CPE 2.3 format, boo#1217921
CPE_NAME="cpe:2.3:o:opensuse:tumbleweed:20240823:*:*:*:*:*:*:*"
#CPE 2.2 format
#CPE_NAME="cpe:/o:opensuse:tumbleweed:20240823"
""",
        "openSUSE Tumbleweed",
        "20240823",
    ),
    "sles-15": Distribution(
        """NAME="SLES"
VERSION="15-SP7"
VERSION_ID="15.7"
PRETTY_NAME="SUSE Linux Enterprise Server 15 SP7"
ID="sles"
ID_LIKE="suse"
CPE_NAME="cpe:/o:suse:sles:15:sp7"
""",
        "SLES",
        "15.7",
    ),
    "void": Distribution(
        """NAME="Void"
ID="void"
PRETTY_NAME="Void Linux"
LOGO="void-logo"
ANSI_COLOR="0;38;2;71;128;97"

DISTRIB_ID="void"
""",
        "Void",
        "Void Linux",
    ),
    "coreos-766": Distribution(
        """NAME=CoreOS
ID=coreos
VERSION=766.3.0
VERSION_ID=766.3.0
BUILD_ID=
PRETTY_NAME="CoreOS 766.3.0"
ANSI_COLOR="1;32"
""",
        "CoreOS",
        "766.3.0",
    ),
    "openwrt-22.03": Distribution(
        """NAME="OpenWrt"
VERSION="22.03.4"
ID="openwrt"
ID_LIKE="lede openwrt"
PRETTY_NAME="OpenWrt 22.03.4"
VERSION_ID="22.03.4"
BUILD_ID="r20123-38ccc47687"
OPENWRT_BOARD="x86/64"
OPENWRT_TAINTS=""
""",
        "OpenWrt",
        "22.03.4",
    ),
}
