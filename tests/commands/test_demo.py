"""python -m service demo and serve, run as an operator runs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.commands.demo import _logins
from tests.support import engine
from tests.support.commands import run
from tests.support.live import PATIENCE, PROJECT, LiveService, free_port, wait_until


@pytest.mark.torture
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"COMPLIANCE_DATA": "/proc/nowhere"}, "cannot create the folder /proc/nowhere"),
        ({"COMPLIANCE_BIND": "8000"}, "COMPLIANCE_BIND: expected HOST:PORT"),
        (
            {"COMPLIANCE_BIND": "localhost.invalid:80"},
            "other machines can reach localhost.invalid:80",
        ),
        ({"COMPLIANCE_BIND": "192.0.2.1:80"}, "without a token everybody could read and report"),
        ({"COMPLIANCE_DTA": "x"}, "COMPLIANCE_DTA is no setting"),
    ],
)
def test_a_failed_start_of_the_demo_is_one_line(
    tmp_path: Path, settings: dict[str, str], expected: str
) -> None:
    outcome = run("demo", tmp_path / "var", **settings)
    assert outcome.returncode == 1
    assert expected in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_demo_on_a_taken_port_says_so_in_one_line(service: LiveService, tmp_path: Path) -> None:
    outcome = run("demo", tmp_path / "var", COMPLIANCE_BIND=f"127.0.0.1:{service.port}")
    assert outcome.returncode == 1
    assert f"cannot listen on 127.0.0.1:{service.port}: Address already in use" in outcome.stderr
    assert outcome.stderr.count("\n") == 1


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environ = {
        **os.environ,
        "COMPLIANCE_DATA": str(tmp_path / "var"),
        "COMPLIANCE_BIND": f"127.0.0.1:{free_port()}",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "demo"],
        cwd=PROJECT,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_demo_reports_this_machine_and_ends_its_children(
    demo: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert demo.stdout is not None
    lines = []
    for line in demo.stdout:
        lines.append(line)
        if "Ctrl-C here ends everything" in line:
            break
    children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text(encoding="ascii")
    started = [int(pid) for pid in children.split()]
    assert len(started) == 2  # gunicorn and the agent
    query = "SELECT count(*) FROM procesos WHERE id_serv = 1 AND pid = ?"
    assert engine.rows(tmp_path / "var" / "compliance.db", query, (demo.pid,)) == [(1,)]
    text = "".join(lines)
    assert "curl http://127.0.0.1:" in text
    assert "sqlite3 -box" in text

    demo.send_signal(signal.SIGINT)
    assert demo.wait(timeout=PATIENCE) == 0
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))


@pytest.mark.parametrize(
    ("source", "words"), [("utmp", "0 open logins"), ("desconocida", "open logins unknown")]
)
def test_unknown_logins_are_not_told_as_none(source: str, words: str) -> None:
    assert _logins({"fuente_usuarios": source, "usuarios_activos": []}) == words
