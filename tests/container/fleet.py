"""A fleet of one server, web-1, which serves the API as well: installed as the READMEs say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.agent import one_file
from tests.agent.certificates import Authority
from tests.container import readme, roots
from tests.container.container import Container
from tests.support.live import PROJECT

SERVER = "web-1"
API = "https://api.example"  # as agent/README.md calls it
SERVICE_FOLDER = "/opt/compliance"
STATE = "/var/lib/compliance-agent"
_INSTALLATION = ("service/deploy/README.md", "Installation")
_MANY = ("agent/README.md", "Many servers, one secret")
_ONE = ("agent/README.md", "Rolling it out")

# Who follows the READMEs answers apt with yes, and writes with an editor what the step says.
_APT = 'APT::Get::Assume-Yes "true";\n'
_PIP = "[global]\nno-index = true\nfind-links = /srv/wheels\n"
_EDITOR = """\
#!/bin/sh
exec sed -i -e 's/compliance\\.example\\.org/api.example/' \\
    -e 's:/etc/ssl/compliance/fullchain\\.pem:/etc/ssl/private/api.pem:' \\
    -e 's:/etc/ssl/compliance/key\\.pem:/etc/ssl/private/api.pem:' "$1"
"""


class Artifacts:
    """What is brought to the servers: the checkout, and two versions of the agent's one file."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.pyz = folder / "compliance-agent.pyz"
        self.newer = folder / "newer.pyz"
        self.newer_version = "99.0"
        self.authority = Authority(folder / "authority")
        self.certificate = self.authority.issue("api", "DNS:api.example")
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True)
        for name in filter(None, names.stdout.split("\0")):
            source, copy = PROJECT / name, self.checkout / name
            if source.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, copy)
        one_file.build(self.pyz)
        self._build_newer()

    def _build_newer(self) -> None:
        """The same, but for its version."""
        sources = self.checkout.with_name("newer")
        shutil.copytree(self.checkout / "agent", sources / "agent")
        about = sources / "agent" / "__init__.py"
        text, count = re.subn(
            r'(?m)^__version__ = ".*"$',
            f'__version__ = "{self.newer_version}"',
            about.read_text(encoding="utf-8"),
        )
        assert count == 1
        about.write_text(text, encoding="utf-8")
        one_file.build(self.newer, "--sources-only", cwd=sources)


