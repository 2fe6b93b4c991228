"""The agent as an operator runs it, against the real service, through outages and kills."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from agent.state.spool import Spool
from tests.agent.apis import Proxy, proxy_before
from tests.agent.trees import write_file, write_process
from tests.support.live import PROJECT, LiveService, wait_until

pytestmark = pytest.mark.torture


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A machine with one process, so that reports are small."""
    root = tmp_path / "root"
    write_process(root / "proc", 1, "init")
    write_file(root, "/proc/stat", "btime 1795403120\n")
    write_file(root, "/etc/os-release", "NAME=Void\nVERSION_ID=1\n")
    return root


@pytest.fixture
def live(fresh_service: LiveService) -> LiveService:
    return fresh_service.start()


def once(url: str, tree: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent", "--api", url, "--rootfs", str(tree)]
    return subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )


@contextlib.contextmanager
def every_second(url: str, tree: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "agent", "--api", url, "--rootfs", str(tree), "--every", "1"]
    with (
        log_of(tree).open("a") as log,
        subprocess.Popen([*command, *options], cwd=PROJECT, stderr=log, text=True) as agent,
    ):
        try:
            yield agent
        finally:
            agent.kill()
            print(log_of(tree).read_text("utf-8"))  # noqa: T201 — shown if the test fails


def log_of(tree: Path) -> Path:
    return tree.parent / "agent.log"


def stored(service: LiveService) -> list[str]:
    """The times of all reports in the database, in their order."""
    rows = service.rows("SELECT fecha_hora FROM servers ORDER BY fecha_hora")
    return [str(row[0]) for row in rows]


def waiting(folder: Path) -> list[bytes]:
    kept = Spool(str(folder))
    return [kept.read(name) for name in kept.names()]


def times_of(bodies: list[bytes]) -> list[str]:
    return [json.loads(body)["fecha_hora"][:26].replace("T", " ") for body in bodies]


def test_next_run_sends_the_report_of_an_outage(
    fresh_service: LiveService, tree: Path, spool_folder: Path
) -> None:
    done = once(fresh_service.url, tree)
    assert done.returncode == 1
    assert "no connection" in done.stderr
    assert "reports waiting: 1" in done.stderr
    [kept] = waiting(spool_folder)
    fresh_service.start()
    assert once(fresh_service.url, tree).returncode == 0
    assert waiting(spool_folder) == []
    assert len(stored(fresh_service)) == 2
    assert stored(fresh_service)[0] == times_of([kept])[0]


def test_reports_of_an_outage_arrive_after_a_restart_of_the_api(
    live: LiveService, tree: Path, spool_folder: Path
) -> None:
    with every_second(live.url, tree) as agent:
        wait_until(lambda: stored(live))
        live.kill()
        wait_until(lambda: len(waiting(spool_folder)) >= 2)
        live.start()
        wait_until(lambda: "waiting reports" in log_of(tree).read_text("utf-8"))
        agent.terminate()
        assert agent.wait(30) == 0
    log = log_of(tree).read_text("utf-8")
    assert "no connection" in log or "the connection broke" in log
    assert "waiting reports" in log
    assert len(set(stored(live))) == len(stored(live)) >= 3


