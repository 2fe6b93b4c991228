"""A real service for tests: gunicorn as the README starts it, on a free port of loopback."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from service.config import Config
from tests.support import engine

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
PATIENCE = 60  # seconds until a test says that something never happens; no limit to be met


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class LiveService:
    """gunicorn on a data folder. Start it again after stop() or kill(): the data stays."""

    wrapper: Sequence[str] = ()  # a command that runs the one that follows it

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.database = data / "compliance.db"
        self.archive = data / "archive"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The pid of the master, which is also the process group of all workers."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def _log_path(self) -> Path:
        return self.data.with_name(self.data.name + ".log")

    def start(self) -> Self:
        environ = {name: v for name, v in os.environ.items() if not name.startswith("COMPLIANCE_")}
        environ |= {
            "COMPLIANCE_DATA": str(self.data),
            "COMPLIANCE_BIND": f"127.0.0.1:{self.port}",
            # A test is a single source, and faster than a fleet.
            "COMPLIANCE_SOURCE_CHANGES": "1000000",
            # Most tests are not about rules. Those that are pass COMPLIANCE_EVALUATOR="auto".
            "COMPLIANCE_EVALUATOR": "off",
        }
        workers = int(self._settings.get("COMPLIANCE_WORKERS", Config().workers))
        with self._log_path.open("ab") as log:
            before = log.tell()
            self._process = subprocess.Popen(
                [*self.wrapper, sys.executable, "-m", "gunicorn"],
                cwd=PROJECT,
                env=environ | self._settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self.request("GET", "/readyz").status == 200:
                    break
            except OSError:
                time.sleep(0.05)
        while time.monotonic() < deadline and self._process.poll() is None:
            # The first worker may answer while the master still forks the others.
            started = self._log_path.read_bytes()[before:].count(b"Booting worker with pid")
            if started >= workers:
                return self
            time.sleep(0.02)
        raise AssertionError(f"the service did not start:\n{self.log}")

    def stop(self) -> None:
        """Ends the service as an operator would."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
            self._process.wait(timeout=40)
            self._process = None

    def kill(self) -> None:
        """Kills the master and all workers at once, as a power cut would."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)
        self._process = None

    def worker_pids(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in children.split()]

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 15,
    ) -> Answer:
        connection = self.connection(timeout)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def rows(self, sql: str, parameters: engine.Parameters = ()) -> engine.Rows:
        """Asks the database as a plain SQL client would."""
        return engine.rows(self.database, sql, parameters)

    def execute(self, sql: str, parameters: engine.Parameters = ()) -> None:
        """Changes the database behind the back of the service."""
        engine.execute(self.database, sql, parameters)

    def connection(self, timeout: float) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers=headers)

    def post(self, document: object, **headers: str) -> Answer:
        """Posts a report: a document, or the very bytes to send."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", "/servers", body, {"Content-Type": "application/json"} | named)


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Returns once the condition holds. Raises AssertionError if it does not within PATIENCE."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
