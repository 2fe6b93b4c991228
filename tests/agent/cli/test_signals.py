from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.agent.apis import Reply, scripted_api
from tests.agent.command import FOLDER, end_agent, log_lines, start_agent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_a_waiting_agent_without_a_message(number: int) -> None:
    with (
        scripted_api(Reply(201)) as api,
        start_agent("--every", "60", "--now", "--api", api.url) as process,
    ):
        assert process.stderr is not None
        while "reported" not in process.stderr.readline():
            assert process.poll() is None
        assert end_agent(process, number, 0) == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_an_agent_whose_api_is_silent(number: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with start_agent("--api", url) as process:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(100).startswith(b"POST /servers")
                assert log_lines(end_agent(process, number, 128 + number)) == []


def test_signal_ends_a_step_that_python_cannot_interrupt() -> None:
    """Resolving a name is such a step while the name server is silent."""
    code = (
        "import ctypes; from agent.cli.signals import end_on_signals; "
        "end_on_signals(None, success=False); "
        "print(flush=True); libc = ctypes.CDLL(None)\nwhile True: libc.sleep(60)"
    )
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=FOLDER, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert end_agent(process, signal.SIGTERM, 143) == ""


@pytest.mark.torture
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_agent_within_a_second(number: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with start_agent("--api", url) as process:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(100).startswith(b"POST /servers")
                before = time.monotonic()
                end_agent(process, number, 128 + number)
                assert time.monotonic() - before < 1
