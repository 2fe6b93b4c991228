"""The systemd unit of the evaluator: systemd accepts it, and the evaluator runs within it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.agent.cli.test_units import settings_of
from tests.deploy.front import replaced
from tests.deploy.test_unit import README, allowed, program, systemd_analyze
from tests.deploy.test_unit import SETTINGS as SERVICE
from tests.support.live import PROJECT, LiveService, wait_until
from tests.support.reports import report

UNIT = PROJECT / "service" / "deploy" / "compliance-evaluator.service"
SETTINGS = settings_of(UNIT.read_text(encoding="utf-8"))
OF_THE_SERVICE = PROJECT / "service" / "deploy" / "compliance-api.service"


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    for unit in (UNIT, OF_THE_SERVICE):
        here = replaced(
            unit.read_text(encoding="utf-8"),
            {"ExecStart=/opt/compliance/.venv/bin/": f"ExecStart={Path(sys.executable).parent}/"},
        )
        (tmp_path / unit.name).write_text(here, encoding="utf-8")
    verified = systemd_analyze("verify", "--man=no", str(tmp_path / UNIT.name))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_the_exposure_is_low_and_documented() -> None:
    output = systemd_analyze("security", "--offline=true", "--no-pager", str(UNIT)).stdout
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", output)
    assert float(exposure) < 1
    assert f"the evaluator: **{exposure}**" in README


def test_the_evaluator_has_no_more_rights_than_the_service() -> None:
    alike = {
        *("User", "Group", "StateDirectory", "StateDirectoryMode", "UMask", "ProtectSystem"),
        *("CapabilityBoundingSet", "NoNewPrivileges", "SystemCallFilter", "Environment"),
        *("MemoryDenyWriteExecute", "PrivateDevices", "ProtectHome", "WorkingDirectory"),
    }
    assert {name: SETTINGS[name] for name in alike} == {name: SERVICE[name] for name in alike}
    assert SETTINGS["PrivateNetwork"] == ["yes"]


@pytest.mark.torture
def test_the_evaluator_makes_allowed_system_calls_only(tmp_path: Path) -> None:
    live = LiveService(tmp_path / "var", COMPLIANCE_WORKERS="1")
    try:
        live.start()
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        assert live.post(report(1, fecha_hora=now)).status == 201
    finally:
        live.stop()
    trace = tmp_path / "trace"
    strace = [program("strace"), "-f", "-qq", "-e", "signal=none", "-o", str(trace)]
    subprocess.run(
        [*strace, sys.executable, "-m", "service", "evaluate", "--once"],
        cwd=PROJECT,
        env={**os.environ, "COMPLIANCE_DATA": str(live.data)},
        check=False,
        timeout=60,
    )
    assert live.rows("SELECT seq FROM judged") == [(1,)]
    made = calls_of(trace)
    assert {"execve", "fdatasync", "flock", "prlimit64", "socketpair"} <= made
    assert made <= allowed(SETTINGS)


@pytest.mark.torture
def test_an_evaluator_within_the_service_makes_allowed_system_calls_only(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    live = LiveService(tmp_path / "var", COMPLIANCE_WORKERS="1", COMPLIANCE_EVALUATOR="auto")
    strace = [program("strace"), "-D", "-f", "-qq", "-s", "100", "-e", "signal=none"]
    live.wrapper = [*strace, "-o", str(trace)]
    try:
        live.start()
        assert live.post(report(1)).status == 201
        wait_until(lambda: live.rows("SELECT seq FROM judged") == [(1,)])
    finally:
        live.stop()
    assert "service.policies.guard.guard_process" in trace.read_text(
        encoding="utf-8", errors="replace"
    )
    # It has the priority of the service: the unit allows no other.
    assert calls_of(trace) - {"setpriority"} <= allowed(SERVICE)


def calls_of(trace: Path) -> set[str]:
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    as_root = {"fchown"} if os.geteuid() == 0 else set()  # SQLite does, as root only
    return {found[1] for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))} - as_root
