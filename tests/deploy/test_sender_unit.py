"""The systemd unit of the sender: systemd accepts it, and it may do no more than the service."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.agent.cli.test_units import settings_of
from tests.deploy.front import replaced
from tests.deploy.test_unit import README, systemd_analyze
from tests.deploy.test_unit import SETTINGS as SERVICE
from tests.support.live import PROJECT

UNIT = PROJECT / "service" / "deploy" / "compliance-sender.service"
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
    assert float(exposure) < 1.5
    assert f"the sender: **{exposure}**" in README


def test_the_sender_has_no_more_rights_than_the_service_but_to_connect() -> None:
    alike = {
        *("User", "Group", "StateDirectory", "StateDirectoryMode", "UMask", "ProtectSystem"),
        *("CapabilityBoundingSet", "NoNewPrivileges", "SystemCallFilter", "Environment"),
        *("MemoryDenyWriteExecute", "PrivateDevices", "ProtectHome", "WorkingDirectory"),
        "RestrictAddressFamilies",
    }
    assert {name: SETTINGS[name] for name in alike} == {name: SERVICE[name] for name in alike}
