"""The first rule of sql/policies/README.md, by the commands that stand there."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.config import Config
from tests.support.documentation import page, section
from tests.support.live import PROJECT, LiveService, wait_until

WRITE, SERVE, REPORT, ASK, STOP = re.findall(
    r"^```sh\n(.*?)^```$",
    section(page("sql/policies/README.md"), "A first rule"),
    re.MULTILINE | re.DOTALL,
)

TAKEN_UP = "SELECT 1 FROM policy WHERE rule = 'sin-netcat'"


class Reader:
    """Pastes the commands into a shell in a copy of the project's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("service", "sql"):
            (folder / name).symlink_to(PROJECT / name)
        self.live = LiveService(
            folder / "var", COMPLIANCE_EVALUATOR="auto", COMPLIANCE_POLICIES=str(folder / "rules")
        )

    def paste(self, commands: str) -> subprocess.CompletedProcess[str]:
        commands = commands.replace(".venv/bin/python", sys.executable)
        commands = commands.replace(Config().bind, f"127.0.0.1:{self.live.port}")
        return subprocess.run(
            ["bash", "-c", commands],
            cwd=self._folder,
            env=os.environ | {"COMPLIANCE_DATA": str(self.live.data)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.mark.torture
def test_a_first_rule_finds_its_violation_between_two_reports(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    written = reader.paste(WRITE)
    assert (written.returncode, written.stdout.splitlines()[-1][-9:]) == (0, "no faults")
    assert SERVE == "COMPLIANCE_POLICIES=rules .venv/bin/gunicorn\n"
    try:
        reader.live.start()
        wait_until(lambda: bool(reader.live.rows(TAKEN_UP)))
        assert reader.paste(REPORT).stdout == '{"id_serv":1}{"id_serv":2}'
        (found,) = csv.DictReader(reader.paste(ASK).stdout.splitlines())
        assert (found["abierta_tras_id_serv"], found["abierta_en_id_serv"]) == ("1", "2")
        assert found["motivo_en"] == "nc runs as ana."
        # A page is of a moment of which all is judged, by rules about the fleet too.
        wait_until(lambda: b"nc runs as ana." in reader.live.get("/incumplimientos").body)
        stopped = reader.paste(STOP)
        assert stopped.returncode == 1
        assert "sin-netcat" in stopped.stdout
    finally:
        reader.live.stop()
