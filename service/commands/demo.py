"""Shows the product on this machine: the API, and the real agent that reports to it."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import urllib3

from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import InsecureBindError, StorageUnavailableError
from service.maintenance.startup import prepare, require_free_port
from service.project import PROJECT_FOLDER
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import TokenStore

_REPORT_EVERY_SECONDS = 5
_START_SECONDS = 30
_STOP_SECONDS = 10


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


def run(config: Config, _options: argparse.Namespace) -> int:
    prepare(config)
    with contextlib.closing(open_database(config.database)) as database:
        tokens = TokenStore(database, load_queries(), AuditLog(config.audit_log))
        auth_disabled = tokens.auth_disabled()
    if not auth_disabled:
        raise InsecureBindError(
            f"{config.data} has tokens, and the demo uses none: give it a folder of its own, such"
            " as COMPLIANCE_DATA=var/demo"
        )
    require_free_port(config.host, config.port)
    log = config.data / "demo.log"
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have SIGINT ignored
        signal.signal(number, _as_interrupt)
    with contextlib.ExitStack() as running, contextlib.suppress(KeyboardInterrupt):
        running.callback(print, "\nStopped. The reports stay in", config.data)
        _run_until_interrupted(running, config, log)
    return 0


def _run_until_interrupted(running: contextlib.ExitStack, config: Config, log: Path) -> None:
    url = f"http://{config.bind.replace('0.0.0.0:', '127.0.0.1:', 1)}"
    print(f"Starting the API (its log, and the agent's: {log}) …", flush=True)
    # SIGQUIT: gunicorn would wait for browsers that keep their connections.
    api = running.enter_context(_child([sys.executable, "-m", "gunicorn"], log, signal.SIGQUIT))
    http = urllib3.PoolManager(retries=False, timeout=5)
    _wait_until_ready(http, url, api, log)
    print(f"The API answers at {url}; the database is {config.database}.")
    command = [sys.executable, "-m", "agent", "--api", url]
    command += ["--every", str(_REPORT_EVERY_SECONDS)]
    command += ["--spool", str(config.data.absolute() / "agent")]
    agent = running.enter_context(_child(command, log))
    print(f"The agent reports this machine every {_REPORT_EVERY_SECONDS} seconds.", flush=True)
    try:
        _tell_reports(http, url, config, {"API": api, "agent": agent}, log)
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
        raise


def _tell_reports(
    http: urllib3.PoolManager,
    url: str,
    config: Config,
    children: dict[str, subprocess.Popen[bytes]],
    log: Path,
) -> None:
    """Prints a line for each report that arrives, until a child ends or Ctrl-C."""
    shown = _newest_id(http, url)
    first = True
    while True:
        for name, child in children.items():
            if child.poll() is not None:
                raise StorageUnavailableError(f"the {name} ended:\n{_tail(log)}")
        newest = _newest_id(http, url)
        if newest != shown:
            shown = newest
            record = http.request("GET", f"{url}/servers/{newest}").json()
            print(
                f"  record {newest}: {record['ipaddress']} runs {record['nombre_so']}"
                f" {record['version_so']}, {len(record['procesos'])} processes,"
                f" {_logins(record)}",
                flush=True,
            )
            if first:
                print(_what_to_try(url, config, newest), flush=True)
                first = False
        time.sleep(0.5)


def _logins(record: Mapping[str, Any]) -> str:
    """The number of open logins. A server without a source of logins reports none either."""
    if record.get("fuente_usuarios") == "desconocida":
        return "open logins unknown"
    return f"{len(record['usuarios_activos'])} open logins"


def _what_to_try(url: str, config: Config, id_serv: int) -> str:
    query = (
        "SELECT username, count(*) FROM procesos"  # noqa: S608 — text for the reader to paste
        f" WHERE id_serv = {id_serv} GROUP BY username ORDER BY 2 DESC"
    )
    database = shlex.quote(str(config.database))
    hint = "" if shutil.which("sqlite3") else "   (Debian: apt install sqlite3)"
    return f"""
  Look at {url}/ in a browser, or try, in another terminal:
    curl {url}/servers
    curl {url}/servers/{id_serv}/procesos
    sqlite3 -box {database} "{query}"{hint}
  Ctrl-C here ends everything.
"""


def _newest_id(http: urllib3.PoolManager, url: str) -> int:
    """The greatest id_serv among the newest records of all servers; 0 where there is none."""
    ids = [0]
    following: str | None = "/servers?limit=1000"
    while following:
        page = http.request("GET", url + following).json()
        ids += [server["id_serv"] for server in page["servers"]]
        following = page["siguiente"]
    return max(ids)


@contextlib.contextmanager
def _child(
    command: list[str], log: Path, stop: signal.Signals = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a session of its own, so that Ctrl-C reaches it through `stop` alone."""
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 — our own programs
            command,
            cwd=PROJECT_FOLDER,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        child.send_signal(stop)
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _wait_until_ready(
    http: urllib3.PoolManager, url: str, api: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while api.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            if http.request("GET", f"{url}/readyz").status == 200:
                return
        time.sleep(0.1)
    raise StorageUnavailableError(f"the API did not start:\n{_tail(log)}")


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-15:])


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
