"""The service of release 0.1.0 in a temporary folder, on a clock that the script sets.

The clock is set_clock.c, compiled with cc and preloaded: the service reads the time from a file. So
each request arrives at the moment that the script names, and the archive gets a file a day.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

COMMIT = "4aedd3256014b066dc6dcb4e1aa25cab0ea6c451"  # tag v0.1.0
REPOSITORY = Path(__file__).resolve().parent.parent.parent.parent
CLOCK_SOURCE = Path(__file__).with_name("set_clock.c")
START_SECONDS = 30
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any  # what the JSON says, null where there is none


class Service:
    """Release 0.1.0: its HTTP interface, its commands, its process."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._code = folder / "code"
        self._log = folder / "service.log"
        self._time = folder / "time"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self._environ = {
            name: value for name, value in os.environ.items() if not name.startswith("COMPLIANCE_")
        } | {
            "COMPLIANCE_DATA": str(self.data),
            "COMPLIANCE_BIND": f"127.0.0.1:{self._port}",
            "LD_PRELOAD": str(folder / "set_clock.so"),
            "SET_CLOCK": str(self._time),
            "TZ": "UTC",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def check_out(self) -> None:
        self._code.mkdir(parents=True)
        archive = subprocess.run(
            ["git", "archive", COMMIT], cwd=REPOSITORY, capture_output=True, check=True
        )
        subprocess.run(["tar", "-x", "-C", str(self._code)], input=archive.stdout, check=True)
        library = self._environ["LD_PRELOAD"]
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, str(CLOCK_SOURCE)], check=True)

    def set_clock(self, moment: datetime) -> None:
        """The service's clock stands at this moment (UTC) until it is set again."""
        written = self._time.with_name("time.new")
        written.write_text(str((moment - EPOCH) // timedelta(microseconds=1)), encoding="ascii")
        written.replace(self._time)

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn"],
                cwd=self._code,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self.request("GET", "/readyz").status == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"0.1.0 did not start:\n{self._log.read_text(encoding='utf-8')}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
            self._process = None

    def kill(self) -> None:
        """Ends master and workers at once, without a word, as a power cut does."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)
        self._process = None

    def command(self, *arguments: str) -> str:
        """python -m service …: what it printed."""
        ended = subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            cwd=self._code,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise RuntimeError(f"{arguments}: {ended.stdout}{ended.stderr}")
        return ended.stdout

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as connection:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            content = response.read()
        is_json = "json" in (response.getheader("Content-Type") or "")
        return Answer(response.status, json.loads(content) if is_json else None)

    @contextmanager
    def locked_database(self) -> Iterator[None]:
        """Another program holds SQLite's write lock, as a careless administrator's client does."""
        with closing(sqlite3.connect(self.data / "compliance.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
