"""The sender as a process: one at a time, killed at every step, and started by gunicorn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.notify.killed import STEPS
from tests.notify.receiver import HttpReceiver
from tests.notify.told import ToldFleet, tell
from tests.support.live import PROJECT, LiveService
from tests.support.reports import report


def environ(data: Path, receivers: Path) -> dict[str, str]:
    others = {name: v for name, v in os.environ.items() if not name.startswith("COMPLIANCE_")}
    return others | {"COMPLIANCE_DATA": str(data), "COMPLIANCE_NOTIFY": str(receivers)}


def run(*command: str, data: Path, receivers: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=PROJECT,
        env=environ(data, receivers),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.torture
def test_killed_at_every_step_it_tells_each_transition_in_its_order(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report()
    tell(told.listen(receiver.url, "most_a_minute = 1000"))
    receiver.taken.clear()
    for number, step in enumerate(STEPS):
        machine = f"k{number}"
        told.report(machine=machine)
        for names in (["bad"], []):
            told.report(*names, machine=machine)
            data = told.fleet.config.data
            killed = run("tests.notify.killed", step, data=data, receivers=told.file)
            assert killed.returncode == -signal.SIGKILL, (step, killed.stderr)
            told.age()
            tell(told.line())
    heard: dict[int, list[str]] = defaultdict(list)
    seen: set[str] = set()
    repeated = 0
    for message in receiver.taken:
        document = message.json()
        repeated += document["id"] in seen
        if document["id"] not in seen:
            heard[document["servidor"]].append(document["tipo"])
        seen.add(document["id"])
    assert list(heard.values()) == [["abierta", "resuelta"]] * len(STEPS)
    assert repeated == 4  # what it could not know: after send, before record; each of both


def test_a_sample_is_marked_and_says_how_it_went(told: ToldFleet, receiver: HttpReceiver) -> None:
    told.listen(receiver.url, 'language = "en"')
    data = told.fleet.config.data
    done = run("service", "notify", "test", "guard", data=data, receivers=told.file)
    assert (done.returncode, done.stdout) == (0, "guard (127.0.0.1): it took the sample\n")
    sample = receiver.taken[0].json()
    assert (sample["tipo"], sample["muestra"]) == ("prueba", True)
    receiver.behaviours = [404]
    done = run("service", "notify", "test", "guard", data=data, receivers=told.file)
    assert (done.returncode, done.stdout) == (1, "guard (127.0.0.1): HTTP 404\n")
    done = run("service", "notify", "test", "nobody", data=data, receivers=told.file)
    assert done.returncode == 1
    assert "there are guard" in done.stderr


def test_the_list_says_what_waits_and_the_last_error(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report()
    line = told.listen(receiver.url)
    receiver.behaviours = [500]
    tell(line)
    done = run("service", "notify", "list", data=told.fleet.config.data, receivers=told.file)
    said = "guard: webhook, 127.0.0.1; 1 waiting; last sent: never; last error: HTTP 500, "
    assert done.stdout.startswith(said)
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.torture
def test_plain_gunicorn_tells_a_receiver(tmp_path: Path, receiver: HttpReceiver) -> None:
    receivers = tmp_path / "receivers.toml"
    receivers.write_text(
        f'[receivers.guard]\nkind = "webhook"\nurl = "{receiver.url}"\nrules = ["*-telnet"]\n'
    )
    live = LiveService(
        tmp_path / "var", COMPLIANCE_EVALUATOR="auto", COMPLIANCE_NOTIFY=str(receivers)
    )
    try:
        live.start()
        receiver.wait(1)
        document = report(0)
        document["procesos"] = [
            {"username": "root", "pid": 1, "name": "init"},
            {"username": "root", "pid": 2, "name": "telnetd"},
        ]
        assert live.post(document).status == 201
        messages = [message.json() for message in receiver.wait(2)]
    finally:
        live.stop()
    assert [message["tipo"] for message in messages] == ["resumen", "abierta"]
    assert "a-secret-path" not in live.log


def test_a_wrong_file_of_receivers_stops_the_start(tmp_path: Path) -> None:
    receivers = tmp_path / "receivers.toml"
    receivers.write_text('[receivers.guard]\nkind = "webhook"\n')
    done = run("gunicorn", data=tmp_path / "var", receivers=receivers)
    assert done.returncode != 0
    assert "receiver 'guard': url: expected an address" in done.stderr
    assert json.dumps("Traceback") not in done.stderr
