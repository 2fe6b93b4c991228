from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.collectors import libsystemd, logind, logins
from agent.collectors.logind import Session, Unusable, parse_ids, parse_moment, parse_properties
from agent.machine import Machine
from tests.agent.collectors import sessions

# A loginctl that prints what the test says, and writes down how it was called.
LOGINCTL = """\
#!/bin/sh
echo "$TZ $LC_ALL $*" >>"$FOLDER/calls"
case "$2" in
list-sessions) cat "$FOLDER/listed"; exit "$(cat "$FOLDER/listed.code" 2>/dev/null || echo 0)" ;;
show-session) n=$(grep -c show-session "$FOLDER/calls"); cat "$FOLDER/shown.$n"
    exit "$(cat "$FOLDER/shown.$n.code" 2>/dev/null || echo 0)" ;;
esac
"""


class Loginctl:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def says(self, file: str, text: str, code: int = 0) -> None:
        (self._folder / file).write_text(text, "utf-8")
        (self._folder / f"{file}.code").write_text(str(code), "utf-8")

    @property
    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text("utf-8").splitlines()


@pytest.fixture
def loginctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loginctl:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "loginctl").write_text(LOGINCTL, "utf-8")
    (folder / "loginctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setattr(libsystemd, "_LIBRARIES", ("libmissing.so.0",))  # loginctl is left
    monkeypatch.setattr(logind, "_RUNNING", str(tmp_path))  # this machine is run by systemd
    return Loginctl(tmp_path)


def of(shown: str) -> list[Session]:
    found = map(logind.as_session, parse_properties(shown))
    return [session for session in found if session is not None]


@pytest.mark.parametrize("version", sessions.LISTS)
def test_sessions_are_the_first_words_of_the_list(version: str) -> None:
    listed, ids = sessions.LISTS[version]
    assert parse_ids(listed) == ids


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        (sessions.CENTOS_7, [Session(3294, "vagrant", "", "10.0.2.2", None)]),
        (sessions.LIVE_SYSTEM_2015, [Session(1971, "liveuser", "", "", None)]),
        (sessions.UBUNTU_18_04, [Session(2815, "domain", "", "87.71.133.205", 1581359270)]),
        (
            sessions.DESKTOP_2022,
            [
                Session(2792, "lab", "tty2", "", 1654235254),
                Session(334149, "lab", "", "10.210.49.4", 1655441525),
            ],
        ),
        (sessions.ARCH_257, [Session(61261, "meriel", "pts/1", "...", 1743501766)]),
        (
            sessions.UBUNTU_26_04,
            [
                Session(3744, "paddock", "", "", 1777881660),
                Session(4100, "dave@acme.test", "tty2", "", 1777881720),
            ],
        ),
        ("", []),
        ("\n\n", []),
        ("Class=user\n", []),
    ],
)
def test_logins_of_every_version_are_read(shown: str, found: list[Session]) -> None:
    assert of(shown) == found


@pytest.mark.parametrize(
    ("of_class", "is_login"),
    [
        *[(name, True) for name in ("user", "user-early", "user-light", "user-early-light")],
        ("user-incomplete", True),
        *[(name, False) for name in ("greeter", "lock-screen", "background", "background-light")],
        *[(name, False) for name in ("manager", "manager-early", "none")],
    ],
)
def test_only_classes_of_people_are_logins(of_class: str, is_login: bool) -> None:
    assert bool(of(f"Id=1\nName=ana\nClass={of_class}\nState=active\n")) == is_login


def test_a_leader_of_zero_is_unknown_and_a_terminal_has_no_folder() -> None:
    assert of("Id=1\nName=ana\nLeader=0\nTTY=/dev/pts/3\nClass=user\n") == [
        Session(None, "ana", "pts/3", "", None)
    ]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Mon 2020-02-10 18:27:50 UTC", 1581359270),
        ("lun 2020-02-10 18:27:50 UTC", 1581359270),
        ("Mon 2020-02-10 18:27:50.123456 UTC", 1581359270),
        ("Mon 2020-02-10 18:27:50 CST", None),  # which of the four?
        ("Mon 2020-02-30 18:27:50 UTC", None),
        ("n/a", None),
        ("", None),
    ],
)
def test_a_moment_is_read_in_utc_only(text: str, moment: int | None) -> None:
    assert parse_moment(text) == moment


