"""The systemd unit of the service: systemd accepts it, and the service runs within it."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from service.config import Config
from tests.agent.cli.test_units import settings_of
from tests.deploy.front import replaced
from tests.support.live import PROJECT, LiveService
from tests.support.reports import report

UNIT = PROJECT / "service" / "deploy" / "compliance-api.service"
SETTINGS = settings_of(UNIT.read_text(encoding="utf-8"))
README = (PROJECT / "service" / "deploy" / "README.md").read_text(encoding="utf-8")


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    return found


def systemd_analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [program("systemd-analyze"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    here = replaced(
        UNIT.read_text(encoding="utf-8"),
        {"ExecStart=/opt/compliance/.venv/bin/": f"ExecStart={Path(sys.executable).parent}/"},
    )
    (tmp_path / UNIT.name).write_text(here, encoding="utf-8")
    verified = systemd_analyze("verify", "--man=no", str(tmp_path / UNIT.name))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_the_exposure_is_low_and_documented() -> None:
    output = systemd_analyze("security", "--offline=true", "--no-pager", str(UNIT)).stdout
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", output)
    assert float(exposure) < 2
    (documented,) = re.findall(r"`systemd-analyze security[^`]*`: \*\*([0-9.]+)\*\*", README)
    assert float(documented) == float(exposure)


def test_the_service_has_no_rights() -> None:
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateDevices", "MemoryDenyWriteExecute"):
        assert SETTINGS[name] == ["yes"]
    assert SETTINGS["ProtectSystem"] == ["strict"]
    assert SETTINGS["CapabilityBoundingSet"] == SETTINGS["AmbientCapabilities"] == [""]
    assert SETTINGS["IPAddressDeny"] == ["any"]


def test_every_setting_but_filters_is_unique() -> None:
    twice = {name for name, values in SETTINGS.items() if len(values) > 1}
    assert twice == {"SystemCallFilter"}


def test_the_limits_of_the_unit_fit_the_settings() -> None:
    gunicorn = runpy.run_path(str(PROJECT / "gunicorn.conf.py"))
    assert int(SETTINGS["TimeoutStopSec"][0]) > gunicorn["graceful_timeout"]
    assert int(SETTINGS["LimitNOFILE"][0]) == gunicorn["_FILES"] > gunicorn["worker_connections"]
    config = Config()
    assert int(SETTINGS["TasksMax"][0]) > config.workers * (config.threads + 4)
    (folder,) = SETTINGS["StateDirectory"]
    assert SETTINGS["Environment"] == [f"COMPLIANCE_DATA=/var/lib/{folder}"]


def test_systemd_is_notified_when_the_service_is_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        live = LiveService(tmp_path / "var", NOTIFY_SOCKET=str(tmp_path / "notify"))
        try:
            live.start()
            assert b"READY=1" in systemd.recv(4096)
        finally:
            live.stop()


def test_the_service_makes_allowed_system_calls_only(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    live = LiveService(tmp_path / "var", COMPLIANCE_WORKERS="1", COMPLIANCE_THREADS="4")
    live.wrapper = [program("strace"), "-D", "-f", "-qq", "-e", "signal=none", "-o", str(trace)]
    try:
        live.start()
        assert live.post(report(1)).status == 201
        assert live.get("/").status == 200
    finally:
        live.stop()
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    made = {found[1] for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert {"execve", "fdatasync", "accept4", "mmap"} <= made
    as_root = {"fchown"} if os.geteuid() == 0 else set()  # SQLite does, as root only
    assert made - allowed(SETTINGS) - as_root == set()
    maps = [line for line in lines if re.match(r"\d+ +(mmap|mprotect|pkey_mprotect)\(", line)]
    assert [line for line in maps if "PROT_WRITE|PROT_EXEC" in line] == []
    # ProcSubset=pid hides it; malloc(3) works without.
    opened = re.findall(r'open(?:at)?\([^"]*"/proc/([^"]+)', "\n".join(lines))
    others = {path for path in opened if not re.match(r"(\d+|self|thread-self)/", path)}
    assert others <= {"sys/vm/overcommit_memory"}


def allowed(settings: Mapping[str, Sequence[str]]) -> set[str]:
    """The system calls that the filters of a unit leave."""
    left: set[str] = set()
    for line in settings["SystemCallFilter"]:
        for word in line.removeprefix("~").split():
            if line.startswith("~"):
                left -= members(word)
            else:
                left |= members(word)
    return left


def members(name: str) -> set[str]:
    """The system calls of a set such as @system-service, see systemd.exec(5)."""
    shown = systemd_analyze("syscall-filter", "--no-pager", name).stdout
    words = [line.strip() for line in shown.splitlines()[1:] if line.strip()]
    found: set[str] = set()
    for word in words:
        if word.startswith("@"):
            found |= members(word)
        elif not word.startswith("#"):
            found.add(word)
    return found
