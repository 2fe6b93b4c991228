"""The real library, on files like those that systemd-logind writes, mounted over /run/systemd."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.collectors import libsystemd
from agent.collectors.logind import Session, Unusable
from tests.agent.one_file import missing, run_mounted
from tests.support.live import PROJECT

READ = """
from agent.collectors import libsystemd, logind
try:
    print(libsystemd.read_sessions())
except logind.Unusable as error:
    print("unusable:", error)
"""

# As systemd 252 wrote it for a login by ssh.
BY_SSH = """\
# This is private data. Do not parse.
UID=0
USER=root
ACTIVE=1
IS_DISPLAY=1
STATE=active
REMOTE=1
STOPPING=0
TYPE=tty
ORIGINAL_TYPE=tty
CLASS=user
SCOPE=session-2.scope
FIFO=/run/systemd/sessions/2.ref
REMOTE_HOST=10.0.0.9
SERVICE=sshd
LEADER=1075
AUDIT=2
REALTIME=1700000100123456
MONOTONIC=31415926
"""
AT_A_TERMINAL = """\
UID=0
USER=root
STATE=online
REMOTE=0
TYPE=tty
CLASS=user
TTY=/dev/pts/3
LEADER=2001
REALTIME=1700000200000000
"""


@pytest.fixture
def run_systemd(tmp_path: Path) -> Path:
    """The folder that stands at /run/systemd; a login manager has started, nobody is logged in."""
    try:
        libsystemd.Library()
    except Unusable as error:
        missing(str(error))
    for name in ("seats", "sessions", "users"):
        (tmp_path / name).mkdir()
    (tmp_path / "seats" / "seat0").write_text("IS_SEAT0=1\nCAN_GRAPHICAL=0\n", "utf-8")
    return tmp_path


def read(run_systemd: Path) -> str:
    mount = f"mkdir -p /run/systemd && mount --bind '{run_systemd}' /run/systemd"
    done = run_mounted(mount, sys.executable, "-W", "error", "-c", READ, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    return str(done.stdout.strip())


def test_sessions_of_users_are_read(run_systemd: Path) -> None:
    (run_systemd / "sessions" / "2").write_text(BY_SSH, "utf-8")
    (run_systemd / "sessions" / "c7").write_text(AT_A_TERMINAL, "utf-8")
    found = [
        Session(1075, "root", "", "10.0.0.9", 1700000100),
        Session(2001, "root", "pts/3", "", 1700000200),
    ]
    assert read(run_systemd) in {repr(found), repr(found[::-1])}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CLASS=user\n", "CLASS=manager\n"),
        ("CLASS=user\n", "CLASS=greeter\n"),
        ("CLASS=user\n", "CLASS=background\n"),
        ("STATE=online\n", "STATE=closing\n"),
    ],
)
def test_other_sessions_are_not_logins(run_systemd: Path, old: str, new: str) -> None:
    assert old in AT_A_TERMINAL
    (run_systemd / "sessions" / "1").write_text(AT_A_TERMINAL.replace(old, new), "utf-8")
    assert read(run_systemd) == "[]"


def test_nobody_is_logged_in(run_systemd: Path) -> None:
    assert read(run_systemd) == "[]"


def test_no_sessions_are_not_nobody_before_a_login_manager_has_started(run_systemd: Path) -> None:
    """systemd-tmpfiles creates the folders in containers, too."""
    (run_systemd / "seats" / "seat0").unlink()
    assert read(run_systemd) == "unusable: no login manager has started"
    for name in ("seats", "sessions", "users"):
        (run_systemd / name).rmdir()
    assert read(run_systemd) == "unusable: no login manager has started"


@pytest.mark.parametrize(
    ("file", "session"),
    [
        ("CLASS=user\n", None),
        ("CLASS=user\nUSER=ana\n", Session(None, "ana", "", "", None)),
        ("CLASS=user\nUSER=ana\nLEADER=0\nREALTIME=x\n", Session(None, "ana", "", "", None)),
    ],
)
def test_facts_may_be_missing(run_systemd: Path, file: str, session: Session | None) -> None:
    (run_systemd / "sessions" / "1").write_text(file + "STATE=active\n", "utf-8")
    assert read(run_systemd) == repr([session] if session else [])


def test_a_python_without_ctypes_is_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)
    with pytest.raises(Unusable, match="this Python has no ctypes"):
        libsystemd.read_sessions()


def test_a_system_without_either_library_is_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libsystemd, "_LIBRARIES", ("libmissing.so.0", "libnone.so.0"))
    with pytest.raises(Unusable, match=r"libmissing\.so\.0.*; libnone\.so\.0"):
        libsystemd.read_sessions()


def test_a_library_without_the_functions_is_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libsystemd, "_LIBRARIES", ("libm.so.6",))
    with pytest.raises(Unusable, match="sd_get_seats"):
        libsystemd.read_sessions()


def test_ctypes_is_imported_only_to_read_logins() -> None:
    look = "import sys, agent.report; print('ctypes' in sys.modules)"
    done = run_mounted("true", sys.executable, "-c", look, cwd=PROJECT)
    assert done.stdout == "False\n", done.stderr