class Server:
    """web-1, on a Debian of this release; nothing of ours is installed yet."""

    def __init__(self, root: Path, artifacts: Artifacts) -> None:
        self.artifacts = artifacts
        self._admin = ""
        self.container = Container(
            root, SERVER, {"/srv/wheels": roots.wheels(root), "/srv/checkout": artifacts.checkout}
        )

    def start(self) -> Self:
        """Boots it, and prepares what a company has: names, certificates, an account, ssh."""
        self.container.start()
        self._write("/etc/hosts", f"127.0.0.1 localhost {SERVER} api.example\n::1 localhost\n")
        self._write("/etc/apt/apt.conf.d/yes", _APT)
        self._write("/etc/pip.conf", _PIP)
        self._write("/usr/local/bin/editor", _EDITOR, 0o755)
        self._copy(self.artifacts.authority.cert, "/usr/local/share/ca-certificates/ours.crt")
        self._copy(self.artifacts.certificate, "/etc/ssl/private/api.pem")
        self.container.run("""
            update-ca-certificates >/dev/null
            useradd --create-home --shell /bin/bash ana
            ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519
            ssh-keyscan -t ed25519 web-1 >/root/.ssh/known_hosts 2>/dev/null
            cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
            install -D -o ana -m 600 /root/.ssh/id_ed25519.pub /home/ana/.ssh/authorized_keys
            chown ana /home/ana/.ssh
        """)
        return self

    def install_service(self) -> None:
        """The four steps of "Installation"."""
        code, first_token, settings, nginx = readme.blocks(*_INSTALLATION)[:4]
        self.container.run(code, folder="/srv/checkout")
        self._admin = self.container.run(first_token, folder=SERVICE_FOLDER).strip()
        self.container.run(settings, folder=SERVICE_FOLDER)
        self.container.run(nginx, folder=SERVICE_FOLDER)

    def install_agent(self) -> None:
        """ "Rolling it out", on one server by hand."""
        self._copy(self.artifacts.pyz, "/root/compliance-agent.pyz")
        self.container.run(readme.block(*_ONE, "install -m 0755"))
        self.install_units()

    def install_units(self) -> None:
        self.container.run(readme.block(*_ONE, "systemctl enable"))

    def remove_agent(self) -> None:
        self.container.run(readme.block(*_ONE, "systemctl disable"))

    def roll_out(self) -> None:
        """ "Many servers, one secret": by ssh, to all one of them."""
        folder = self.container.path("/root/roll-out")
        folder.mkdir()
        (folder / "servers").write_text(f"{SERVER}\n", encoding="utf-8")
        self._copy(self.artifacts.pyz, "/root/roll-out/compliance-agent.pyz")
        for step in ("token create", "scp"):
            self.command(readme.block(*_MANY, step))

    def take_the_secret_away(self) -> None:
        """The third step, which closes the number that the list shows."""
        step = readme.block(*_MANY, "token close")
        (number,) = re.findall(r"^ *(\d+) .*roll-out", self.tokens(), re.MULTILINE)
        assert step.count("close 1\n") == 1
        self.command(step.replace("close 1\n", f"close {number}\n"))

    def tokens(self) -> str:
        return self.command("python -m service token list")

    def command(self, script: str) -> str:
        """Runs commands of the service "in the same way" as the one that makes the first token."""
        shown = readme.block(*_INSTALLATION, "token create")
        found = re.search(r"^(runuser .*/python) -m service", shown, re.MULTILINE)
        assert found
        as_account = f'python() {{ (cd {SERVICE_FOLDER} && {found[1]} "$@"); }}\n'
        return self.container.run(as_account + script, folder="/root/roll-out")

    def ask(self, path: str) -> Any:
        """What the API answers through nginx."""
        return json.loads(
            self.container.run(
                f"curl -sS --fail-with-body -H 'Authorization: Bearer {self._admin}' '{API}{path}'"
            )
        )

    def records(self) -> list[int]:
        """The numbers of all records, oldest first."""
        newest = self.ask("/servers")["servers"]
        if not newest:
            return []
        history = self.ask(f"/servers/{newest[0]['id_serv']}/historial?limit=1000")
        return [row["id_serv"] for row in reversed(history["historial"])]

    def newest(self) -> Any:
        """The newest record, whole."""
        return self.ask(f"/servers/{self.records()[-1]}")

    def report(self) -> Any:
        """Lets the agent's unit run once; the record that it made."""
        before = self.records()
        # Tests start the unit more often than systemd lets it (StartLimitBurst=).
        self.container.run("systemctl reset-failed compliance-agent.service || true")
        self.container.run("systemctl start compliance-agent.service")
        after = self.records()
        assert after[:-1] == before, self.journal("compliance-agent")
        return self.newest()

    def leave_a_report_waiting(self) -> None:
        """The API is away, and the agent is killed while it waits for it."""
        self.container.run("systemctl stop compliance-api")
        self.container.run("systemctl start --no-block compliance-agent.service")
        self.container.wait_until(f"ls {STATE}/*-*.json")
        self.container.run("systemctl kill --signal=KILL compliance-agent.service")
        self.container.wait_until("systemctl is-failed --quiet compliance-agent.service")
        self.container.run("systemctl reset-failed compliance-agent.service")
        self.container.run("systemctl start compliance-api")

    def replace_agent(self, pyz: Path) -> None:
        """As "Upgrade" says: with mv, from the same file system."""
        self._copy(pyz, "/usr/local/lib/new.pyz")
        self.container.run("mv /usr/local/lib/new.pyz /usr/local/lib/compliance-agent.pyz")

    @contextmanager
    def drop_in(self, unit: str, text: str) -> Iterator[None]:
        """Settings of a unit, for a while."""
        folder = f"/etc/systemd/system/{unit}.d"
        self.container.run(f"mkdir {folder}")
        self._write(f"{folder}/test.conf", text)
        self.container.run("systemctl daemon-reload")
        try:
            yield
        finally:
            self.container.run(f"rm -r {folder} && systemctl daemon-reload")

    def property(self, unit: str, name: str) -> str:
        return self.container.run(f"systemctl show --value -p {name} {unit}").strip()

    def journal(self, unit: str) -> str:
        return self.container.run(f"journalctl -u {unit} -o cat --no-pager")

    def _write(self, inside: str, text: str, mode: int = 0o644) -> None:
        path = self.container.path(inside)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def _copy(self, source: Path, inside: str) -> None:
        shutil.copy(source, self.container.path(inside))
