from __future__ import annotations

import os
import re

import pytest

import agent
from agent import __main__ as command
from agent.cli import exit_codes
from tests.agent.command import run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--api URL is required, or --print"),
        (["--api", "api.example"], "expected http"),
        (["--api", "ftp://api.example"], "expected http"),
        (["--api", "http://"], "expected http"),
        (["--api", "http://host:0"], "expected http"),
        (["--api", "http://host:99999"], "Port out of range"),
        (["--api", "http://host:port"], "Port could not be cast"),
        (["--api", "http://[::1"], "Invalid IPv6 URL"),
        (["--api", f"http://{'x' * 64}.example"], "label"),
        (["--api", "http://user:secret@host"], "without a user"),
        (["--api", "http://host", "--esquema", "3"], "argument --esquema: '3': expected 1 or 2"),
        (["--api", "http://host", "--token", "secret"], "unrecognized arguments: --token"),
        (["--api", "http://host", "--key", "/etc/passwd"], "--key requires --cert"),
        (["--api", "http://host/?a=b"], "or a query"),
        (["--api", "http://host", "--every", "0"], "seconds from 1"),
        (["--api", "http://host", "--every", "0.5"], "seconds from 1"),
        (["--api", "http://host", "--every", "-5"], "seconds from 1"),
        (["--api", "http://host", "--every", "nan"], "seconds from 1"),
        (["--api", "http://host", "--every", "inf"], "seconds from 1"),
        (["--api", "http://host", "--every", "often"], "seconds from 1"),
        (["--api", "http://host", "--every", "5", "--once"], "not allowed with"),
        (["--print", "--procfs", "/missing"], "'/missing': no such folder"),
        (["--print", "--rootfs", "/etc/passwd"], "'/etc/passwd': no such folder"),
        (["--prin"], "unrecognized arguments: --prin"),
        (["--print", "more"], "unrecognized arguments: more"),
    ],
)
def test_invalid_argument_prints_one_line_and_exits_with_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("python -m agent: error: ")
    assert message in err


def test_help_lists_every_option_and_exit_code() -> None:
    done = run("--help", env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "100"})
    assert done.returncode == 0
    options = ("--api", "--once", "--every", "--print", "--procfs", "--rootfs", "--version")
    for word in (*options, "exit codes", "stderr"):
        assert word in done.stdout
    codes = [
        code for name, code in vars(exit_codes).items() if name.isupper() and type(code) is int
    ]
    for code in {*codes, 143} - {exit_codes.SIGNAL_BASE}:
        assert re.search(rf"\b{code}  ", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"compliance-agent {agent.__version__}\n"
