"""The documented checks and commands do what the page says, and nothing else."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from service.notify.receivers import KINDS, MESSAGES, MailServer, Receiver
from service.notify.signature import SIGNATURE, TIMESTAMP, signed
from service.times import HOUR
from tests.notify.told import ToldFleet, tell
from tests.support import engine
from tests.support.documentation import page, section
from tests.support.live import free_port, wait_until

README = page("service/notify/README.md")
BODY = '{"texto": "ñ, \\u0000 and\\n"}'.encode()
CASES = [
    ("genuine", b"s3cret", 0, BODY, True),
    ("another secret", b"other", 0, BODY, False),
    ("another body", b"s3cret", 0, BODY + b" ", False),
    ("too old", b"s3cret", -400, BODY, False),
    ("of the future", b"s3cret", 400, BODY, False),
]


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", section(README, "Signature"), re.DOTALL)
    lines = str(found)
    assert len(list(filter(None, lines.splitlines()))) <= 5
    return lines


@pytest.mark.parametrize(("name", "secret", "shift", "body", "is_genuine"), CASES)
def test_the_check_in_shell(
    tmp_path: Path, name: str, secret: bytes, shift: int, body: bytes, *, is_genuine: bool
) -> None:
    headers = signed(secret, int(time.time()) + shift, BODY)
    (tmp_path / "body").write_bytes(body)
    done = subprocess.run(
        ["sh", "-c", block("sh")],
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "timestamp": headers[TIMESTAMP],
            "signature": headers[SIGNATURE],
            "secret": "s3cret",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout == "genuine\n") is is_genuine, name
    assert (done.returncode == 0) is is_genuine


@pytest.mark.parametrize(("name", "secret", "shift", "body", "is_genuine"), CASES)
def test_the_check_in_python(
    name: str, secret: bytes, shift: int, body: bytes, *, is_genuine: bool
) -> None:
    headers = signed(secret, int(time.time()) + shift, BODY)
    namespace: dict[str, Any] = {
        "timestamp": headers[TIMESTAMP],
        "signature": headers[SIGNATURE],
        "secret": b"s3cret",
        "body": body,
    }
    exec(block("python"), namespace)
    assert namespace["is_genuine"] is is_genuine, name


def test_a_first_heartbeat_and_reminder_are_told_as_documented(told: ToldFleet) -> None:
    text = section(README, "A first heartbeat and reminder")
    (listen, serve), (expected,) = (
        re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        for language in ("sh", "text")
    )
    assert serve == "COMPLIANCE_NOTIFY=receivers.toml .venv/bin/gunicorn\n"
    port = free_port()
    commands = listen.replace(".venv/bin/python", f"exec {sys.executable}")
    listener = subprocess.Popen(
        ["bash", "-c", commands.replace("9000", str(port))],
        cwd=told.file.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: is_listening(port))
        told.report("bad")
        told.fleet.config.evaluator_lock.touch()
        line = told.line("trial")
        tell(line)
        line.take()  # from then on, reminders are asked for
        hour_ago = "UPDATE receiver SET reminded_at = reminded_at - ?, beat_at = beat_at - ?"
        engine.execute(told.fleet.config.database, hour_ago, (HOUR, HOUR))
        line = told.line("trial")
        line.take()
        tell(line)
    finally:
        listener.terminate()
    said, _ = listener.communicate(timeout=10)
    assert said == expected


def is_listening(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def test_the_page_lists_every_member_of_a_receiver() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section(README, "Receivers"), re.MULTILINE)
    members = {name for row in rows for name in re.findall(r"\w+", row)}
    fields = {*Receiver.__dataclass_fields__, *MailServer.__dataclass_fields__}
    named = {"sender": "from", "recipients": "to", "heartbeat": "latido"}
    named |= {"reminder": "recordatorio"}
    assert members == {named.get(name, name) for name in fields - {"name", "place", "mail"}}
    assert all(f"`{kind}`" in section(README, "Receivers") for kind in KINDS)


def test_the_page_lists_every_kind_of_message() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section(README, "Messages"), re.MULTILINE)
    kinds = {name for row in rows for name in re.findall(r"\w+", row)}
    assert kinds - {"tipo", "prueba", "latido"} == set(MESSAGES)
