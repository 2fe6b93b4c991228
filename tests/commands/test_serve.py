"""python -m service serve, plain gunicorn on a taken port, and wrong arguments."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.live import PROJECT, LiveService, free_port

START_SECONDS = 30


def answers(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
        try:
            connection.request("HEAD", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False


def test_serve_starts_the_service_from_any_folder(tmp_path: Path) -> None:
    port = free_port()
    environ = {name: v for name, v in os.environ.items() if not name.startswith("COMPLIANCE_")}
    command = [sys.executable, "-m", "service", "serve"]
    process = subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{port}", "--data", "here"],
        cwd=tmp_path,
        env=environ | {"PYTHONPATH": str(PROJECT)},
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(port) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert answers(port)
        assert (tmp_path / "here" / "compliance.db").is_file()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=START_SECONDS) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", [["-m", "gunicorn"], ["-m", "service", "serve"]])
def test_a_taken_port_is_one_line_at_once(
    service: LiveService, tmp_path: Path, command: list[str]
) -> None:
    environ = {
        **os.environ,
        "COMPLIANCE_DATA": str(tmp_path / "var"),
        "COMPLIANCE_BIND": f"127.0.0.1:{service.port}",
    }
    outcome = subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert outcome.returncode != 0
    said = outcome.stderr.splitlines()
    assert said[-1].startswith(
        f"cannot listen on 127.0.0.1:{service.port}: Address already in use; COMPLIANCE_BIND="
    )
    assert not [line for line in said if "Retrying" in line or "Connection in use" in line]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["nothing"], "invalid choice: 'nothing'"),
        (["serve", "--bind", "8000"], "argument --bind: expected HOST:PORT"),
        (["serve", "--data", " "], "argument --data: expected a value"),
        (["token", "create"], "the following arguments are required: --scope"),
        ([], "the following arguments are required: command"),
    ],
)
def test_wrong_arguments_are_one_line_that_names_help(
    tmp_path: Path, arguments: list[str], fault: str
) -> None:
    outcome = run(arguments, tmp_path / "var")
    assert outcome.returncode == 2
    assert fault in outcome.stderr
    assert outcome.stderr.endswith(" --help)\n")
    assert outcome.stderr.count("\n") == 1
    assert not (tmp_path / "var").exists()