def test_lost_answers_store_no_report_twice(
    live: LiveService, tree: Path, spool_folder: Path
) -> None:
    """Every second answer is lost; the service recognizes a repeated report."""
    with proxy_before(live.port, lambda number: number % 2 == 1) as proxy:
        with every_second(proxy.url, tree) as agent:
            wait_until(lambda: len(proxy.statuses) >= 8)
            agent.terminate()
            agent.wait(30)
        proxy.loses = lambda _number: False
        once(proxy.url, tree)
        assert waiting(spool_folder) == []
        assert 200 in proxy.statuses
        accepted = {
            body
            for body, status in zip(proxy.bodies, proxy.statuses, strict=True)
            if status in {200, 201}
        }
    assert stored(live) == sorted(times_of(list(accepted)))


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", os.urandom(200)])
def test_garbage_or_no_answer_loses_no_report(
    answer: bytes, live: LiveService, tree: Path, spool_folder: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        with every_second(f"http://127.0.0.1:{stranger.getsockname()[1]}", tree) as agent:
            for _ in range(2):
                connection, _address = stranger.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)
            agent.terminate()
            assert agent.wait(30) == 0
        kept = waiting(spool_folder)
        assert kept
    assert once(live.url, tree).returncode == 0
    assert set(times_of(kept)) < set(stored(live))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_while_the_api_is_silent_leaves_the_report_in_the_spool(
    number: int, tree: Path, spool_folder: Path
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        every_second(f"http://127.0.0.1:{silent.getsockname()[1]}", tree) as agent,
    ):
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(100).startswith(b"POST /servers")
            agent.send_signal(number)
            assert agent.wait(30) == 0
    assert len(waiting(spool_folder)) == 1


def test_single_run_beside_a_daemon_sends_nothing_twice(
    live: LiveService, tree: Path, spool_folder: Path
) -> None:
    with proxy_before(live.port, lambda _number: False) as proxy:
        with every_second(proxy.url, tree) as agent:
            codes = [once(proxy.url, tree).returncode for _ in range(6)]
            side_by_side = list(proxy.bodies)
            # A report in flight at the signal is sent again, and the service recognizes it.
            agent.terminate()
            agent.wait(30)
        assert codes == [0] * 6
        assert once(proxy.url, tree).returncode == 0
        assert waiting(spool_folder) == []
        assert set(proxy.statuses) <= {200, 201}
    assert len(side_by_side) == len(set(side_by_side)) >= 6
    assert len(set(proxy.bodies)) == len(stored(live))


def spool_under_kills(service: LiveService, tree: Path, folder: Path, kills: int) -> None:
    """kill -9 while the agent takes, spools and sends reports, with the API away half of the time.

    In the end the database has each report of the spool once, and no file is incomplete.
    """
    luck = random.Random(7)
    seen: set[bytes] = set()
    with proxy_before(service.port, lambda _number: luck.random() < 0.3) as proxy:
        unreachable = "http://127.0.0.1:9"
        for turn in range(kills):
            with every_second(luck.choice([proxy.url, unreachable]), tree, "--now") as agent:
                if turn % 4 == 0:
                    before = set(proxy.bodies) | seen
                    wait_until(partial(something_new, before, proxy, folder))
                # The first report is taken 0.1 to 0.3 s after the start.
                time.sleep(luck.uniform(0.05, 0.45))
                agent.send_signal(signal.SIGKILL)
                agent.wait()
            seen |= set(waiting(folder))
        proxy.loses = lambda _number: False
        wait_until(lambda: once(proxy.url, tree).returncode == 0)
        accepted = {
            body
            for body, status in zip(proxy.bodies, proxy.statuses, strict=True)
            if status in {200, 201}
        }
    assert waiting(folder) == []
    assert not (folder / "rejected").exists()
    assert not list(folder.glob("*.partial"))
    assert stored(service) == sorted(times_of(list(accepted)))
    assert set(times_of(list(seen))) <= set(stored(service))
    assert seen


def something_new(before: set[bytes], proxy: Proxy, folder: Path) -> bool:
    return bool({*proxy.bodies, *waiting_or_none(folder)} - before)


def waiting_or_none(folder: Path) -> list[bytes]:
    """The waiting reports; none if a running agent removes one meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        return waiting(folder)
    return []


def test_kill_9_loses_no_report(live: LiveService, tree: Path, spool_folder: Path) -> None:
    spool_under_kills(live, tree, spool_folder, 12)


@pytest.mark.timeout(300)
def test_a_hundred_kill_9_lose_no_report(live: LiveService, tree: Path, spool_folder: Path) -> None:
    spool_under_kills(live, tree, spool_folder, 100)
