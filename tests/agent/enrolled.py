"""Servers for the tests of enrolment, each with an identity and a state folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.collectors.identity import app_specific_id
from agent.report import Identity
from agent.state.spool import Spool
from agent.state.token_file import IssuedToken, TokenFile
from agent.transport.credentials import Credentials
from agent.transport.delivery import Delivery
from agent.transport.enrolment import Enrolment
from agent.transport.http_client import ApiClient
from tests.agent.apis import Reply
from tests.agent.trees import write_file, write_process
from tests.support.live import PROJECT, LiveService
from tests.support.tokens import token

ID = "0" * 31 + "1"
DAY = 86400.0


class Server:
    """A server with one process and the state folder of its agent."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.state = folder / "state"
        self.secret = folder / "secret"
        self.raw_id = uuid.uuid4().hex
        self.id_maquina = app_specific_id(self.raw_id)
        write_process(self.root / "proc", 1, "init")
        write_file(self.root, "/proc/stat", "btime 1795403120\n")
        write_file(self.root, "/run/utmp", b"")
        write_file(self.root, "/etc/os-release", "NAME=Void\nVERSION_ID=1\n")
        write_file(self.root, "/etc/hostname", f"{folder.name}.example\n")
        self.set_id()

    @property
    def token_file(self) -> Path:
        return self.state / "token"

    @property
    def kept(self) -> Any:
        return json.loads(self.token_file.read_bytes())

    @property
    def token(self) -> str:
        return str(self.kept["token"])

    def set_id(self) -> None:
        write_file(self.root, "/etc/machine-id", self.raw_id + "\n")

    def remove_id(self) -> None:
        write_file(self.root, "/etc/machine-id", "uninitialized\n")

    def set_enrolment_token(self, secret: str) -> None:
        """Copy the enrolment token to the server, as an operator does."""
        self.secret.write_text(secret + "\n", "ascii")
        self.secret.chmod(0o600)

    def age(self, seconds: float) -> None:
        """Make the token older by so many seconds."""
        kept = self.kept
        kept["since"] -= seconds
        kept["until"] -= seconds
        self.token_file.write_text(json.dumps(kept), "utf-8")

    def waiting(self) -> list[bytes]:
        spool = Spool(str(self.state))
        return [spool.read(name) for name in spool.names()]

    def command(self, url: str, *options: str) -> list[str]:
        command = ["--api", url, "--rootfs", str(self.root), "--spool", str(self.state)]
        if self.secret.exists():
            command += ["--enrolment-token-file", str(self.secret)]
        return [*command, *options]

    def report(
        self,
        url: str,
        *options: str,
        program: tuple[str, ...] = (sys.executable, "-W", "error", "-m", "agent"),
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the agent once, and check that it reveals no secret."""
        done = subprocess.run(
            [*program, *self.command(url, *options)],
            cwd=PROJECT,
            env={**os.environ, **(environ or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        secrets = [self.token] if self.token_file.exists() and self.token_file.is_file() else []
        if self.secret.exists():
            secrets.append(self.secret.read_text("ascii").strip())
            assert not self.holds(secrets[-1])
        for secret in secrets:
            assert secret not in done.stdout + done.stderr
        return done

    def holds(self, secret: str) -> bool:
        """Whether a file of the state folder contains it."""
        files = [file for file in self.state.rglob("*") if file.is_file()]
        return any(secret.encode() in file.read_bytes() for file in files)


def stored(service: LiveService, server: Server) -> int:
    """The number of reports of this machine in the database."""
    query = (
        "SELECT count(*) FROM report JOIN server ON server.id = report.server_id WHERE identity = ?"
    )
    ((found,),) = service.rows(query, (f"id:{server.id_maquina}",))
    return int(found)


def tokens_of(service: LiveService, server: Server) -> list[tuple[int, bool]]:
    """The number of each token of this machine, and whether it is revoked."""
    query = "SELECT id, revoked_at IS NOT NULL FROM token WHERE server = ? ORDER BY id"
    rows = service.rows(query, (f"id:{server.id_maquina}",))
    return [(number, bool(revoked)) for number, revoked in rows]


def revoke(service: LiveService, server: Server) -> None:
    number, _ = tokens_of(service, server)[-1]
    assert token(service.data, "revoke", str(number)).returncode == 0


def issued(
    token: str = "ccsi_own", *, age: float = 0, life: float | None = 30 * DAY
) -> IssuedToken:
    since = time.time() - age
    return IssuedToken(token, ID, since, None if life is None else since + life)


def store(folder: Path, token: IssuedToken) -> TokenFile:
    file = TokenFile(str(folder))
    with file.exclusive_write() as write:
        write(token)
    return file


def granted(token: str) -> Reply:
    return Reply(201, {}, json.dumps({"token": token, "vence": None}).encode())


def a_delivery(url: str, folder: Path, **credentials: str) -> Delivery:
    """A delivery with one waiting report."""
    given = Credentials(**credentials)
    enrolment = Enrolment(TokenFile(str(folder)), given, lambda: Identity(ID, "host"))
    delivery = Delivery(ApiClient(url, given), Spool(str(folder)), 2, enrolment)
    document: Any = {"id_maquina": ID}
    delivery.take(document, "a report")
    return delivery


def authorizations(
    requests: list[tuple[str, dict[str, str], bytes]],
) -> list[tuple[str, str | None]]:
    return [(path, headers.get("Authorization")) for path, headers, _ in requests]
