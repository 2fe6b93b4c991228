"""The agent as "Many servers, one secret" rolls it out."""

from __future__ import annotations

import re
import time

import pytest

from tests.container import readme
from tests.container.fleet import API, STATE, Server

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]

EVERY_FIVE_SECONDS = """\
[Timer]
OnCalendar=
OnCalendar=*:*:0/5
RandomizedDelaySec=0
"""


def test_the_server_has_enrolled_and_has_a_token_that_is_its_own(server: Server) -> None:
    tokens = server.tokens()
    assert re.search(r"^\d+ +inscripcion .* good, 499 left +roll-out$", tokens, re.MULTILINE)
    identity = server.newest()["id_maquina"]
    assert re.search(rf"^\d+ +ingest +id:{identity} .* good +web-1$", tokens, re.MULTILINE)
    assert "this machine has a token of its own" in server.journal("compliance-agent")
    facts = server.container.run(f"stat -L -c '%a %n' {STATE} {STATE}/token").splitlines()
    assert facts == [f"700 {STATE}", f"600 {STATE}/token"]


def test_it_goes_on_reporting_when_the_secret_is_taken_away(server: Server) -> None:
    server.take_the_secret_away()
    server.container.run("test ! -e /etc/compliance-agent.enrolment")
    assert re.search(r"^\d+ +inscripcion .* good, 0 left", server.tokens(), re.MULTILINE)
    server.report()


def test_its_log_says_what_was_reported(server: Server) -> None:
    """In the words of "Check"."""
    section = readme.section("agent/README.md", "Rolling it out")
    shown = r"reported \d+ processes, \d+ logins\s+to (\S+): 201 Created"
    (documented,) = re.findall(shown, section)
    assert documented == API
    server.report()
    assert re.findall(shown, server.journal("compliance-agent"))[-1] == API


def test_it_reports_the_machine_as_it_is(server: Server) -> None:
    report = server.report()
    release = server.container.run(". /etc/os-release; echo $NAME:$VERSION_ID").strip()
    assert f"{report['nombre_so']}:{report['version_so']}" == release
    assert report["nombre_host"] == "web-1"
    assert report["ipaddress"] == "127.0.0.1"
    seen = {(row["name"], row["username"]) for row in report["procesos"]}
    assert {("systemd", "root"), ("gunicorn", "compliance"), ("nginx", "www-data")} <= seen


def test_the_timer_lets_it_report(server: Server) -> None:
    shown = server.container.run("systemctl cat compliance-agent.timer")
    assert "OnCalendar=*:0/5\n" in shown
    with server.drop_in("compliance-agent.timer", EVERY_FIVE_SECONDS):
        server.container.run("systemctl start compliance-agent.timer")
        waited_for(server, len(server.records()) + 2)
        server.container.run("systemctl stop compliance-agent.timer")
    server.container.wait_until("! systemctl is-active compliance-agent.service | grep '^activ'")


def test_a_killed_agent_loses_no_report(server: Server) -> None:
    before = server.records()
    server.leave_a_report_waiting()
    server.container.run("systemctl start compliance-agent.service")
    assert len(server.records()) == len(before) + 2
    assert server.container.run(f"ls {STATE} | grep -c '.json$' || true").strip() == "0"


def test_an_upgrade_sends_what_the_old_version_left(server: Server) -> None:
    old = server.report()["version_agente"]
    new = server.artifacts.newer_version
    server.leave_a_report_waiting()
    server.replace_agent(server.artifacts.newer)
    server.container.run("systemctl start compliance-agent.service")
    versions = [server.ask(f"/servers/{number}")["version_agente"] for number in server.records()]
    assert versions[-3:] == [old, old, new]
    server.replace_agent(server.artifacts.pyz)
    assert server.report()["version_agente"] == old


def test_the_daemon_reports_and_is_started_again_and_upgraded(server: Server) -> None:
    daemon = "install-unit daemon >compliance-agent.service"
    assert f"`{daemon}`" in readme.section("agent/README.md", "Rolling it out")
    server.container.run(
        "python3 /usr/local/lib/compliance-agent.pyz "
        + daemon.replace("daemon", "daemon --every 3"),
        folder="/etc/systemd/system",
    )
    # Only so that the test does not wait for as long as the unit does.
    with server.drop_in("compliance-agent.service", "[Service]\nRestartSec=1\n"):
        server.container.run("systemctl enable --now compliance-agent")
        first = waited_for(server, len(server.records()) + 2)
        server.container.run("systemctl kill --signal=KILL compliance-agent")
        waited_for(server, len(server.records()) + 2)
        assert server.property("compliance-agent", "NRestarts") == "1"
        server.replace_agent(server.artifacts.newer)
        waited_for(server, len(server.records()) + 1)
        assert server.newest()["version_agente"] == first  # the file may be replaced under it
        server.container.run("systemctl restart compliance-agent")
        version = waited_for(server, len(server.records()) + 2)
        assert version == server.artifacts.newer_version
        server.container.run("systemctl disable --now compliance-agent")
    server.replace_agent(server.artifacts.pyz)
    server.install_units()


def waited_for(server: Server, reports: int) -> str:
    """The version of the agent that sent the newest one, when so many are there."""
    for _ in range(100):
        if len(server.records()) >= reports:
            return str(server.newest()["version_agente"])
        time.sleep(0.2)
    raise AssertionError(server.journal("compliance-agent"))
