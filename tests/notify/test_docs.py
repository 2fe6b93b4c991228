"""The documented checks of a signature accept what is genuine, and nothing else."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from service.notify.receivers import KINDS, MESSAGES, MailServer, Receiver
from service.notify.signature import SIGNATURE, TIMESTAMP, signed
from tests.support.documentation import page, section

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
