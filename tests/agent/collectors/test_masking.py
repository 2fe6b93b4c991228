"""The masking of command lines.

The files in `command_lines/` hold one command line each line, in the quotes of a shell. ⟦ and ⟧
stand around what *** replaces. A new line is a new test.
"""

from __future__ import annotations

import random
import re
import shlex
import time
from pathlib import Path

import pytest

from agent.collectors.masking import MASK, masked

_FOLDER = Path(__file__).with_name("command_lines")


def command_lines(*, harmless: bool) -> list[str]:
    return [
        line
        for file in sorted(_FOLDER.glob("*.txt"))
        if (file.stem == "harmless") is harmless
        for line in file.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("# ")
    ]


@pytest.mark.parametrize("line", command_lines(harmless=False))
def test_secrets_are_masked_and_the_rest_is_shown(line: str) -> None:
    words = shlex.split(line)
    shown = " ".join(re.sub("⟦.*?⟧", MASK, word, flags=re.DOTALL) for word in words)
    assert masked([re.sub("[⟦⟧]", "", word) for word in words]) == shown
    assert "⟦" in line


@pytest.mark.parametrize("line", command_lines(harmless=True))
def test_harmless_command_lines_are_unchanged(line: str) -> None:
    assert masked(shlex.split(line)) == " ".join(shlex.split(line))


def test_empty_command_line_stays_empty() -> None:
    assert masked([]) == ""
    assert masked([""]) == ""


@pytest.mark.parametrize("password", ["x", "a b", "***", "'", '"', "a'b\"c", "&;,|$()", "ñ", "-x9"])
def test_every_password_after_a_password_option_is_masked(password: str) -> None:
    assert masked(["app", "--password", password, "end"]) == f"app --password {MASK} end"
    assert masked(["app", f"--pgpassword={password}"]).startswith(f"app --pgpassword={MASK}")


@pytest.mark.parametrize("following", ["-x", "--verbose", "--host=db"])
def test_option_after_a_password_option_is_shown(following: str) -> None:
    assert masked(["app", "--password", following]) == f"app --password {following}"


def test_here_document_of_accounts_is_masked() -> None:
    text = "chpasswd <<EOF\nroot:S3cret\njuan:S3cret\nEOF\necho root:x"
    shown = f"chpasswd <<EOF\nroot:{MASK}\njuan:{MASK}\nEOF\necho root:x"
    assert masked(["sh", "-c", text]) == f"sh -c {shown}"


def test_secret_in_a_shell_within_shells_is_masked() -> None:
    text = "mysql -pS3cret"
    for _ in range(3):
        text = f"sh -c {shlex.quote(text)}"
    assert "S3cret" not in masked(["sh", "-c", text])


def test_process_title_of_one_text_is_masked() -> None:
    assert masked(["worker: mysql -u root -pS3cret shop"]) == f"worker: mysql -u root -p{MASK} shop"


# Texts of 100 KB that would take long if any part of the rule took more than linear time.
_LONG_TEXTS = [
    part * (100_000 // len(part))
    for part in (
        *(
            "a",
            "password",
            "=",
            "://",
            "a:b",
            '"',
            "'",
            "token=",
            "a.",
            "eyJ",
            "- ",
            "(",
            "\\",
            "é",
        ),
        *(
            "é",
            "(a)|",
            "(a;",
            "a|",
            "$(",
            "<<<",
            " ",
            "a ",
            "\t\n",
            "x://u:p",
            "u:p@",
            "<a>",
            "$6$",
        ),
        *("pass" + "-" * 50, "-p ", "mysql -p ", "docker login ", "net user add ", "set password "),
        *("chpasswd <<A\n", "echo a | sudo -S ", "server=x;password= ", 'password="', "a='b "),
        *(
            "password='a\" ",
            'pass("a"',
            "a(b(",
            "IDENTIFIED BY ",
            "password for ",
            "oracle:thin:a/",
        ),
        *(
            'send "',
            "-----BEGIN PRIVATE KEY-----",
            "user=%a",
            "rtmp://",
            "Authorization: ",
            "bearer ",
        ),
        *(
            "--a=b:c ",
            "Authorization: ",
            "bearer ",
            "oracle:thin:a/",
            '{"a":"b","password":',
            '\\"password\\":\\"',
            "((a)|b)",
        ),
    )
]


@pytest.mark.torture  # it measures the time of a processor
@pytest.mark.parametrize("text", _LONG_TEXTS, ids=lambda text: text[:12])
def test_masking_takes_linear_time(text: str) -> None:
    before = time.process_time()
    masked([text])
    masked(["app", "--x", text + " y"])
    masked(["mysql", *text.split(" ")])
    assert time.process_time() - before < 10


def test_long_arguments_are_masked_to_their_end() -> None:
    text = "echo x; " * 12_500
    assert masked(["sh", "-c", text + "mysql -pS3cret"]) == f"sh -c {text}mysql -p{MASK}"
    words = ["x"] * 50_000
    assert masked(["curl", *words, "-u", "a:S3cret"]).endswith(f"x -u a:{MASK}")


def test_any_bytes_are_masked_without_an_error() -> None:
    luck = random.Random(5)
    pieces = [
        *("-p", "mysql", "--password", "=", ":", "@", "://", " ", "\n", "'", '"', "\udcff", "***"),
        *("sh", "-c", "$(", ")", "|", "\\", "<<<", "{", "}", "curl", "-u", "Cookie: ", ";", ","),
    ]
    for _ in range(2000):
        masked(["".join(luck.choices(pieces, k=luck.randrange(6))) for _ in range(4)])
