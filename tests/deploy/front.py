"""The shipped configuration in a real nginx(8), before a real service."""

from __future__ import annotations

import grp
import http.client
import json
import os
import pwd
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import pytest

from tests.support.live import PROJECT, Answer, LiveService, free_port

SITE = PROJECT / "service" / "deploy" / "nginx.conf"
NAME = "compliance.example.org"

# The part of Debian's /etc/nginx/nginx.conf around a site, with other folders.
_AROUND = """\
user {user} {group};
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;
    access_log {folder}/access.log;
    gzip on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def replaced(text: str, changes: dict[str, str]) -> str:
    """The text with these changes, each of which must have exactly one place."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


class GuardedService(LiveService):
    """A service that requires a token; each request shows one."""

    token = ""

    def make_token(self, scope: str, **options: str) -> str:
        command = [sys.executable, "-m", "service", "token", "create", "--scope", scope]
        command += [f"--{name}={value}" for name, value in options.items()]
        environ = os.environ | {"COMPLIANCE_DATA": str(self.data)}
        done = subprocess.run(
            command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 15,
    ) -> Answer:
        shown = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return super().request(method, path, body, shown | dict(headers or {}), timeout)

    @property
    def audited(self) -> list[dict[str, object]]:
        """The audit entries of uses of the admin scope."""
        path = self.data / "audit.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if "admin scope used" in line]


class TlsService(GuardedService):
    """A service whose clients speak TLS; the service or nginx terminates it."""

    trusted: Path

    def connection(self, timeout: float) -> http.client.HTTPConnection:
        context = ssl.create_default_context(cafile=str(self.trusted))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=context)


class Front(TlsService):
    """nginx with the shipped site, before a service that listens elsewhere."""

    def __init__(
        self, folder: Path, behind: GuardedService, certificate: Path, trusted: Path
    ) -> None:
        super().__init__(behind.data)
        self.trusted = trusted
        self.token = behind.token
        self.url = f"https://127.0.0.1:{self.port}"
        self.plain_port = free_port()
        self._folder = folder
        self.behind = behind
        self._certificate = certificate

    @property
    def log(self) -> str:
        return (self._folder / "error.log").read_text(encoding="utf-8", errors="replace")

    @property
    def access_log(self) -> str:
        return (self._folder / "access.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> Self:
        program = nginx()
        changes = {
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{self.behind.port};",
            "listen 80 default_server;": f"listen 127.0.0.1:{self.plain_port} default_server;",
            "listen [::]:80 default_server;": "",
            "listen 443 ssl default_server;": f"listen 127.0.0.1:{self.port} ssl default_server;",
            "listen [::]:443 ssl default_server;": "",
            "/etc/ssl/compliance/fullchain.pem": str(self._certificate),
            "/etc/ssl/compliance/key.pem": str(self._certificate),
        }
        self._folder.mkdir()
        site = replaced(SITE.read_text(encoding="utf-8"), changes)
        (self._folder / "site.conf").write_text(site, encoding="utf-8")
        around = _AROUND.format(
            folder=self._folder,
            user=pwd.getpwuid(os.getuid()).pw_name,
            group=grp.getgrgid(os.getgid()).gr_name,
        )
        configuration = self._folder / "nginx.conf"
        configuration.write_text(around, encoding="utf-8")
        command = [program, "-p", str(self._folder), "-e", str(self._folder / "error.log")]
        command += ["-c", str(configuration)]
        subprocess.run([*command, "-t", "-q"], check=True)
        warnings = [line for line in self.log.splitlines() if '"user" directive' not in line]
        assert not warnings, warnings
        self._process = subprocess.Popen(
            [*command, "-g", "daemon off;"], stdin=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.request("GET", "/readyz")
            except OSError:
                time.sleep(0.02)
            else:
                return self
        raise AssertionError(f"nginx did not start:\n{self.log}")

    def request_plainly(self, method: str, path: str) -> Answer:
        """Sends the request by HTTP, to the port that redirects."""
        connection = http.client.HTTPConnection("127.0.0.1", self.plain_port, timeout=5)
        connection.request(method, path, b"{}" if method == "POST" else None)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, names, response.read())
        connection.close()
        return answer


def nginx() -> str:
    """The program. Where there is none: skipped, failed in CI."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx is not installed")
        pytest.skip("nginx is not installed")
    return program
