"""The agent is installed and removed by the lines of "Rolling it out"."""

from __future__ import annotations

import pytest

from tests.container.fleet import STATE, Server

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]

# All but what the system writes by itself. /var/lib/private and its kin are systemd's own.
LISTED = r"""
    find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp \
        -o -path /var/log -o -path /srv -o -path /root/compliance-agent.pyz \) -prune -o -print
"""


def listed(server: Server) -> set[str]:
    return set(server.container.run(LISTED).splitlines())


def test_the_removal_leaves_nothing(bare_server: Server) -> None:
    run = bare_server.container.run
    before = listed(bare_server)
    bare_server.install_agent()
    run("printf secret >/etc/compliance-agent.enrolment; chmod 600 /etc/compliance-agent.enrolment")
    run("systemctl start --no-block compliance-agent.service")  # its report waits: no API is here
    bare_server.container.wait_until(f"ls {STATE}/*-*.json")
    assert len(listed(bare_server) - before) > 8
    bare_server.remove_agent()
    left = listed(bare_server)
    assert left - before <= {"/var/cache/private", "/var/lib/private"}
    assert before <= left
    assert run("systemctl list-units --all --no-legend 'compliance*'") == ""
    assert run("systemctl list-unit-files --no-legend 'compliance*' || true") == ""
    assert run("ps -eo args | grep -c '[c]ompliance-agent' || true").strip() == "0"
