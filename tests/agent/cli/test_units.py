from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import units
from tests.support.live import PROJECT

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


def printed(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent", "install-unit", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def settings_of(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@needs_systemd
@pytest.mark.parametrize(
    ("which", "name"),
    [
        ("service", "compliance-agent.service"),
        ("timer", "compliance-agent.timer"),
        ("daemon", "compliance-agent.service"),
    ],
)
def test_systemd_accepts_the_units(which: str, name: str, tmp_path: Path) -> None:
    for part, file in (("service", "compliance-agent.service"), (which, name)):
        done = printed(part)
        assert (done.returncode, done.stderr) == (0, "")
        (tmp_path / file).write_text(done.stdout, "utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("every", [None, 300])
def test_exposure_is_below_2(every: int | None, tmp_path: Path) -> None:
    unit = tmp_path / "compliance-agent.service"
    unit.write_text(units.service_unit(every), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("every", [None, 300])
def test_service_starts_after_the_clock_is_synchronised(every: int | None) -> None:
    """systemd.special(7): units that need the time are ordered after it, but do not pull it in."""
    found = settings_of(units.service_unit(every))
    assert {"time-set.target", "time-sync.target"} <= set(" ".join(found["After"]).split())
    assert found["Wants"] == ["network-online.target"]
    assert "Requires" not in found


def test_each_credential_has_an_empty_default() -> None:
    """systemd.exec(5): SetCredential gives the default if LoadCredential finds no file."""
    found = settings_of(units.service_unit(None))
    loaded = [value.partition(":")[0] for value in found["LoadCredential"]]
    assert loaded == ["enrolment-token", "token", "proxy-credentials"]
    assert found["SetCredential"] == [f"{name}:\\n" for name in loaded]


@needs_systemd
@pytest.mark.parametrize("every", [60, 300, 900, 1800, 3600, 21600, 86400])
def test_timer_fires_at_the_interval(every: int) -> None:
    calendar = settings_of(units.timer_unit(every))["OnCalendar"][0]
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=3", calendar],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TZ": "UTC"},
    )
    moments = re.findall(r"(\d\d):(\d\d):(\d\d) UTC", done.stdout)
    seconds = [int(h) * 3600 + int(m) * 60 + int(s) for h, m, s in dict.fromkeys(moments)]
    if every < 86400:
        assert (seconds[2] - seconds[1]) % 86400 == every
    else:
        assert seconds == [0]


@pytest.mark.parametrize("every", ["7", "90", "420", "5000"])
def test_interval_that_no_calendar_expresses_prints_one_line(every: str) -> None:
    done = printed("timer", "--every", every)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r".*: error: argument --every: .*expected minutes.*\n", done.stderr)
    assert printed("daemon", "--every", every).returncode == 0


def test_both_units_are_printed_with_their_paths() -> None:
    done = printed()
    first, second = done.stdout.split("# /etc/systemd/system/compliance-agent.timer\n")
    assert first.startswith("# /etc/systemd/system/compliance-agent.service\n")
    assert first.split("\n", 1)[1].rstrip() + "\n" == printed("service").stdout
    assert second == printed("timer").stdout


def test_service_has_no_privileges() -> None:
    for unit in (units.service_unit(None), units.service_unit(300)):
        found = settings_of(unit)
        for name in ("DynamicUser", "NoNewPrivileges", "ProtectHome", "PrivateDevices"):
            assert found[name] == ["yes"]
        assert found["ProtectSystem"] == ["strict"]
        assert found["CapabilityBoundingSet"] == found["AmbientCapabilities"] == [""]
        assert found["StateDirectory"] == found["CacheDirectory"] == ["compliance-agent"]
        # Other values would hide processes and users.
        assert found["ProtectProc"] == ["default"]
        assert found["ProcSubset"] == ["all"]
        assert not {"PrivateUsers", "PrivatePIDs", "PrivateNetwork"} & found.keys()


def test_no_setting_is_repeated_except_filters_and_credentials() -> None:
    for name, values in settings_of(units.service_unit(None)).items():
        repeated = {"SystemCallFilter": 2, "LoadCredential": 3, "SetCredential": 3}
        assert len(values) == repeated.get(name, 1)
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(units.service_unit(60))
    assert parser.sections() == ["Unit", "Service", "Install"]


def test_pyz_runs_in_isolated_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/my agents/100%/compliance-agent.pyz", "install-unit"])
    [start] = settings_of(units.service_unit(300))["ExecStart"]
    assert start == (f'{sys.executable} -I "/opt/my agents/100%%/compliance-agent.pyz" --every 300')


def test_help_lists_the_choices() -> None:
    shown = printed("--help").stdout
    for word in ("service", "timer", "daemon", "--every", "/etc/compliance-agent.ini"):
        assert word in shown
