"""A Python that was built without a module: the report waits, and the log has one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.agent.apis import Reply, scripted_api
from tests.agent.command import FOLDER, log_lines


def environment(folder: Path, module: str) -> dict[str, str]:
    (folder / f"{module}.py").write_text(f"raise ImportError('no module _{module}')\n", "utf-8")
    return {**os.environ, "PYTHONPATH": str(folder)}


@pytest.mark.parametrize(("module", "scheme"), [("ssl", "https"), ("http", "http")])
def test_report_waits_where_a_module_is_missing(
    module: str, scheme: str, tmp_path: Path, spool_folder: Path
) -> None:
    command = [sys.executable, "-m", "agent", "--api", f"{scheme}://127.0.0.1:1"]
    done = subprocess.run(
        command,
        cwd=FOLDER,
        env=environment(tmp_path, module),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert log_lines(done.stderr) == [
        f"agent: error: this Python cannot send reports: no module _{module}; reports waiting: 1"
    ]
    assert len(list(spool_folder.glob("*.json"))) == 1


def test_http_needs_no_ssl(tmp_path: Path) -> None:
    with scripted_api(Reply(201)) as api:
        command = [sys.executable, "-W", "error", "-m", "agent", "--api", api.url]
        done = subprocess.run(command, cwd=FOLDER, env=environment(tmp_path, "ssl"), check=False)
    assert done.returncode == 0


def test_daemon_without_ssl_keeps_taking_reports(tmp_path: Path, spool_folder: Path) -> None:
    command = [sys.executable, "-m", "agent", "--api", "https://127.0.0.1:1", "--every", "1"]
    with subprocess.Popen(command, cwd=FOLDER, env=environment(tmp_path, "ssl")) as process:
        deadline = time.monotonic() + 60
        while len(list(spool_folder.glob("*.json"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert len(list(spool_folder.glob("*.json"))) >= 2
