from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.collectors import identity
from agent.collectors.identity import app_specific_id, ioplatform_line, parse_machine_id, parse_uuid
from agent.machine import Machine
from tests.agent.trees import write_file

RAW = "3d1219c7c4c5404aaa1f6d2a48adfda4"
# Computed by `systemd-id128 machine-id --app-specific=…` of systemd 252 where RAW is the machine's.
DERIVED = "20e24f6b3e04406588dcb0ad863a238e"


def test_identity_equals_that_of_systemd() -> None:
    assert app_specific_id(RAW) == DERIVED


@pytest.mark.skipif(shutil.which("systemd-id128") is None, reason="needs systemd-id128")
def test_identity_of_this_machine_equals_that_of_systemd() -> None:
    command = ["systemd-id128", "machine-id", f"--app-specific={identity.APPLICATION_ID}"]
    computed = subprocess.run(command, capture_output=True, text=True, check=False)
    if computed.returncode != 0:
        pytest.skip(f"this machine has no identity: {computed.stderr}")
    assert identity.collect(Machine()) == computed.stdout.strip()


def test_identity_reveals_nothing_of_the_raw_one() -> None:
    assert not {RAW[at : at + 8] for at in range(24)} & {DERIVED[at : at + 8] for at in range(24)}
    assert re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", DERIVED)


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        (RAW + "\n", RAW),
        (RAW.upper(), RAW),
        ("", None),
        ("\n", None),
        ("uninitialized\n", None),
        ("0" * 32 + "\n", None),
        (RAW[:-1], None),
        (RAW + "0", None),
        ("x" * 32, None),
        ("\0" * 33, None),
    ],
)
def test_machine_id_is_32_hexadecimal_digits_or_none(text: str, raw: str | None) -> None:
    assert parse_machine_id(text) == raw


def test_tree_has_its_own_identity_and_that_of_d_bus_is_the_fallback(tmp_path: Path) -> None:
    machine = Machine(rootfs=str(tmp_path))
    assert identity.collect(machine) is None
    write_file(tmp_path, "/var/lib/dbus/machine-id", RAW)
    assert identity.collect(machine) == DERIVED
    write_file(tmp_path, "/etc/machine-id", "uninitialized\n")
    assert identity.collect(machine) == DERIVED
    write_file(tmp_path, "/etc/machine-id", "f" * 32)
    assert identity.collect(machine) == app_specific_id("f" * 32) != DERIVED


# As ioreg(8) shows it on a Mac.
IOREG = """\
+-o J314sAP  <class IOPlatformExpertDevice, id 0x100000248, registered, matched, active>
    {
      "manufacturer" = <"Apple Inc.">
      "IOPlatformSerialNumber" = "C02XXXXXXXXX"
      "IOPlatformUUID" = "8C2F3E62-6A5B-5F0E-9A70-0D2A5C1B3E4F"
      "board-id" = <"Mac-00000000-0000-0000-0000-000000000000">
    }
"""


def test_identity_on_macos_is_derived_from_the_platform_uuid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(identity, "_ioreg", lambda: ioplatform_line(IOREG))
    assert identity.collect(Machine()) == app_specific_id("8c2f3e626a5b5f0e9a700d2a5c1b3e4f")
    assert ioplatform_line("nothing") == ""


def test_identity_on_windows_is_derived_from_the_machine_guid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    guid: Any = "{9F0B1C2D-3E4F-5A6B-7C8D-9E0F1A2B3C4D}"
    monkeypatch.setattr(identity, "_machine_guid", lambda: guid)
    assert identity.collect(Machine()) == app_specific_id("9f0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d")


@pytest.mark.parametrize("text", ["", "none", "00000000-0000-0000-0000-000000000000", "9f0b1c2d"])
def test_invalid_uuid_gives_no_identity(text: str) -> None:
    assert parse_uuid(text) is None