def test_all_sessions_are_asked_for_at_once_in_utc(loginctl: Loginctl) -> None:
    loginctl.says("listed", sessions.LISTS["259"][0])
    loginctl.says("shown.1", sessions.UBUNTU_26_04)
    found = logins.collect(Machine())
    assert found.source == "logind"
    assert [(login.pid, login.user) for login in found.logins] == [
        (3744, "paddock"),
        (4100, "dave@acme.test"),
    ]
    listed, shown = loginctl.calls
    assert listed == "UTC C --no-pager list-sessions --no-legend"
    assert shown.startswith("UTC C --no-pager show-session 1 4 7 c1 -p Id -p Name -p Leader -p TTY")


def test_nobody_is_logged_in(loginctl: Loginctl) -> None:
    loginctl.says("listed", "")
    assert logins.collect(Machine()) == ("logind", [])
    assert len(loginctl.calls) == 1


def test_a_session_that_ends_meanwhile_is_left_out_and_the_others_are_not(
    loginctl: Loginctl,
) -> None:
    one, two, three, four = sessions.UBUNTU_26_04.split("\n\n")
    loginctl.says("listed", sessions.LISTS["259"][0])
    loginctl.says("shown.1", one, code=1)  # and 4 has ended
    loginctl.says("shown.2", three, code=1)  # and c1 has ended
    found = logind.read_sessions()
    assert [session.user for session in found] == ["dave@acme.test"]
    assert loginctl.calls[2].split(" -p")[0].endswith("show-session 7 c1")
    assert two
    assert four


def test_versions_that_answer_the_first_session_again_and_again_are_not_believed(
    loginctl: Loginctl,
) -> None:
    loginctl.says("listed", "".join(f"  {n} 1000 u\n" for n in sessions.UBUNTU_17_04_IDS))
    loginctl.says("shown.1", sessions.UBUNTU_17_04)
    with pytest.raises(Unusable, match="other sessions"):
        logind.read_sessions()


def test_sessions_that_end_faster_than_they_are_shown_are_given_up(loginctl: Loginctl) -> None:
    loginctl.says("listed", "".join(f"  {n} 1000 u\n" for n in range(99)))
    for number in range(1, 50):
        loginctl.says(f"shown.{number}", "", code=1)
    with pytest.raises(Unusable, match="faster"):
        logind.read_sessions()


def test_what_fails_or_is_missing_leaves_the_logins_to_utmp(
    loginctl: Loginctl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = []

    def utmp(_machine: Machine) -> list[logins.Login]:
        asked.append("utmp")
        return []

    monkeypatch.setattr(logins, "_utmp_logins", utmp)
    loginctl.says("listed", "", code=1)
    assert logins.collect(Machine()).source == "utmp"
    (tmp_path / "bin" / "loginctl").write_text("#!/bin/sh\nexec sleep 600\n", "utf-8")
    monkeypatch.setattr(logind, "COMMAND_SECONDS", 0.2)
    assert logins.collect(Machine()).source == "utmp"
    monkeypatch.setenv("PATH", "/missing")
    assert logins.collect(Machine()).source == "utmp"
    assert asked == ["utmp"] * 3
    told = [record.getMessage().split("; ")[-1] for record in caplog.records]
    assert told == [
        "loginctl: exit code 1",
        "loginctl gave no answer within 0.2 s",
        "loginctl is not installed",
    ]


def test_elogind_is_asked_without_systemd(
    loginctl: Loginctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logind, "_RUNNING", "/missing")
    loginctl.says("listed", " 1 1000 foo seat0 tty7\n")
    loginctl.says("shown.1", "Id=1\nName=foo\nLeader=900\nTTY=tty7\nClass=user\nState=active\n")
    assert logins.collect(Machine()) == ("logind", [logins.Login(900, "foo", "tty7", "", None)])


def test_a_system_without_any_login_manager_is_no_fault(
    loginctl: Loginctl, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logind, "_RUNNING", "/missing")
    monkeypatch.setattr(logins, "_utmp_logins", lambda _machine: [])
    loginctl.says("listed", "", code=1)
    assert logins.collect(Machine()) == ("utmp", [])
    assert caplog.messages == []


def test_logins_are_unknown_when_nothing_can_be_asked(
    loginctl: Loginctl, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logind, "_RUNNING", "/missing")
    monkeypatch.setattr(logins, "_utmp_logins", lambda _machine: None)
    loginctl.says("listed", "", code=1)
    assert logins.collect(Machine()) == ("desconocida", [])
    (said,) = caplog.messages
    assert said.startswith("cannot tell who is logged in: libmissing.so.0")
    assert said.endswith("; loginctl: exit code 1; there is no utmp file")
