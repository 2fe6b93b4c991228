"""Who is logged in, as the agent's own unit reports it: by real sessions of PAM and logind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.container.fleet import Server

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]

AT_A_TERMINAL = "tail -f /dev/null | script -qec 'login -f ana' /dev/null"
BY_SSH = "ssh -i /root/.ssh/id_ed25519 ana@web-1 sleep 1000"


@contextmanager
def ana_logged_in(server: Server, script: str) -> Iterator[dict[str, str]]:
    """What logind says of her session."""
    server.container.start_unit("her-session", script)
    try:
        listed = "loginctl list-sessions --no-legend | grep ' ana '"
        server.container.wait_until(f'[ -n "$({listed})" ]')
        shown = server.container.run(f"loginctl show-session $({listed} | awk '{{ print $1 }}')")
        yield dict(line.split("=", 1) for line in shown.splitlines())
    finally:
        server.container.run("systemctl stop her-session")
        server.container.wait_until("! loginctl list-sessions | grep ' ana '")


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
        since = server.container.run(f"date -u +'%F %T' -d '{session['Timestamp']}'").strip()
        assert login["desde"] == since
    assert logins(server) == ("logind", [])


def test_a_login_by_ssh_is_reported_with_where_it_comes_from(server: Server) -> None:
    with ana_logged_in(server, BY_SSH) as session:
        source, [login] = logins(server)
        assert (source, login["name"], login["origen"]) == ("logind", "ana", "127.0.0.1")
        assert login["pid"] == int(session["Leader"])


def test_the_unit_reports_what_root_sees(server: Server) -> None:
    """loginctl answers root, who is no DynamicUser."""
    with ana_logged_in(server, AT_A_TERMINAL):
        reported = server.report()["usuarios_activos"]
        printed = server.container.run("python3 /usr/local/lib/compliance-agent.pyz --print")
        assert reported == json.loads(printed)["usuarios_activos"] != []
