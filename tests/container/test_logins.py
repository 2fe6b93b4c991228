"""Who is logged in, as the agent's own unit reports it: by real sessions of PAM and logind."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.container.fleet import Server

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]

# tail keeps stdin open, for as long as the unit is not stopped.
AT_A_TERMINAL = "tail -f /dev/null | script -qec 'exec login -f ana' /dev/null"
BY_SSH = "tail -f /dev/null | ssh -i /root/.ssh/id_ed25519 ana@web-1 cat"

# Run by root, whom D-Bus lets ask.
BOTH = """
from agent.collectors import libsystemd, logind
print(libsystemd.read_sessions())
print(logind.read_sessions())
"""


def sessions_of_ana(server: Server) -> list[dict[str, str]]:
    """What logind says of each; systemd counts the manager of her services among them."""
    shown = server.container.run("""
        for id in $(loginctl list-sessions --no-legend | awk '$3 == "ana" { print $1 }'); do
            loginctl show-session "$id" && echo
        done
    """)
    found = [dict(line.split("=", 1) for line in one.splitlines()) for one in shown.split("\n\n")]
    return [session for session in found if session.get("Class") == "user"]


@contextmanager
def ana_logged_in(server: Server, script: str) -> Iterator[dict[str, str]]:
    """What logind says of her session."""
    server.container.start_unit("her-session", script)
    try:
        while not (sessions := sessions_of_ana(server)):
            time.sleep(0.2)
        yield sessions[0]
    finally:
        server.container.run("systemctl stop her-session")
        while sessions_of_ana(server):
            time.sleep(0.2)


def logins(server: Server) -> tuple[str, list[Any]]:
    """The source, and the logins that it knows."""
    report = server.report()
    return report["fuente_usuarios"], report["usuarios_activos"]


def test_nobody_is_logged_in(server: Server) -> None:
    assert logins(server) == ("logind", [])


def test_a_login_at_a_terminal_is_reported_until_it_ends(server: Server) -> None:
    with ana_logged_in(server, AT_A_TERMINAL) as session:
        source, [login] = logins(server)
        assert (source, login["name"]) == ("logind", "ana")
        assert login["pid"] == int(session["Leader"])
        assert login["terminal"] == session["TTY"].removeprefix("/dev/")
        assert login["terminal"].startswith("pts/")
        since = server.container.run(f"date -u +'%F %T.000000' -d '{session['Timestamp']}'").strip()
        assert login["desde"] == since
    assert logins(server) == ("logind", [])


def test_a_login_by_ssh_is_reported_with_where_it_comes_from(server: Server) -> None:
    with ana_logged_in(server, BY_SSH) as session:
        source, [login] = logins(server)
        assert (source, login["name"], login["origen"]) == ("logind", "ana", "127.0.0.1")
        assert login["pid"] == int(session["Leader"])


def test_libsystemd_and_loginctl_know_the_same_sessions(server: Server) -> None:
    with ana_logged_in(server, AT_A_TERMINAL):
        printed = server.container.run(f"python3 -c {shlex.quote(BOTH)}", folder="/srv/checkout")
        by_libsystemd, by_loginctl = printed.splitlines()
        assert by_libsystemd == by_loginctl
        assert "'ana'" in by_loginctl


def test_logins_are_unknown_when_nothing_can_be_read(server: Server) -> None:
    hidden = "[Service]\nInaccessiblePaths=/run/systemd/seats -/run/utmp\n"
    with server.drop_in("compliance-agent.service", hidden):
        assert logins(server) == ("desconocida", [])
    assert "cannot tell who is logged in: sd_get_seats: " in server.journal("compliance-agent")
