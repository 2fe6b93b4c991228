"""The service as "Installation" sets it up: behind nginx, from systemd."""

from __future__ import annotations

import re

import pytest

from tests.container import readme
from tests.container.fleet import API, Server

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]


def test_it_answers_through_nginx_what_the_documentation_says(server: Server) -> None:
    text = readme.section("service/deploy/README.md", "Installation")
    ((path, said),) = re.findall(r"`curl https://…(/\w+)` returns `([^`]+)`", text)
    beginning, more, end = said.partition("…")
    answer = server.container.run(f"curl -sS {API}{path}")
    assert more
    assert answer.startswith(beginning)
    assert answer.endswith(end)


def test_nothing_is_told_without_a_token(server: Server) -> None:
    status = f"curl -sS -o /dev/null -w '%{{http_code}}' {API}"
    assert server.container.run(f"{status}/servers") == "401"
    assert server.container.run(f"{status}/servers -d '{{}}'") == "401"


def test_it_runs_under_its_own_account_and_its_data_is_nobody_elses(server: Server) -> None:
    pid = server.property("compliance-api", "MainPID")
    assert server.container.run(f"stat -c %U /proc/{pid}").strip() == "compliance"
    facts = server.container.run("stat -c '%a %U:%G' /var/lib/compliance").strip()
    assert facts == "700 compliance:compliance"


def test_a_restart_keeps_all_records(server: Server) -> None:
    before, pid = server.records(), server.property("compliance-api", "MainPID")
    server.container.run("systemctl restart compliance-api")
    assert server.property("compliance-api", "MainPID") != pid
    assert server.records() == before
    server.report()


def test_a_killed_service_starts_again_by_itself_and_keeps_all_records(server: Server) -> None:
    before, pid = server.records(), server.property("compliance-api", "MainPID")
    server.container.run(f"kill -9 {pid}")
    server.container.wait_until(f"curl -s --fail {API}/readyz")
    assert server.property("compliance-api", "MainPID") not in {pid, "0"}
    assert server.property("compliance-api", "NRestarts") == "1"
    assert server.records() == before
    server.report()


def test_a_reboot_brings_both_units_back(server: Server) -> None:
    before = server.records()
    server.container.reboot()
    assert server.container.run("systemctl is-system-running --wait").strip() == "running"
    units = "compliance-api nginx compliance-agent.timer"
    assert server.container.run(f"systemctl is-active {units}").split() == ["active"] * 3
    server.container.run("systemctl stop compliance-agent.timer")
    assert server.records() == before
    server.report()


def test_the_database_and_the_archive_agree_beside_the_running_service(server: Server) -> None:
    server.report()
    server.command("python -m service check")
