"""Standard streams that are closed, broken or full."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.agent.apis import Reply, scripted_api
from tests.agent.command import FOLDER

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def shell(redirection: str, *arguments: str, code: str = "-m agent") -> tuple[int, str, str]:
    """Run the agent with a redirection; returns its exit code and what stdout and stderr got."""
    command = f"{shlex.quote(sys.executable)} {code} {shlex.join(arguments)} {redirection}"
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "closed", ["2>&-", "<&- >&- 2>&-", ">&-", pytest.param("2>/dev/full", marks=needs_full)]
)
def test_report_is_delivered_without_streams(closed: str) -> None:
    with scripted_api(Reply(201)) as api:
        assert shell(closed, "--api", api.url)[0] == 0
        assert len(api.requests) == 1


@pytest.mark.torture
@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_exit_codes_are_the_same_without_stderr(closed: str, spool_folder: Path) -> None:
    with scripted_api(Reply(503, {"Retry-After": "3600"}), Reply(400)) as api:
        assert shell(closed, "--api", api.url)[0] == 1
        assert shell(closed, "--api", "nonsense")[0] == 2
        for file in spool_folder.glob("*.json"):
            file.unlink()
        assert shell(closed, "--api", api.url)[0] == 3


def test_daemon_keeps_reporting_without_stderr() -> None:
    with scripted_api(*[Reply(201)] * 99) as api:
        command = f"exec {sys.executable} -m agent --every 1 --api {api.url} 2>&-"
        with subprocess.Popen(["/bin/sh", "-c", command], cwd=FOLDER) as process:
            deadline = time.monotonic() + 60
            while len(api.requests) < 3 and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert len(api.requests) >= 3


def test_daemon_keeps_reporting_after_the_reader_of_its_log_has_gone() -> None:
    with scripted_api(*[Reply(201)] * 99) as api:
        command = [sys.executable, "-m", "agent", "--every", "1", "--api", api.url]
        with subprocess.Popen(command, cwd=FOLDER, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            process.stderr.close()
            deadline = time.monotonic() + 60
            while len(api.requests) < 3 and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert len(api.requests) >= 3


def test_closed_streams_are_not_reused_for_files_and_connections() -> None:
    code = (
        "import os; from agent.cli import streams; streams.open_missing(); "
        "links = [os.readlink(f'/proc/self/fd/{n}') for n in range(3)]; "
        "opened = os.open('/', os.O_RDONLY); os.write(opened_log, repr((links, opened)).encode())"
    )
    code = "import sys; opened_log = int(sys.argv[1]); " + code
    reader, writer = os.pipe()
    with os.fdopen(reader) as log:
        command = f"exec {sys.executable} -c {shlex.quote(code)} {writer} <&- >&- 2>&-"
        subprocess.run(["/bin/sh", "-c", command], cwd=FOLDER, pass_fds=[writer], check=True)
        os.close(writer)
        links, opened = eval(log.read())
    assert links == ["/dev/null"] * 3
    assert opened > 2


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [
        (">&-", "it is closed"),
        pytest.param(">/dev/full", "No space left on device", marks=needs_full),
    ],
)
@pytest.mark.parametrize("arguments", [("--print",), ("install-unit", "service")])
def test_output_that_cannot_be_written_gives_one_line(
    redirection: str, reason: str, arguments: tuple[str, ...]
) -> None:
    code, _, err = shell(redirection, *arguments)
    assert code == 1
    assert "Traceback" not in err
    assert err.endswith(f"stdout: {reason}\n")
    assert len([line for line in err.splitlines() if "logged in" not in line]) == 1


def test_output_without_stderr_is_complete() -> None:
    code, out, _ = shell("2>&-", "--print")
    assert code == 0
    assert json.loads(out)["version_esquema"] == 2


def test_missing_module_gives_one_line_and_exits_with_2(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise ImportError('no module json here')\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "agent", "--print"],
        cwd=FOLDER,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("agent: error: this Python cannot run the agent: no module json here\n")
